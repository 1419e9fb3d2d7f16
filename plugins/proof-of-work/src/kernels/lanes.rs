//! Sixteen nonces as vectors of AVX-512: their words, and what the rounds add in the blocks that they
//! lie in.

#![allow(
    unsafe_code,
    reason = "vector instructions: what the machine has is known at run time"
)]

use std::arch::x86_64::*;

use super::Search;
use super::schedule::K;
use super::search::words;
use crate::nonce::{BASE, CHARACTERS, DIGITS, Nonce};

/// So many nonces in a vector.
pub(super) const LANES: usize = 16;

/// So many groups of them in a batch.
pub(super) const GROUPS: usize = 2;

/// So many nonces at once.
pub(super) const BATCH: usize = LANES * GROUPS;
const _: () = assert!(BATCH == super::AVX512_NONCES);

/// A nonce touches so many words of its blocks at most.
const NONCE_WORDS: usize = CHARACTERS / 4 + 1;

/// So many words of a nonce, and so many lanes of each.
type Vectors = [__m512i; NONCE_WORDS];

/// What the rounds of a block add, for sixteen nonces.
pub(super) type Schedule = [__m512i; 64];

/// The blocks that the nonce lies in, one or two, as words.
pub(super) struct Head {
    blocks: [[u32; 16]; 2],
    count: usize,
    nonce_at: usize,
}

impl Head {
    pub(super) fn of(search: &Search) -> Self {
        let (of_nonce, _) = search.blocks();
        Self {
            blocks: std::array::from_fn(|n| of_nonce.get(n).map(words).unwrap_or_default()),
            count: of_nonce.len(),
            nonce_at: search.nonce_at,
        }
    }

    /// So many blocks are they.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The batch that begins with this nonce.
    #[inline]
    pub(super) fn batch(&self, first: Nonce) -> NonceWords {
        NonceWords::of_batch(first, self.nonce_at % 4)
    }

    /// Writes what the rounds of this block add.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn schedules(
        &self,
        block: usize,
        nonces: &NonceWords,
        schedules: &mut [Schedule; GROUPS],
    ) {
        // In the second block of two, the first of the nonce's words lie before its begin.
        let at = (self.nonce_at / 4).wrapping_sub(16 * block);
        for (group, schedule) in schedules.iter_mut().enumerate() {
            varying(schedule, &self.blocks[block], &nonces.of_group(group), at);
        }
    }
}

/// The lowest of these lanes whose whole hash meets the target; lanes beyond the slice's last try
/// don't count.
#[cold]
pub(super) fn first_that_meets(
    search: &Search,
    candidates: u32,
    left: u64,
    hash: impl Fn(usize) -> [u32; 8],
) -> Option<usize> {
    let lanes = BATCH.min(usize::try_from(left).unwrap_or(BATCH));
    (0..lanes)
        .filter(|lane| candidates >> lane & 1 == 1)
        .find(|lane| hash(*lane) <= search.target)
}

/// The nonces of a batch, of which there are two kinds: before the last character has come to
/// its end and begun anew, and after.
pub(super) struct NonceWords {
    /// A nonce of each kind, without its last character.
    kinds: [[u32; NONCE_WORDS]; 2],
    /// The last digit of the first nonce.
    digit: usize,
    /// Where the last character is: the word, and how far its byte lies to the left.
    last: (usize, u32),
}

impl NonceWords {
    #[inline]
    fn of_batch(first: Nonce, bytes_before: usize) -> Self {
        let digit = first.last_digit();
        let mut second = first;
        second.advance_by(BASE - digit);
        let end = bytes_before + CHARACTERS - 1;
        Self {
            kinds: [first, second].map(|nonce| words_of(nonce, bytes_before)),
            digit,
            last: (end / 4, 24 - 8 * (end % 4) as u32),
        }
    }

    /// The words of sixteen of them.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn of_group(&self, group: usize) -> Vectors {
        let from = self.digit + LANES * group;
        let before = BASE.saturating_sub(from);
        let anew = u16::MAX.checked_shl(before as u32).unwrap_or(0);
        let mut words = [0, 1, 2, 3, 4, 5].map(|n| {
            let [before, after] = [broadcast(self.kinds[0][n]), broadcast(self.kinds[1][n])];
            _mm512_mask_blend_epi32(anew, before, after)
        });
        let mut characters = [0; LANES];
        for (character, last) in characters.iter_mut().zip(&LAST[from..from + LANES]) {
            *character = last << self.last.1;
        }
        let word = &mut words[self.last.0];
        *word = _mm512_or_si512(*word, load(&characters));
        words
    }
}

/// The last characters of nonces that follow each other, from any digit on.
const LAST: [u32; BASE + BATCH] = {
    let mut characters = [0; BASE + BATCH];
    let mut n = 0;
    while n < characters.len() {
        characters[n] = DIGITS[n % BASE] as u32;
        n += 1;
    }
    characters
};

/// A nonce as words, with zeros for so many bytes before it, for its last character and for what
/// comes after.
#[inline]
fn words_of(nonce: Nonce, bytes_before: usize) -> [u32; NONCE_WORDS] {
    let mut bytes = [0; 4 * NONCE_WORDS];
    let characters = &nonce.as_bytes()[..CHARACTERS - 1];
    bytes[bytes_before..][..CHARACTERS - 1].copy_from_slice(characters);
    words(&bytes)
}

/// Writes what the rounds of a block add that is not the same for every nonce; the nonce's words
/// begin at this one of the block, which has zeros there.
#[inline]
#[target_feature(enable = "avx512f")]
fn varying(w: &mut Schedule, block: &[u32; 16], nonces: &Vectors, at: usize) {
    for (w, word) in w.iter_mut().zip(block) {
        *w = broadcast(*word);
    }
    for (n, words) in nonces.iter().enumerate() {
        let n = at.wrapping_add(n);
        if n < 16 {
            w[n] = _mm512_or_si512(w[n], *words);
        }
    }
    for n in 16..64 {
        let s0 = xor3(
            _mm512_ror_epi32::<7>(w[n - 15]),
            _mm512_ror_epi32::<18>(w[n - 15]),
            _mm512_srli_epi32::<3>(w[n - 15]),
        );
        let s1 = xor3(
            _mm512_ror_epi32::<17>(w[n - 2]),
            _mm512_ror_epi32::<19>(w[n - 2]),
            _mm512_srli_epi32::<10>(w[n - 2]),
        );
        w[n] = add(add(s0, s1), add(w[n - 16], w[n - 7]));
    }
    for (w, k) in w.iter_mut().zip(K) {
        *w = add(*w, broadcast(k));
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn broadcast(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u32; LANES]) -> __m512i {
    // SAFETY: sixteen words are the 64 bytes that are read, at any alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}
