//! Two groups of sixteen nonces at once, with AVX-512.
//!
//! * A vector holds the same word of sixteen hashes; two groups keep both vector units busy while
//!   one waits for the other's results.
//! * What the rounds add in the blocks after the nonce is the same for every nonce: it is computed
//!   once, and one word of it serves all lanes.

#![allow(
    unsafe_code,
    reason = "vector instructions: what the machine has is known at run time"
)]

use super::Run;

/// The kernel, if the machine has the instructions.
pub(super) fn kernel() -> Option<Run> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return Some(|search| {
            // SAFETY: this function is given away here alone, where the feature was detected.
            unsafe { x86::run(search) }
        });
    }
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use crate::kernels::Search;
    use crate::kernels::schedule::{K, schedule};
    use crate::kernels::search::words;
    use crate::nonce::{BASE, CHARACTERS, DIGITS, Nonce};

    const LANES: usize = 16;
    const GROUPS: usize = 2;
    const BATCH: usize = LANES * GROUPS;

    /// A nonce touches so many words of its blocks at most.
    const NONCE_WORDS: usize = CHARACTERS / 4 + 1;

    /// So many words of a nonce, and so many lanes of each.
    type Vectors = [__m512i; NONCE_WORDS];

    /// The eight words of sixteen hashes.
    type State = [__m512i; 8];

    #[target_feature(enable = "avx512f")]
    pub(super) fn run(search: &Search) -> Option<Nonce> {
        let (of_nonce, constant) = search.blocks();
        let constant: Vec<[u32; 64]> = constant.iter().map(schedule).collect();
        let of_nonce: [[u32; 16]; 2] =
            std::array::from_fn(|n| of_nonce.get(n).map(words).unwrap_or_default());
        let head = &of_nonce[..search.blocks().0.len()];
        let midstate = search.midstate.map(|word| broadcast(word));
        let most_significant = broadcast(search.target[0]);

        let mut nonce = search.first;
        let mut left = search.attempts;
        let mut schedules = [[_mm512_setzero_si512(); 64]; GROUPS];
        while left > 0 {
            let nonces = NonceWords::of_batch(nonce, search.nonce_at % 4);
            let mut states = [midstate; GROUPS];
            for (n, block) in head.iter().enumerate() {
                let at = search.nonce_at / 4;
                for (group, schedule) in schedules.iter_mut().enumerate() {
                    let words = nonces.of_group(group);
                    varying(schedule, block, &words, at.wrapping_sub(16 * n));
                }
                compress(&mut states, |group, n| schedules[group][n]);
            }
            for schedule in &constant {
                compress(&mut states, |_, n| broadcast(schedule[n]));
            }

            let low = _mm512_cmple_epu32_mask(states[0][0], most_significant);
            let high = _mm512_cmple_epu32_mask(states[1][0], most_significant);
            if (low | high) != 0 {
                let candidates = u32::from(low) | u32::from(high) << LANES;
                if let Some(lane) = first_that_meets(search, &states, candidates, left) {
                    nonce.advance_by(lane);
                    return Some(nonce);
                }
            }
            nonce.advance_by(BATCH);
            left = left.saturating_sub(BATCH as u64);
        }
        None
    }

    /// The lowest of these lanes whose whole hash meets the target; lanes beyond the slice's last
    /// try don't count.
    #[cold]
    #[target_feature(enable = "avx512f")]
    fn first_that_meets(
        search: &Search,
        states: &[State; GROUPS],
        candidates: u32,
        left: u64,
    ) -> Option<usize> {
        let states = states.map(|state| state.map(|vector| store(vector)));
        let lanes = BATCH.min(usize::try_from(left).unwrap_or(BATCH));
        (0..lanes)
            .filter(|lane| candidates >> lane & 1 == 1)
            .find(|lane| {
                let hash = states[lane / LANES].map(|words| words[lane % LANES]);
                hash <= search.target
            })
    }

    /// The nonces of a batch, of which there are two kinds: before the last character has come to
    /// its end and begun anew, and after.
    struct NonceWords {
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
    fn varying(w: &mut [__m512i; 64], block: &[u32; 16], nonces: &Vectors, at: usize) {
        for (w, word) in w.iter_mut().zip(block) {
            *w = broadcast(*word);
        }
        for (n, words) in nonces.iter().enumerate() {
            // In the second block of two, the first of these words lie before its begin.
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

    /// One block of all nonces; `schedule(group, n)` is what round n adds.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn compress(states: &mut [State; GROUPS], schedule: impl Fn(usize, usize) -> __m512i) {
        let mut now = *states;
        for n in (0..64).step_by(8) {
            // Written out, so that no word has to move from one register to another.
            round::<0>(&mut now, n, &schedule);
            round::<1>(&mut now, n, &schedule);
            round::<2>(&mut now, n, &schedule);
            round::<3>(&mut now, n, &schedule);
            round::<4>(&mut now, n, &schedule);
            round::<5>(&mut now, n, &schedule);
            round::<6>(&mut now, n, &schedule);
            round::<7>(&mut now, n, &schedule);
        }
        for (state, now) in states.as_flattened_mut().iter_mut().zip(now.as_flattened()) {
            *state = add(*state, *now);
        }
    }

    /// A round of both groups: the eight words turn by one place a round.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn round<const TURN: usize>(
        states: &mut [State; GROUPS],
        n: usize,
        schedule: &impl Fn(usize, usize) -> __m512i,
    ) {
        for (group, state) in states.iter_mut().enumerate() {
            let place = |word: usize| (8 + word - TURN) % 8;
            let [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(|word| state[place(word)]);
            let s1 = xor3(
                _mm512_ror_epi32::<6>(e),
                _mm512_ror_epi32::<11>(e),
                _mm512_ror_epi32::<25>(e),
            );
            // 0xca: f where e has a bit, else g. 0xe8: what two of three have.
            let choice = _mm512_ternarylogic_epi32::<0xca>(e, f, g);
            let t1 = add(add(h, schedule(group, n + TURN)), add(s1, choice));
            let s0 = xor3(
                _mm512_ror_epi32::<2>(a),
                _mm512_ror_epi32::<13>(a),
                _mm512_ror_epi32::<22>(a),
            );
            let majority = _mm512_ternarylogic_epi32::<0xe8>(a, b, c);
            state[place(3)] = add(d, t1);
            state[place(7)] = add(t1, add(s0, majority));
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        _mm512_ternarylogic_epi32::<0x96>(a, b, c)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn add(a: __m512i, b: __m512i) -> __m512i {
        _mm512_add_epi32(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn broadcast(word: u32) -> __m512i {
        _mm512_set1_epi32(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(words: &[u32; LANES]) -> __m512i {
        // SAFETY: sixteen words are the 64 bytes that are read, at any alignment.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(vector: __m512i) -> [u32; LANES] {
        let mut words = [0; LANES];
        // SAFETY: sixteen words are the 64 bytes that are written, at any alignment.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
        words
    }
}
