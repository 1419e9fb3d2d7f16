//! [`PlainSigner`] and [`LaxSigner`]: schemes that cost nothing and protect nothing.

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

/// [`PlainSigner`], but that a signature may be written in capitals too: one payment, many spellings.
#[derive(Clone, Copy, Debug, Default)]
pub struct LaxSigner;

impl Signer for LaxSigner {
    fn scheme(&self) -> &str {
        "lax"
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        PlainSigner.verify(key, text, &signature.to_ascii_lowercase())
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        PlainSigner.generate(seed)
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        PlainSigner.public_key(secret)
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        PlainSigner.sign(secret, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lax_signature_holds_in_both_spellings() {
        let pair = LaxSigner.generate(&[7; 32]).unwrap();
        let signature = LaxSigner.sign(&pair.secret, "text").unwrap();
        for spelling in [signature.clone(), signature.to_ascii_uppercase()] {
            assert!(LaxSigner.verify(&pair.public, "text", &spelling).unwrap());
            assert!(!LaxSigner.verify(&pair.public, "other", &spelling).unwrap());
        }
    }
}
