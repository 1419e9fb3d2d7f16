//! Signing: ECDSA with the nonces of RFC 6979, on the curve's arithmetic.
//!
//! The curve's crate verifies and, for want of strength, does not sign; a network of this scheme
//! needs both.

use ecdsa::hazmat::sign_prehashed;
use p192_curve::elliptic_curve::bigint::{Encoding as _, U192, U256};
use p192_curve::elliptic_curve::ff::PrimeField as _;
use p192_curve::elliptic_curve::{Curve as _, SecretKey};
use p192_curve::{FieldBytes, NistP192, Scalar, ecdsa::Signature};
use rfc6979::HmacDrbg;
use sha1::Sha1;
use zeroize::Zeroizing;

/// A secret key from 32 random bytes: c mod (n − 1) + 1.
///
/// Source: FIPS 186-5, A.2.1; its 64 bits beyond the order's length leave no bias that matters.
pub(crate) fn secret_of(seed: &[u8; 32]) -> [u8; 24] {
    let below_order: U256 = NistP192::ORDER.wrapping_sub(&U192::ONE).resize();
    let (rest, _) = U256::from_be_bytes(*seed).const_rem(&below_order);
    let rest: U192 = rest.resize();
    rest.wrapping_add(&U192::ONE).to_be_bytes()
}

/// Signs a hash.
///
/// Source: RFC 6979, 3.2: candidates for the nonce until one is below the order and gives a signature.
pub(crate) fn sign(secret: &SecretKey<NistP192>, hash: &FieldBytes) -> Signature {
    let scalar = Zeroizing::new(*secret.to_nonzero_scalar());
    let bytes = Zeroizing::new(secret.to_bytes());
    let mut candidates = HmacDrbg::<Sha1>::new(&bytes, hash, &[]);
    loop {
        let mut nonce = Zeroizing::new(FieldBytes::default());
        candidates.fill_bytes(&mut nonce);
        let nonce: Option<Scalar> = Scalar::from_repr(*nonce).into();
        let signed = nonce.map(|nonce| sign_prehashed::<NistP192, Scalar>(&scalar, nonce, hash));
        if let Some(Ok((signature, _))) = signed {
            return signature;
        }
    }
}
