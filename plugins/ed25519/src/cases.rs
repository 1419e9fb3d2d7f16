//! Keys and signatures that are judged differently where a rule is not exact.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};

/// p = 2²⁵⁵ − 19, the least significant byte first.
pub(crate) const P: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    bytes
};

/// The order of the group, the least significant byte first.
pub(crate) const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// p + n without carry, with this sign bit.
pub(crate) fn encoding(mut bytes: [u8; 32], n: u8, sign: u8) -> [u8; 32] {
    bytes[0] += n;
    bytes[31] |= sign << 7;
    bytes
}

/// All 14 encodings of the 8 points of small order: 8 canonical ones, 6 others.
pub(crate) fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut all: Vec<[u8; 32]> = EIGHT_TORSION
        .iter()
        .map(|point| point.compress().to_bytes())
        .collect();
    let mut minus_one = P;
    minus_one[0] -= 1;
    let mut one = [0; 32];
    one[0] = 1;
    all.push(encoding(one, 0, 1));
    all.push(encoding(minus_one, 0, 1));
    for (n, sign) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        all.push(encoding(P, n, sign));
    }
    all
}

pub(crate) fn signature(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&r);
    bytes[32..].copy_from_slice(&s);
    bytes
}

/// A signature by the secret scalar a, with the nonce r and these encodings of A and R.
pub(crate) fn sign(
    a: Scalar,
    r: Scalar,
    key: &[u8; 32],
    r_bytes: [u8; 32],
    message: &[u8],
) -> [u8; 64] {
    let digest = Sha512::new()
        .chain_update(r_bytes)
        .chain_update(key)
        .chain_update(message)
        .finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());
    signature(r_bytes, (r + k * a).to_bytes())
}
