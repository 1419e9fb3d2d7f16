//! Many signatures at once: one equation for all, in place of one for each.

use std::collections::HashMap;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use plugcoin_sdk::hooks::Signed;
use sha2::{Digest, Sha512};

use crate::hex;
use crate::verify::{Equation, point};

/// How many signatures are one equation where a larger one did not hold: to find a bad one among
/// them then costs as much as to check so many alone, and no more.
const PART: usize = 32;

/// How many signatures are checked alone: of fewer one equation is no faster.
const ALONE_MAX: usize = 4;

/// Which of some signatures hold, in their order; of each what [`crate::verify::holds`] says of it.
pub(crate) fn hold(signed: &[Signed<'_>]) -> Vec<bool> {
    let mut keys = Keys::default();
    let items: Vec<Item> = (0..)
        .zip(signed)
        .filter_map(|(place, one)| Item::read(place, one, &mut keys))
        .collect();
    let mut hold = vec![false; signed.len()];
    if all_hold(&items, &keys) {
        items.iter().for_each(|item| hold[item.place] = true);
        return hold;
    }
    for part in items.chunks(PART) {
        let all = part.len() < items.len() && all_hold(part, &keys);
        for item in part {
            hold[item.place] = all || item.holds_alone(&keys);
        }
    }
    hold
}

/// The points of the keys, each read once: few sign most of what is in a chain.
#[derive(Default)]
struct Keys {
    places: HashMap<[u8; 32], Option<usize>>,
    points: Vec<EdwardsPoint>,
}

impl Keys {
    /// The place of a key's point; none if it is no key.
    fn place(&mut self, bytes: [u8; 32]) -> Option<usize> {
        let Self { places, points } = self;
        *places.entry(bytes).or_insert_with(|| {
            points.push(point(&bytes)?);
            Some(points.len() - 1)
        })
    }
}

/// A signature of a batch that may hold.
struct Item {
    place: usize,
    key: usize,
    equation: Equation,
}

impl Item {
    fn read(place: usize, signed: &Signed<'_>, keys: &mut Keys) -> Option<Self> {
        let (bytes, signature) = (hex::decode(signed.key)?, hex::decode(signed.signature)?);
        Some(Self {
            place,
            key: keys.place(bytes)?,
            equation: Equation::read(&bytes, signed.text.as_bytes(), &signature)?,
        })
    }

    fn holds_alone(&self, keys: &Keys) -> bool {
        self.equation.holds(&keys.points[self.key])
    }
}

/// Whether all of these hold: \[8\] Σ zᵢ(\[sᵢ\]B − \[kᵢ\]Aᵢ − Rᵢ) is the identity, where each zᵢ is drawn
/// from 2¹²⁸ numbers; signatures by one key share one multiplication of its point.
///
/// The zᵢ are drawn by a hash over all the equations, so that nobody can choose a signature that
/// another makes good, and the same signatures have the same answer.
///
/// Source: ZIP-215, <https://zips.z.cash/zip-0215>, and Bernstein et al., *High-speed high-security
/// signatures*, section 5.
fn all_hold(items: &[Item], keys: &Keys) -> bool {
    if items.len() < ALONE_MAX {
        return items.iter().all(|item| item.holds_alone(keys));
    }
    let draws = Draws::over(items);
    let mut of_base = Scalar::ZERO;
    let mut of_keys = vec![Scalar::ZERO; keys.points.len()];
    let mut scalars = Vec::with_capacity(items.len() + keys.points.len() + 1);
    for (n, item) in items.iter().enumerate() {
        let z = draws.draw(n);
        of_base -= z * item.equation.s;
        of_keys[item.key] += z * item.equation.k;
        scalars.push(z);
    }
    // The points of keys that sign nothing here are left out.
    let used = || (0..keys.points.len()).filter(|&key| of_keys[key] != Scalar::ZERO);
    scalars.extend(used().map(|key| of_keys[key]));
    scalars.push(of_base);
    let points = items.iter().map(|item| &item.equation.r);
    let points = points.chain(used().map(|key| &keys.points[key]));
    let points: Vec<&EdwardsPoint> = points.chain([&ED25519_BASEPOINT_POINT]).collect();
    EdwardsPoint::vartime_multiscalar_mul(scalars, points)
        .mul_by_cofactor()
        .is_identity()
}

/// Numbers below 2¹²⁸ that all the equations decide.
struct Draws(Sha512);

impl Draws {
    fn over(items: &[Item]) -> Self {
        let mut all = Sha512::new_with_prefix(b"plugcoin ed25519 batch");
        for Item { equation, .. } in items {
            // k is a hash of R, the key and the message.
            all.update(equation.k.as_bytes());
            all.update(equation.s.as_bytes());
        }
        Self(Sha512::new_with_prefix(all.finalize()))
    }

    fn draw(&self, n: usize) -> Scalar {
        let digest = self.0.clone().chain_update((n as u64).to_le_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.finalize()[..16]);
        Scalar::from(u128::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{L, sign, small_order_encodings};
    use curve25519_dalek::constants::EIGHT_TORSION;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A key, a text and a signature, as hex where they are bytes.
    type Case = [String; 3];

    fn case(key: [u8; 32], text: &str, signature: &[u8; 64]) -> Case {
        [hex::encode(&key), text.to_owned(), hex::encode(signature)]
    }

    /// A true signature, whose key and nonce may have a part of small order.
    fn true_case(key_part: usize, r_part: usize, a: u64, text: &str) -> (Case, [u8; 64]) {
        let (a, r) = (Scalar::from(a), Scalar::from(a + 7));
        let key = (ED25519_BASEPOINT_POINT * a + EIGHT_TORSION[key_part]).compress();
        let r_bytes = (ED25519_BASEPOINT_POINT * r + EIGHT_TORSION[r_part]).compress();
        let bytes = sign(a, r, key.as_bytes(), r_bytes.0, text.as_bytes());
        (case(key.0, text, &bytes), bytes)
    }

    /// s + L, which is the same number where it is not asked to be below L.
    fn beyond_the_order(mut signature: [u8; 64]) -> [u8; 64] {
        let mut carry = 0;
        for (byte, order) in signature[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        signature
    }

    fn any_case() -> impl Strategy<Value = Case> {
        let parts = (0..8_usize, 0..8_usize, 1..5_u64, "[a-c]{0,2}");
        let good = parts.prop_map(|(a_part, r_part, a, text)| true_case(a_part, r_part, a, &text));
        let broken =
            (good.clone(), 0..64_usize, 0..8_u32).prop_map(|((case, mut bytes), at, bit)| {
                bytes[at] ^= 1 << bit;
                [case[0].clone(), case[1].clone(), hex::encode(&bytes)]
            });
        let beyond = good
            .clone()
            .prop_map(|([key, text, _], bytes)| [key, text, hex::encode(&beyond_the_order(bytes))]);
        let small = (0..14_usize, 0..14_usize, any::<bool>()).prop_map(|(key, r, holds)| {
            let (encodings, mut bytes) = (small_order_encodings(), [0; 64]);
            bytes[..32].copy_from_slice(&encodings[r]);
            bytes[32] = u8::from(!holds);
            case(encodings[key], "text", &bytes)
        });
        let mixed = (good.clone(), good.clone()).prop_map(|((one, _), (other, _))| {
            let ([key, text, _], [_, _, signature]) = (one, other);
            [key, text, signature]
        });
        let any_bytes = (any::<[u8; 32]>(), vec(any::<u8>(), 64))
            .prop_map(|(key, bytes)| [hex::encode(&key), String::new(), hex::encode(&bytes)]);
        let garbage = ["[0-9a-fA-F]{0,66}", "text", "[0-9a-fA-F]{126,130}"];
        prop_oneof![
            8 => good.prop_map(|(case, _)| case),
            1 => broken,
            1 => beyond,
            2 => small,
            1 => mixed,
            1 => any_bytes,
            1 => garbage,
        ]
    }

    fn signed(cases: &[Case]) -> Vec<Signed<'_>> {
        fn of([key, text, signature]: &Case) -> Signed<'_> {
            Signed {
                key,
                text,
                signature,
            }
        }
        cases.iter().map(of).collect()
    }

    fn alone(one: &Signed<'_>) -> bool {
        match (hex::decode(one.key), hex::decode(one.signature)) {
            (Some(key), Some(bytes)) => crate::verify::holds(&key, one.text.as_bytes(), &bytes),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_batch_says_of_each_what_is_said_of_it_alone(cases in vec(any_case(), 0..120)) {
            let signed = signed(&cases);
            let each: Vec<bool> = signed.iter().map(alone).collect();
            prop_assert_eq!(hold(&signed), each);
        }
    }

    #[test]
    fn what_is_judged_by_the_order_of_its_points_is_judged_alike() {
        let good = |n: usize| true_case(n % 8, n / 8, 3 + (n as u64 % 5), "text").0;
        let mut cases: Vec<Case> = (0..64).map(good).collect();
        let encodings = small_order_encodings();
        for key in &encodings {
            for r in &encodings {
                let mut bytes = [0; 64];
                bytes[..32].copy_from_slice(r);
                cases.push(case(*key, "text", &bytes));
            }
        }
        // All hold, so that one equation says so.
        assert_eq!(hold(&signed(&cases)), vec![true; cases.len()]);
    }

    #[test]
    fn a_bad_one_is_found_among_many_wherever_it_is() {
        let good = |n: u64| true_case(0, 0, 1 + n % 7, &n.to_string()).0;
        let cases: Vec<Case> = (0..100).map(good).collect();
        for bad in [0, 1, 31, 32, 50, 98, 99] {
            let mut cases = cases.clone();
            cases[bad][1].push('!');
            let wanted: Vec<bool> = (0..100).map(|n| n != bad).collect();
            assert_eq!(hold(&signed(&cases)), wanted, "{bad}");
        }
    }

    #[test]
    fn two_bad_ones_that_make_up_for_each_other_are_both_found() {
        // Without draws that depend on both, s + 1 of the one and s - 1 of the other would cancel.
        let cases: Vec<(Case, [u8; 64])> = (1..=20).map(|n| true_case(0, 0, n, "text")).collect();
        let shifted = |n: usize, by: Scalar| {
            let (case, mut bytes) = cases[n].clone();
            let mut s = [0; 32];
            s.copy_from_slice(&bytes[32..]);
            let s = Scalar::from_canonical_bytes(s).unwrap() + by;
            bytes[32..].copy_from_slice(s.as_bytes());
            [case[0].clone(), case[1].clone(), hex::encode(&bytes)]
        };
        let mut all: Vec<Case> = cases.iter().map(|(case, _)| case.clone()).collect();
        all[3] = shifted(3, Scalar::ONE);
        all[12] = shifted(12, -Scalar::ONE);
        let wanted: Vec<bool> = (0..20).map(|n| n != 3 && n != 12).collect();
        assert_eq!(hold(&signed(&all)), wanted);
    }
}
