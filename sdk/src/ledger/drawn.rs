//! [`ByHash`]: tables whose keys are hashes or short texts, by a key that costs a few multiplications.

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

/// Where a hash lies in the tables of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// What [`Drawn`] says of the hash.
    #[inline]
    pub fn bits(self) -> u64 {
        self.0
    }
}

impl Drawn {
    /// Where a hash lies.
    #[inline]
    pub fn key(hash: &Hash) -> Key {
        Key(Self.hash_one(hash))
    }
}

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

/// How many bytes of a text count: more than a field of the ledger has.
const TEXT_BYTES: usize = 256;

/// Draws in each process where a text lies in a table.
///
/// * As [`Drawn`], and the length counts too: so a text of another length is another text.
/// * For the ledger's fields: of a longer text only the first 256 bytes and the length count.
#[derive(Clone, Copy, Debug, Default)]
pub struct DrawnText;

/// What is drawn for texts: what a sum begins with, a factor for the length, and one for each word.
static DRAWN_TEXT: LazyLock<(u128, u128, [u128; TEXT_BYTES / 8])> = LazyLock::new(|| {
    let random = RandomState::new();
    let draw = |n: u64| u128::from(random.hash_one(n)) << 64 | u128::from(random.hash_one(!n));
    let factors = std::array::from_fn(|n| draw(n as u64 + 2));
    (draw(0), draw(1), factors)
});

impl BuildHasher for DrawnText {
    type Hasher = TextSum;

    #[inline]
    fn build_hasher(&self) -> TextSum {
        TextSum(DRAWN_TEXT.0)
    }
}

/// A text's sum.
#[derive(Clone, Copy, Debug)]
pub struct TextSum(u128);

impl Hasher for TextSum {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (_, of_length, factors) = &*DRAWN_TEXT;
        let mut sum = self
            .0
            .wrapping_add(of_length.wrapping_mul(bytes.len() as u128));
        let (words, rest) = bytes[..bytes.len().min(TEXT_BYTES)].as_chunks();
        for (word, factor) in words.iter().zip(factors) {
            let word = u128::from(u64::from_le_bytes(*word));
            sum = sum.wrapping_add(factor.wrapping_mul(word));
        }
        if let Some(factor) = factors.get(words.len())
            && !rest.is_empty()
        {
            let word = rest
                .iter()
                .rev()
                .fold(0, |word, &byte| word << 8 | u128::from(byte));
            sum = sum.wrapping_add(factor.wrapping_mul(word));
        }
        self.0 = sum;
    }

    #[inline]
    fn write_u8(&mut self, _: u8) {
        // What ends a text; its length does so already.
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

    #[test]
    fn every_byte_of_a_text_counts_and_its_length() {
        let mut keys = HashSet::new();
        for length in 0..=TEXT_BYTES + 9 {
            let text = vec![b'a'; length];
            keys.insert(DrawnText.hash_one(std::str::from_utf8(&text).unwrap()));
            for at in 0..length.min(TEXT_BYTES) {
                let mut other = text.clone();
                other[at] = b'b';
                let other = std::str::from_utf8(&other).unwrap();
                assert_eq!(
                    DrawnText.hash_one(other),
                    DrawnText.hash_one(Box::<str>::from(other))
                );
                keys.insert(DrawnText.hash_one(other));
            }
        }
        let changed: usize = (0..=TEXT_BYTES + 9)
            .map(|length| length.min(TEXT_BYTES))
            .sum();
        assert_eq!(keys.len(), TEXT_BYTES + 10 + changed);
    }
}
