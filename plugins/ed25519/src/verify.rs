//! Which signatures hold: ZIP-215.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};

/// Whether a signature over a message holds under a key.
///
/// * The key A and the signature's first half R are encodings of points on the curve; they may be
///   non-canonical, and the points of small order.
/// * The second half s is canonical: below the order of the group.
/// * \[8\](\[s\]B − \[k\]A − R) is the identity, where k = SHA-512(R ‖ A ‖ M) over the encodings as
///   they came.
///
/// Source: ZIP-215, <https://zips.z.cash/zip-0215>. Unlike the checks that RFC 8032 leaves open, this
/// rule gives single and batch verification the same answer for every input.
pub(crate) fn holds(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    match (point(key), Equation::read(key, message, signature)) {
        (Some(a), Some(equation)) => equation.holds(&a),
        _ => false,
    }
}

/// What a signature says, but for the key's point.
pub(crate) struct Equation {
    pub(crate) r: EdwardsPoint,
    pub(crate) s: Scalar,
    pub(crate) k: Scalar,
}

impl Equation {
    /// None: the signature has a part that is none, and holds under no key.
    pub(crate) fn read(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Option<Self> {
        let (r_bytes, s_bytes) = halves(signature);
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s_bytes))?;
        let r = point(&r_bytes)?;
        let digest = Sha512::new()
            .chain_update(r_bytes)
            .chain_update(key)
            .chain_update(message)
            .finalize();
        let k = Scalar::from_bytes_mod_order_wide(&digest.into());
        Some(Self { r, s, k })
    }

    /// Whether it holds for the key's point.
    pub(crate) fn holds(&self, a: &EdwardsPoint) -> bool {
        let sum = EdwardsPoint::vartime_double_scalar_mul_basepoint(&self.k, &-a, &self.s);
        (sum - self.r).mul_by_cofactor().is_identity()
    }
}

/// The point that these bytes encode, canonically or not.
pub(crate) fn point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress()
}

fn halves(signature: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut r, mut s) = ([0; 32], [0; 32]);
    r.copy_from_slice(&signature[..32]);
    s.copy_from_slice(&signature[32..]);
    (r, s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{L, P, encoding, sign, signature, small_order_encodings};
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};

    #[test]
    fn all_points_of_small_order_are_accepted_in_all_their_encodings() {
        let encodings = small_order_encodings();
        let mut different = encodings.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 14);
        for bytes in &encodings {
            let point = point(bytes).expect("it is on the curve");
            assert!(point.is_small_order());
        }
        let canonical = |bytes: &&[u8; 32]| point(bytes).unwrap().compress().0 == **bytes;
        assert_eq!(encodings.iter().filter(canonical).count(), 8);
        for key in &encodings {
            for r in &encodings {
                for message in [&b"Zcash"[..], b"", b"another"] {
                    assert!(holds(key, message, &signature(*r, [0; 32])));
                }
            }
        }
    }

    #[test]
    fn keys_and_nonces_with_a_part_of_small_order_are_accepted() {
        let (a, r) = (Scalar::from(12_345_u64), Scalar::from(67_890_u64));
        for key_part in EIGHT_TORSION {
            for r_part in EIGHT_TORSION {
                let key = (ED25519_BASEPOINT_POINT * a + key_part).compress().0;
                let r_bytes = (ED25519_BASEPOINT_POINT * r + r_part).compress().0;
                let mut bytes = sign(a, r, &key, r_bytes, b"message");
                assert!(holds(&key, b"message", &bytes));
                assert!(!holds(&key, b"messagf", &bytes));
                bytes[32] ^= 1;
                assert!(!holds(&key, b"message", &bytes));
            }
        }
    }

    #[test]
    fn the_second_half_must_be_below_the_order() {
        let identity = EIGHT_TORSION[0].compress().0;
        assert!(holds(&identity, b"message", &signature(identity, [0; 32])));
        assert!(!holds(&identity, b"message", &signature(identity, L)));
        let mut high = [0; 32];
        high[31] = 0x80;
        assert!(!holds(&identity, b"message", &signature(identity, high)));
        // A true signature with s + L is the same equation, and yet refused.
        let (a, r) = (Scalar::from(3_u64), Scalar::from(5_u64));
        let key = (ED25519_BASEPOINT_POINT * a).compress().0;
        let r_bytes = (ED25519_BASEPOINT_POINT * r).compress().0;
        let bytes = sign(a, r, &key, r_bytes, b"message");
        let (_, mut s) = halves(&bytes);
        let mut carry = 0;
        for (byte, order) in s.iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert!(holds(&key, b"message", &bytes));
        assert!(!holds(&key, b"message", &signature(r_bytes, s)));
    }

    #[test]
    fn the_hash_is_over_the_encodings_as_they_came() {
        // Two encodings of one key are two keys: k differs, unless the key has small order.
        let (a, r) = (Scalar::ZERO, Scalar::from(5_u64));
        let r_bytes = (ED25519_BASEPOINT_POINT * r).compress().0;
        let one = EIGHT_TORSION[0].compress().0;
        let other = encoding(P, 1, 0);
        assert_eq!(point(&one), point(&other));
        for key in [one, other] {
            assert!(holds(&key, b"m", &sign(a, r, &key, r_bytes, b"m")));
        }
    }

    #[test]
    fn what_is_not_on_the_curve_is_refused() {
        let identity = EIGHT_TORSION[0].compress().0;
        let mut none = [0; 32];
        none[0] = 2;
        assert!(point(&none).is_none());
        assert!(!holds(&none, b"m", &signature(identity, [0; 32])));
        assert!(!holds(&identity, b"m", &signature(none, [0; 32])));
    }

    #[test]
    fn a_signature_of_rfc_8032_over_bytes_that_are_no_text_holds() {
        // Section 7.1, test 3.
        let key =
            crate::hex::decode("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
        let signature = crate::hex::decode(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        );
        assert!(holds(&key.unwrap(), &[0xaf, 0x82], &signature.unwrap()));
    }
}
