//! Signer: a signature is a hash that anybody can make; for trying things out, and nothing else.

use plugcoin_sdk::hooks::{KeyPair, Signer};
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, ErrorKind};

/// The scheme in which a signature is the hash of public key and text: it protects nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Signer for MyRule {
    fn scheme(&self) -> &str {
        "my-rule"
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        Ok(signature == Hash::of_parts(&[key, "\n", text]).to_string())
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let secret = Hash::from_bytes(*seed).to_string();
        let public = self.public_key(&secret)?;
        Ok(KeyPair { public, secret })
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        let secret: Hash = secret.parse().map_err(|_| {
            Error::new(
                ErrorKind::Configuration,
                "this is no secret key of my-rule, which has 64 lower-case hex digits",
            )
        })?;
        Ok(Hash::of(&secret.to_string()).to_string())
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        Ok(Hash::of_parts(&[&self.public_key(secret)?, "\n", text]).to_string())
    }
}

plugcoin_sdk::register!(Signer, "my-rule", |_| Ok(MyRule));
