//! `consensus.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Nothing, Remote, read};
use crate::hooks::{Consensus, NonceLength, Seal, SealVerdict, Slice};
use crate::ledger::{Draft, Header, Seed, Target, Transaction, Work, serde_texts};
use crate::{Error, ErrorKind};

#[derive(Serialize, Deserialize)]
struct SealOf<'a> {
    seed: Cow<'a, Seed>,
    #[serde(with = "serde_texts::transactions")]
    transactions: Cow<'a, [Transaction]>,
    parent: Cow<'a, Header>,
    target: Target,
    slice: Slice,
}

#[derive(Serialize, Deserialize)]
struct CheckSeal<'a> {
    header: Cow<'a, Header>,
    parent: Option<Cow<'a, Header>>,
    target: Target,
}

#[derive(Serialize, Deserialize)]
struct WorkOf {
    target: Target,
}

pub(super) fn answer(
    hook: &dyn Consensus,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "seal" => {
            let asked: SealOf<'_> = read(input)?;
            let draft = Draft::new(asked.seed.into_owned(), asked.transactions.into_owned());
            let draft = draft.map_err(|invalid| {
                Error::new(ErrorKind::Plugin, "the draft is none").because(invalid.to_string())
            })?;
            to.send(&hook.seal(&draft, &asked.parent, &asked.target, asked.slice)?)
        }
        "check_seal" => {
            let asked: CheckSeal<'_> = read(input)?;
            let verdict = hook.check_seal(&asked.header, asked.parent.as_deref(), &asked.target);
            to.send(&verdict?)
        }
        "work" => to.send(&hook.work(&read::<WorkOf>(input)?.target)?),
        "nonce_length" => to.send(&hook.nonce_length()),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Result<Arc<dyn Consensus>, Error> {
    let nonce_length = remote.ask_if_there("consensus.nonce_length", &Nothing {})?;
    let required = Required(remote);
    let nonce_length = nonce_length.unwrap_or(required.nonce_length());
    Ok(Arc::new(There {
        required,
        nonce_length,
    }))
}

/// What every plugin answers; the rest as it is by default.
struct Required(Remote);

impl Consensus for Required {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        let asked = SealOf {
            seed: Cow::Borrowed(draft.seed()),
            transactions: draft.transactions().into(),
            parent: Cow::Borrowed(parent),
            target: *target,
            slice,
        };
        self.0.ask("consensus.seal", &asked)
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        let asked = CheckSeal {
            header: Cow::Borrowed(header),
            parent: parent.map(Cow::Borrowed),
            target: *target,
        };
        self.0.ask("consensus.check_seal", &asked)
    }
}

struct There {
    required: Required,
    nonce_length: NonceLength,
}

impl Consensus for There {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        self.required.seal(draft, parent, target, slice)
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        self.required.check_seal(header, parent, target)
    }

    fn work(&self, target: &Target) -> Result<Work, Error> {
        let asked = WorkOf { target: *target };
        match self.required.0.ask_if_there("consensus.work", &asked)? {
            Some(work) => Ok(work),
            None => self.required.work(target),
        }
    }

    fn nonce_length(&self) -> NonceLength {
        self.nonce_length
    }
}
