//! Signer: ECDSA on the curve P-192 with SHA-1, for legacy networks.

mod hex;
mod sign;

use ecdsa::signature::hazmat::PrehashVerifier as _;
use p192_curve::ecdsa::{Signature, VerifyingKey};
use p192_curve::elliptic_curve::SecretKey;
use p192_curve::{EncodedPoint, FieldBytes, NistP192};
use plugcoin_sdk::hooks::{KeyPair, Signer};
use plugcoin_sdk::{Error, ErrorKind};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

/// The scheme ECDSA on NIST P-192 over the SHA-1 of a text.
///
/// * A key is the point's `x||y` and a signature `r||s`, each as 96 lower-case hex digits; a secret
///   key is a number from 1 to n − 1 as 48 of them.
/// * With `r||s` the twin `r||n−s` holds too, as the scheme has it. A transaction's id leaves the
///   signature out, so that both are one payment.
/// * Signing takes no chance: nonces are those of RFC 6979.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct P192;

impl Signer for P192 {
    fn scheme(&self) -> &str {
        "p192"
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        let (Some(key), Some(signature)) = (point(key), hex::decode::<48>(signature)) else {
            return Ok(false);
        };
        let Ok(signature) = Signature::from_slice(&signature) else {
            return Ok(false);
        };
        Ok(key.verify_prehash(&hash(text), &signature).is_ok())
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let secret = const_hex::encode(Zeroizing::new(sign::secret_of(seed)).as_slice());
        let public = self.public_key(&secret)?;
        Ok(KeyPair { public, secret })
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        let key = VerifyingKey::from(secret_key(secret)?.public_key());
        let point = key.to_encoded_point(false);
        // The first byte says that both coordinates follow, as they always do here.
        Ok(const_hex::encode(&point.as_bytes()[1..]))
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        let signature = sign::sign(&secret_key(secret)?, &hash(text));
        Ok(const_hex::encode(signature.to_bytes()))
    }
}

/// The text's SHA-1 as a number of the curve's length: 20 bytes after four zeros.
fn hash(text: &str) -> FieldBytes {
    let mut bytes = FieldBytes::default();
    bytes[4..].copy_from_slice(&Sha1::digest(text));
    bytes
}

/// The public key of this text; none if it is no point of the curve.
fn point(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 48] = hex::decode(text)?;
    VerifyingKey::from_encoded_point(&EncodedPoint::from_untagged_bytes(&bytes.into())).ok()
}

/// The secret key of this text; wiped from memory when it goes out of scope.
fn secret_key(text: &str) -> Result<SecretKey<NistP192>, Error> {
    let bytes = hex::decode::<24>(text).map(|bytes| Zeroizing::new(FieldBytes::from(bytes)));
    let key = bytes.and_then(|bytes| SecretKey::from_bytes(&bytes).ok());
    // The message must not repeat what may be a secret with a slip in it.
    key.ok_or_else(|| {
        Error::new(
            ErrorKind::Configuration,
            "a P-192 secret key is 48 lower-case hex digits, a number from 1 to the curve's order \
             less 1, and this is something else",
        )
    })
}

plugcoin_sdk::register!(Signer, "p192", |_| Ok(P192));

#[cfg(test)]
mod tests {
    use super::*;
    use p192_curve::elliptic_curve::Curve as _;
    use p192_curve::elliptic_curve::bigint::{Encoding as _, U192, Wrapping};

    /// RFC 6979, A.2.3: the pair of keys, and the signatures of two texts by SHA-1.
    const SECRET: &str = "6fab034934e4c0fc9ae67f5b5659a9d7d1fefd187ee09fd4";
    const KEY: &str = "ac2c77f529f91689fea0ea5efec7f210d8eea0b9e047ed56\
                       3bc723e57670bd4887ebc732c523063d0a7c957bc97c1c43";
    const SIGNED: [[&str; 2]; 2] = [
        [
            "sample",
            "98c6bd12b23eaf5e2a2045132086be3eb8ebd62abf6698ff\
             57a22b07dea9530f8de9471b1dc6624472e8e2844bc25b64",
        ],
        [
            "test",
            "0f2141a0ebbc44d2e1af90a50ebcfce5e197b3b7d4de036d\
             eb18bc9e1f3d7387500cb99cf5f7c157070a8961e38700b7",
        ],
    ];

    fn holds(key: &str, text: &str, signature: &str) -> bool {
        P192.verify(key, text, signature).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_6979_come_out() {
        assert_eq!(P192.public_key(SECRET).unwrap(), KEY);
        for [text, signature] in SIGNED {
            assert_eq!(P192.sign(SECRET, text).unwrap(), signature);
            assert!(holds(KEY, text, signature));
            assert!(!holds(KEY, "another", signature));
        }
    }

    #[test]
    fn a_signature_and_its_twin_hold_and_nothing_at_the_borders_does() {
        let [text, signature] = SIGNED[0];
        let (r, s) = signature.split_at(48);
        let number = |text: &str| Wrapping(U192::from_be_hex(text));
        let text_of = |number: Wrapping<U192>| const_hex::encode(number.0.to_be_bytes());
        let order = Wrapping(NistP192::ORDER);
        let of = |r: &str, s: &str| holds(KEY, text, &format!("{r}{s}"));
        assert!(of(r, &text_of(order - number(s))));
        // What exceeds the order has another text for the same number: it must not be read as that.
        let small = text_of(Wrapping(U192::ZERO));
        for border in [small, text_of(order), "f".repeat(48)] {
            assert!(!of(&border, s) && !of(r, &border) && !of(&border, &border));
        }
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_is_a_key_or_a_signature() {
        let [text, signature] = SIGNED[0];
        assert!(!holds(&KEY.to_uppercase(), text, signature));
        assert!(!holds(KEY, text, &signature.to_uppercase()));
        assert!(!holds(&format!("04{KEY}"), text, signature));
        assert!(!holds(&format!("0x{}", &KEY[2..]), text, signature));
        assert!(!holds(KEY, text, &format!("0x{}", &signature[2..])));
        assert!(!holds(&KEY[2..], text, signature));
        assert!(!holds(KEY, text, &signature[2..]));
    }

    #[test]
    fn a_seed_becomes_a_number_from_1_to_the_order_less_1() {
        let order = const_hex::encode(NistP192::ORDER.to_be_bytes());
        let secret = |number: &str| {
            let seed = format!("{number:0>64}");
            P192.generate(&hex::decode(&seed).unwrap())
                .unwrap()
                .secret
                .clone()
        };
        assert_eq!(secret("0"), format!("{:0>48}", 1));
        assert_eq!(secret("ff"), format!("{:0>48}", "100"));
        // n − 2 is the last before it begins again, at n − 1.
        let last = format!("{}2f", &order[..46]);
        assert_eq!(secret(&last), format!("{}30", &order[..46]));
        assert_eq!(
            secret(&format!("{}30", &order[..46])),
            format!("{:0>48}", 1)
        );
    }

    #[test]
    fn a_secret_key_is_not_repeated_in_an_error() {
        let order = const_hex::encode(NistP192::ORDER.to_be_bytes());
        let slip = format!("{}x", &SECRET[..47]);
        for secret in [
            "6fab",
            &slip,
            &SECRET.to_uppercase(),
            &"0".repeat(48),
            &order,
        ] {
            let error = P192.sign(secret, "text").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!error.to_string().contains(secret));
        }
    }
}
