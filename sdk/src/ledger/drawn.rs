//! [`ByHash`]: tables whose keys are hashes, by a key that costs a few multiplications.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use super::Hash;

/// A map by hash.
///
/// * Whoever chooses the hashes can't make it slow: where they lie is [`Drawn`] in each process.
pub type ByHash<V> = HashMap<Hash, V, Drawn>;

/// Draws in each process where a [`Hash`](struct@Hash) lies in a table.
///
/// * Two hashes, whoever chose them, have the same 64 bits in one of 2⁶⁴ draws, and the same low bits
///   as seldom as these can be: sums of their words, each times a number that was drawn (multilinear
///   hashing; Lemire and Kaser, Strongly universal string hashing is fast, 2014).
/// * For hashes alone, all of which have the same length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drawn;

/// What is drawn: what a sum begins with, and a factor for each word.
static DRAWN: LazyLock<(u128, [u128; 4])> = LazyLock::new(|| {
    let random = RandomState::new();
    let draw = |n: u64| u128::from(random.hash_one(n)) << 64 | u128::from(random.hash_one(!n));
    (draw(0), [draw(1), draw(2), draw(3), draw(4)])
});

impl BuildHasher for Drawn {
    type Hasher = Sum;

    #[inline]
    fn build_hasher(&self) -> Sum {
        Sum(DRAWN.0)
    }
}

/// A sum as it grows.
#[derive(Clone, Copy, Debug)]
pub struct Sum(u128);

impl Hasher for Sum {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for (word, factor) in bytes.as_chunks().0.iter().zip(&DRAWN.1) {
            let word = u128::from(u64::from_le_bytes(*word));
            self.0 = self.0.wrapping_add(factor.wrapping_mul(word));
        }
    }

    #[inline]
    fn write_usize(&mut self, _: usize) {
        // The length, which is always the same.
    }

    #[inline]
    fn finish(&self) -> u64 {
        (self.0 >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_bit_of_a_hash_counts() {
        let mut keys = HashSet::from([Drawn.hash_one(Hash::default())]);
        for bit in 0..256 {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            keys.insert(Drawn.hash_one(Hash::from_bytes(bytes)));
        }
        assert_eq!(keys.len(), 257);
    }
}
