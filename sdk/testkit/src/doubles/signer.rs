//! [`PlainSigner`]: a scheme that costs nothing and protects nothing.

use plugcoin_sdk::hooks::{KeyPair, Signer};
use plugcoin_sdk::ledger::{FIELD_CHARACTERS_MAX, Hash, check_field};
use plugcoin_sdk::{Error, ErrorKind};

/// A scheme for fast tests: the signature is a hash of key and text.
///
/// * Any field of a transaction is a public key; the secret key is the same text backwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainSigner;

impl PlainSigner {
    fn signature(key: &str, text: &str) -> String {
        Hash::of_parts(&[key, "\n", text]).to_string()
    }
}

impl Signer for PlainSigner {
    fn scheme(&self) -> &str {
        "plain"
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        Ok(signature == Self::signature(key, text))
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let public = Hash::of(&Hash::from_bytes(*seed).to_string()).to_string();
        let secret = public.chars().rev().collect();
        Ok(KeyPair { public, secret })
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        check_field("secret", secret, FIELD_CHARACTERS_MAX).map_err(|invalid| {
            Error::new(ErrorKind::Configuration, "this is no secret key")
                .because(invalid.to_string())
        })?;
        Ok(secret.chars().rev().collect())
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        Ok(Self::signature(&self.public_key(secret)?, text))
    }
}
