//! [`Signer`]: the signature scheme.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::{Error, ErrorKind};

/// Decides which signatures hold, and makes them where it can.
///
/// * [`verify_batch`](Self::verify_batch) says of each what [`verify`](Self::verify) says of it alone.
/// * A signature that [`sign`](Self::sign) made is accepted under the pair's public key.
/// * Keys and signatures are texts of the ledger's alphabet, of 1 to 200 characters.
/// * A scheme that only verifies leaves the last three methods as they are: rewards then go to a
///   key that the user names, and the node pays nobody.
pub trait Signer: Send + Sync {
    /// The scheme's name, as the wallet file has it; a constant.
    fn scheme(&self) -> &str;

    /// Whether the signature over the text holds under the key.
    ///
    /// * Anything at all may be given; what is no key or no signature does not hold.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error>;

    /// The same for many at once, in their order.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        signed
            .iter()
            .map(|item| self.verify(item.key, item.text, item.signature))
            .collect()
    }

    /// Makes a pair of keys from 32 random bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the scheme only verifies.
    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let _ = seed;
        Err(self.only_verifies())
    }

    /// The public key of a secret one.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the scheme only verifies; [`ErrorKind::Configuration`] if this
    /// is no secret key.
    fn public_key(&self, secret: &str) -> Result<String, Error> {
        let _ = secret;
        Err(self.only_verifies())
    }

    /// Signs a text.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the scheme only verifies; [`ErrorKind::Configuration`] if this
    /// is no secret key.
    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        let _ = (secret, text);
        Err(self.only_verifies())
    }

    /// The error of a scheme that can't sign.
    #[doc(hidden)]
    fn only_verifies(&self) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!("the scheme {} only verifies", self.scheme()),
        )
    }
}

/// A signed text with the key that should have signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The public key.
    pub key: &'a str,
    /// What was signed.
    pub text: &'a str,
    /// The signature.
    pub signature: &'a str,
}

/// A pair of keys as texts.
///
/// * The secret key is wiped from memory when the pair is dropped, and never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPair {
    /// The public key; a payee's name.
    pub public: String,
    /// The secret key; for nobody's eyes.
    pub secret: String,
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_keys_does_not_show_its_secret() {
        let pair = KeyPair {
            public: "alice".to_owned(),
            secret: "hers alone".to_owned(),
        };
        for shown in [format!("{pair:?}"), format!("{pair:#?}")] {
            assert!(
                shown.contains("alice") && !shown.contains("hers"),
                "{shown}"
            );
        }
    }
}
