//! Signer: Ed25519, with the acceptance rules of ZIP-215.

mod batch;
#[cfg(test)]
mod cases;
mod hex;
mod verify;

use ed25519_dalek::{Signer as _, SigningKey};
use plugcoin_sdk::hooks::{KeyPair, Signed, Signer};
use plugcoin_sdk::{Error, ErrorKind};
use zeroize::Zeroizing;

/// The scheme Ed25519 over the UTF-8 bytes of a text.
///
/// * Keys are 64 and signatures 128 lower-case hex digits; a secret key is the 32-byte seed of
///   RFC 8032 as 64 hex digits.
/// * Exactly those signatures are accepted that ZIP-215 accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ed25519;

impl Signer for Ed25519 {
    fn scheme(&self) -> &str {
        "ed25519"
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        let (Some(key), Some(signature)) = (hex::decode(key), hex::decode(signature)) else {
            return Ok(false);
        };
        Ok(verify::holds(&key, text.as_bytes(), &signature))
    }

    fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        Ok(batch::hold(signed))
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let pair = SigningKey::from_bytes(seed);
        Ok(KeyPair {
            public: hex::encode(pair.verifying_key().as_bytes()),
            secret: hex::encode(seed),
        })
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        Ok(hex::encode(signing_key(secret)?.verifying_key().as_bytes()))
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        let signature = signing_key(secret)?.sign(text.as_bytes());
        Ok(hex::encode(&signature.to_bytes()))
    }
}

/// The pair of a secret key; wiped from memory when it goes out of scope.
fn signing_key(secret: &str) -> Result<SigningKey, Error> {
    // The message must not repeat what may be a secret with a slip in it.
    let seed = hex::decode(secret).map(Zeroizing::new).ok_or_else(|| {
        Error::new(
            ErrorKind::Configuration,
            "an Ed25519 secret key is 64 lower-case hex digits, and this is something else",
        )
    })?;
    Ok(SigningKey::from_bytes(&seed))
}

plugcoin_sdk::register!(Signer, "ed25519", |_| Ok(Ed25519));

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 1 and test 2: secret key, public key, message, signature.
    const RFC_8032: [[&str; 4]; 2] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "r",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
    ];

    #[test]
    fn the_vectors_of_rfc_8032_come_out() {
        for [secret, key, text, signature] in RFC_8032 {
            assert_eq!(Ed25519.public_key(secret).unwrap(), key);
            assert_eq!(Ed25519.sign(secret, text).unwrap(), signature);
            assert!(Ed25519.verify(key, text, signature).unwrap());
            assert!(!Ed25519.verify(key, "another", signature).unwrap());
        }
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_is_a_key_or_a_signature() {
        let [_, key, text, signature] = RFC_8032[1];
        let holds = |key: &str, signature: &str| Ed25519.verify(key, text, signature).unwrap();
        assert!(holds(key, signature));
        assert!(!holds(&key.to_uppercase(), signature));
        assert!(!holds(key, &signature.to_uppercase()));
        assert!(!holds(&format!("0x{key}"), signature));
        assert!(!holds(&format!("0x{}", &key[2..]), signature));
        assert!(!holds(key, &format!("0x{signature}")));
        assert!(!holds(&key[2..], signature));
        assert!(!holds(key, &signature[2..]));
    }

    #[test]
    fn a_secret_key_is_not_repeated_in_an_error() {
        let slip = format!("{}x", &RFC_8032[0][0][..63]);
        for secret in ["", "9d61", &slip, &RFC_8032[0][0].to_uppercase()] {
            let error = Ed25519.sign(secret, "text").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(secret.is_empty() || !error.to_string().contains(secret));
        }
    }
}
