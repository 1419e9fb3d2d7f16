//! Signer: costs nothing and protects nothing; a double for tests and simulations.

use plugcoin_sdk::hooks::{KeyPair, Signer};
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, ErrorKind};

/// The scheme in which a signature is the hash of public key and text: anybody can make it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

fn signature(public: &str, text: &str) -> String {
    Hash::of_parts(&[public, "\n", text]).to_string()
}

impl Signer for NoSecrets {
    fn scheme(&self) -> &str {
        "no-secrets"
    }

    fn verify(&self, key: &str, text: &str, given: &str) -> Result<bool, Error> {
        Ok(given == signature(key, text))
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let secret = Hash::from_bytes(*seed).to_string();
        let public = self.public_key(&secret)?;
        Ok(KeyPair { public, secret })
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        let seed: Hash = secret.parse().map_err(|_| {
            Error::new(
                ErrorKind::Configuration,
                "a secret key of no-secrets is 64 lower-case hex digits, and this is something else",
            )
        })?;
        Ok(Hash::of(&seed.to_string()).to_string())
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        Ok(signature(&self.public_key(secret)?, text))
    }
}

plugcoin_sdk::register!(Signer, "no-secrets", |_| Ok(NoSecrets));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::suite;

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::signer::check(&NoSecrets);
    }

    #[test]
    fn whoever_knows_the_public_key_can_sign() {
        let alice = NoSecrets.generate(&[1; 32]).unwrap();
        let forged = signature(&alice.public, "alice pays mallory");
        let holds = NoSecrets.verify(&alice.public, "alice pays mallory", &forged);
        assert!(holds.unwrap());
    }
}
