//! Signatures of any kind, verified one by one and as a batch: both say the same.

use arbitrary::{Result, Unstructured};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519::Ed25519;
use plugcoin_sdk::hooks::{Signed, Signer as _};
use sha2::{Digest as _, Sha512};

/// How many signatures there are at most.
const SIGNATURES_MAX: usize = 12;

/// Encodings with a y of p and more, which other libraries refuse; the sign's bit is set by chance.
const NOT_CANONICAL: [u8; 19] = [
    0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc,
    0xfd, 0xfe, 0xff,
];

struct One {
    key: String,
    text: String,
    signature: String,
    /// Whether it holds, where that is known.
    holds: Option<bool>,
}

/// * A batch says of each signature what is said of it alone.
/// * One made by the book holds, also with parts of small order in its key and its nonce.
pub(crate) fn hold(bytes: &[u8]) {
    let Ok(all) = signatures(&mut Unstructured::new(bytes)) else {
        return;
    };
    let signed: Vec<Signed<'_>> = all
        .iter()
        .map(|one| Signed {
            key: &one.key,
            text: &one.text,
            signature: &one.signature,
        })
        .collect();
    let batch = Ed25519.verify_batch(&signed).unwrap();
    assert_eq!(batch.len(), all.len());
    for (one, in_batch) in all.iter().zip(batch) {
        let alone = Ed25519.verify(&one.key, &one.text, &one.signature).unwrap();
        let (key, text, signature) = (&one.key, &one.text, &one.signature);
        assert_eq!(in_batch, alone, "{key} {text:?} {signature}");
        assert_eq!(
            one.holds.unwrap_or(alone),
            alone,
            "{key} {text:?} {signature}"
        );
    }
}

fn signatures(from: &mut Unstructured<'_>) -> Result<Vec<One>> {
    let mut all: Vec<One> = Vec::new();
    while !from.is_empty() && all.len() < SIGNATURES_MAX {
        let made = made(from)?;
        all.push(match (from.int_in_range(0..=5)?, all.last()) {
            (0, _) => spoiled(made, from)?,
            // The same key or nonce twice, and what was signed for another.
            (1, Some(last)) => One {
                signature: last.signature.clone(),
                holds: None,
                ..made
            },
            (2, Some(last)) => One {
                key: last.key.clone(),
                holds: None,
                ..made
            },
            (3, _) => of_any_bytes(from)?,
            _ => made,
        });
    }
    Ok(all)
}

/// A signature with s·B = R + k·A but for parts of small order, which ZIP-215 takes.
fn made(from: &mut Unstructured<'_>) -> Result<One> {
    let text = from.arbitrary::<&str>()?.to_owned();
    let scalar = |from: &mut Unstructured<'_>| -> Result<Scalar> {
        Ok(Scalar::from(u64::from(from.arbitrary::<u16>()?)))
    };
    let small = |from: &mut Unstructured<'_>| -> Result<EdwardsPoint> {
        Ok(EIGHT_TORSION[from.int_in_range(0..=7)?])
    };
    let (secret, nonce) = (scalar(from)?, scalar(from)?);
    let key = encoded(&(ED25519_BASEPOINT_POINT * secret + small(from)?));
    let r = encoded(&(ED25519_BASEPOINT_POINT * nonce + small(from)?));
    let digest = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(&text)
        .finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());
    let s = (nonce + k * secret).to_bytes();
    Ok(One {
        key: hex(&key),
        text,
        signature: hex(&r) + &hex(&s),
        holds: Some(true),
    })
}

/// With one digit changed, or in another spelling.
fn spoiled(one: One, from: &mut Unstructured<'_>) -> Result<One> {
    let mut signature = one.signature.into_bytes();
    match from.int_in_range(0..=2)? {
        0 => {
            let at = from.choose_index(signature.len())?;
            signature[at] = *from.choose(b"0123456789abcdefABCDEFg")?;
        }
        1 => signature.truncate(from.int_in_range(0..=128)?),
        _ => signature.make_ascii_uppercase(),
    }
    Ok(One {
        signature: String::from_utf8(signature).expect("ASCII"),
        holds: None,
        ..one
    })
}

fn of_any_bytes(from: &mut Unstructured<'_>) -> Result<One> {
    let point = |from: &mut Unstructured<'_>| -> Result<[u8; 32]> {
        let mut bytes = [0xff; 32];
        if from.ratio(1, 2)? {
            bytes[0] = *from.choose(&NOT_CANONICAL)?;
            bytes[31] = if from.arbitrary()? { 0x7f } else { 0xff };
        } else {
            from.fill_buffer(&mut bytes)?;
        }
        Ok(bytes)
    };
    let (key, r, mut s) = (point(from)?, point(from)?, [0; 32]);
    from.fill_buffer(&mut s[..8])?;
    Ok(One {
        key: hex(&key),
        text: from.arbitrary::<&str>()?.to_owned(),
        signature: hex(&r) + &hex(&s),
        holds: None,
    })
}

fn encoded(point: &EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
