//! `signer.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Nothing, Remote, read};
use crate::hooks::{KeyPair, Signed, Signer};
use crate::ledger::Hash;
use crate::{Error, ErrorKind};

#[derive(Serialize, Deserialize)]
struct Verify<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(borrow)]
    signature: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct VerifyBatch<'a> {
    #[serde(borrow)]
    signed: Vec<Verify<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Generate {
    /// 32 bytes, written as a hash is.
    seed: Hash,
}

#[derive(Serialize, Deserialize)]
struct Secret<'a> {
    #[serde(borrow)]
    secret: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Sign<'a> {
    #[serde(borrow)]
    secret: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

impl<'a> Verify<'a> {
    fn of(key: &'a str, text: &'a str, signature: &'a str) -> Self {
        Self {
            key: key.into(),
            text: text.into(),
            signature: signature.into(),
        }
    }
}

pub(super) fn answer(
    hook: &dyn Signer,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "scheme" => to.send(hook.scheme()),
        "verify" => {
            let asked: Verify<'_> = read(input)?;
            to.send(&hook.verify(&asked.key, &asked.text, &asked.signature)?)
        }
        "verify_batch" => {
            let asked: VerifyBatch<'_> = read(input)?;
            let signed: Vec<Signed<'_>> = asked
                .signed
                .iter()
                .map(|one| Signed {
                    key: &one.key,
                    text: &one.text,
                    signature: &one.signature,
                })
                .collect();
            to.send(&hook.verify_batch(&signed)?)
        }
        "generate" => to.send_secret(&hook.generate(read::<Generate>(input)?.seed.as_bytes())?),
        "public_key" => to.send(&hook.public_key(&read::<Secret<'_>>(input)?.secret)?),
        "sign" => {
            let asked: Sign<'_> = read(input)?;
            to.send(&hook.sign(&asked.secret, &asked.text)?)
        }
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Result<Arc<dyn Signer>, Error> {
    let scheme: String = remote.ask("signer.scheme", &Nothing {})?;
    Ok(Arc::new(There { remote, scheme }))
}

struct There {
    remote: Remote,
    scheme: String,
}

impl There {
    /// What the scheme may leave undone, and what has to do with its secrets.
    fn ask<T: serde::de::DeserializeOwned>(
        &self,
        method: &str,
        input: &impl Serialize,
    ) -> Result<T, Error> {
        self.remote.ask_in_secret(method, input)?.ok_or_else(|| {
            let message = format!("the scheme {} only verifies", self.scheme);
            Error::new(ErrorKind::Unsupported, message)
        })
    }
}

impl Signer for There {
    fn scheme(&self) -> &str {
        &self.scheme
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        let asked = Verify::of(key, text, signature);
        self.remote.ask("signer.verify", &asked)
    }

    fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        let of = |one: &Signed<'_>| self.verify(one.key, one.text, one.signature);
        let asked = VerifyBatch {
            signed: signed
                .iter()
                .map(|one| Verify::of(one.key, one.text, one.signature))
                .collect(),
        };
        match self.remote.ask_if_there("signer.verify_batch", &asked)? {
            Some(hold) => Ok(hold),
            None => signed.iter().map(of).collect(),
        }
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let seed = Hash::from_bytes(*seed);
        self.ask("signer.generate", &Generate { seed })
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        let secret = secret.into();
        self.ask("signer.public_key", &Secret { secret })
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        let (secret, text) = (secret.into(), text.into());
        self.ask("signer.sign", &Sign { secret, text })
    }
}
