//! Sixteen nonces with AVX-512 and sixteen with the instructions for SHA-256, in one loop.
//!
//! * The two kinds of instructions run in different units for the most part: on AMD's Zen 4 they do a
//!   quarter more together than either alone.
//! * Vectors of 256 bits: beside those of 512 each `sha256rnds2` costs three times as much there.
//! * A round of the vectors goes with four rounds of four nonces; after a quarter of a block the
//!   next four nonces have their turn.
//! * Processors that save dirty upper halves may be far slower with this than with either alone.

#![allow(
    unsafe_code,
    reason = "vector instructions: what the machine has is known at run time"
)]

use super::Run;

/// The kernel, if the machine has the instructions.
pub(super) fn kernel() -> Option<Run> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("sha")
    {
        return Some(|search| {
            // SAFETY: this function is given away here alone, where the features were detected.
            unsafe { x86::run(search) }
        });
    }
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use crate::kernels::Search;
    use crate::kernels::lanes::{BATCH, GROUPS, Head, LANES, Schedule, first_that_meets};
    use crate::kernels::schedule::schedule;
    use crate::kernels::sha_ni::x86::{Chain, pack, pair, unpack};
    use crate::nonce::Nonce;

    /// So many nonces in a vector.
    const HALF: usize = LANES / 2;

    /// So many chains at once.
    const CHAINS: usize = 4;

    /// So often other chains have their turn in a block.
    const TURNS: usize = LANES / CHAINS;

    /// What the rounds add, two by two, for each nonce.
    type Pairs = [[u64; LANES]; 32];

    /// The states of a batch, the nonces in vectors first.
    #[derive(Clone, Copy)]
    struct States {
        vectors: [[__m256i; 8]; 2],
        chains: [[Chain; CHAINS]; TURNS],
    }

    #[target_feature(enable = "avx512f,avx512vl,sha")]
    pub(super) fn run(search: &Search) -> Option<Nonce> {
        let (_, constant) = search.blocks();
        let constant: Vec<[u32; 64]> = constant.iter().map(schedule).collect();
        let head = Head::of(search);
        let midstate = States {
            vectors: [search.midstate.map(|word| broadcast(word)); 2],
            chains: [[pack(&search.midstate); CHAINS]; TURNS],
        };

        let mut nonce = search.first;
        let mut left = search.attempts;
        let mut schedules = [[_mm512_setzero_si512(); 64]; GROUPS];
        let mut pairs = [[0; LANES]; 32];
        while left > 0 {
            let nonces = head.batch(nonce);
            let mut states = midstate;
            for block in 0..head.count() {
                head.schedules(block, &nonces, &mut schedules);
                let [in_vectors, in_chains] = &schedules;
                pair_up(&mut pairs, in_chains);
                compress(
                    &mut states,
                    |half, n| half_of(in_vectors, half, n),
                    |lane, n| _mm_cvtsi64_si128(pairs[n / 2][lane].cast_signed()),
                );
            }
            for schedule in &constant {
                compress(
                    &mut states,
                    |_, n| broadcast(schedule[n]),
                    |_, n| pair(schedule, n),
                );
            }

            let candidates = candidates(&states, search.target[0]);
            if candidates != 0
                && let Some(lane) =
                    first_that_meets(search, candidates, left, |lane| hash(&states, lane))
            {
                nonce.advance_by(lane);
                return Some(nonce);
            }
            nonce.advance_by(BATCH);
            left = left.saturating_sub(BATCH as u64);
        }
        None
    }

    /// One block of all nonces: what is added in round n to a half of those in vectors, and in the
    /// rounds n and n + 1 to one of the others.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,sha")]
    fn compress(
        states: &mut States,
        word: impl Fn(usize, usize) -> __m256i,
        pair: impl Fn(usize, usize) -> __m128i,
    ) {
        let mut now = states.vectors;
        for (turn, chains) in states.chains.iter_mut().enumerate() {
            let mut chained = *chains;
            for eight in 0..2 {
                let pair = |chain, n| pair(CHAINS * turn + chain, 32 * eight + n);
                let word = |half, n| word(half, 16 * turn + 8 * eight + n);
                // Written out, so that no word has to move from one register to another.
                round::<0>(&mut now, &mut chained, &word, &pair);
                round::<1>(&mut now, &mut chained, &word, &pair);
                round::<2>(&mut now, &mut chained, &word, &pair);
                round::<3>(&mut now, &mut chained, &word, &pair);
                round::<4>(&mut now, &mut chained, &word, &pair);
                round::<5>(&mut now, &mut chained, &word, &pair);
                round::<6>(&mut now, &mut chained, &word, &pair);
                round::<7>(&mut now, &mut chained, &word, &pair);
            }
            let chained = chained.as_flattened();
            for (state, now) in chains.as_flattened_mut().iter_mut().zip(chained) {
                *state = _mm_add_epi32(*state, *now);
            }
        }
        let now = now.as_flattened();
        for (state, now) in states.vectors.as_flattened_mut().iter_mut().zip(now) {
            *state = add(*state, *now);
        }
    }

    /// A round of the vectors and four rounds of the chains.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,sha")]
    fn round<const N: usize>(
        vectors: &mut [[__m256i; 8]; 2],
        chains: &mut [Chain; CHAINS],
        word: &impl Fn(usize, usize) -> __m256i,
        pair: &impl Fn(usize, usize) -> __m128i,
    ) {
        vector_round::<N>(&mut vectors[0], word(0, N));
        for (n, [abef, cdgh]) in chains.iter_mut().enumerate() {
            *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, pair(n, 4 * N));
        }
        vector_round::<N>(&mut vectors[1], word(1, N));
        for (n, [abef, cdgh]) in chains.iter_mut().enumerate() {
            *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, pair(n, 4 * N + 2));
        }
    }

    /// A round of eight nonces: the eight words turn by one place a round.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl")]
    fn vector_round<const TURN: usize>(state: &mut [__m256i; 8], added: __m256i) {
        let place = |word: usize| (8 + word - TURN) % 8;
        let [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(|word| state[place(word)]);
        let s1 = xor3(
            _mm256_ror_epi32::<6>(e),
            _mm256_ror_epi32::<11>(e),
            _mm256_ror_epi32::<25>(e),
        );
        // 0xca: f where e has a bit, else g. 0xe8: what two of three have.
        let choice = _mm256_ternarylogic_epi32::<0xca>(e, f, g);
        let t1 = add(add(h, added), add(s1, choice));
        let s0 = xor3(
            _mm256_ror_epi32::<2>(a),
            _mm256_ror_epi32::<13>(a),
            _mm256_ror_epi32::<22>(a),
        );
        let majority = _mm256_ternarylogic_epi32::<0xe8>(a, b, c);
        state[place(3)] = add(d, t1);
        state[place(7)] = add(t1, add(s0, majority));
    }

    /// What round n adds to one half of sixteen lanes.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn half_of(schedule: &Schedule, half: usize, n: usize) -> __m256i {
        if half == 0 {
            _mm512_castsi512_si256(schedule[n])
        } else {
            _mm512_extracti64x4_epi64::<1>(schedule[n])
        }
    }

    /// Lays the words of each lane side by side, two by two.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn pair_up(pairs: &mut Pairs, schedule: &Schedule) {
        let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
        for (pairs, [even, odd]) in pairs.iter_mut().zip(schedule.as_chunks().0) {
            let halves = [low, high].map(|lanes| _mm512_permutex2var_epi32(*even, lanes, *odd));
            for (pairs, half) in pairs.as_chunks_mut::<HALF>().0.iter_mut().zip(halves) {
                // SAFETY: eight pairs are the 64 bytes that are written, at any alignment.
                unsafe { _mm512_storeu_si512(pairs.as_mut_ptr().cast(), half) };
            }
        }
    }

    /// The lanes, as bits, of the hashes whose first word is no greater than this.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,sha")]
    fn candidates(states: &States, most_significant: u32) -> u32 {
        let [low, high] = states.vectors.map(|state| {
            let mask = _mm256_cmple_epu32_mask(state[0], broadcast(most_significant));
            u32::from(mask)
        });
        let mut candidates = low | high << HALF;
        for (n, [abef, _]) in states.chains.as_flattened().iter().enumerate() {
            let first = _mm_extract_epi32::<3>(*abef).cast_unsigned();
            candidates |= u32::from(first <= most_significant) << (LANES + n);
        }
        candidates
    }

    /// The hash of this lane.
    #[target_feature(enable = "avx512f,avx512vl,sha")]
    fn hash(states: &States, lane: usize) -> [u32; 8] {
        if lane < LANES {
            states.vectors[lane / HALF].map(|vector| store(vector)[lane % HALF])
        } else {
            unpack(&states.chains.as_flattened()[lane - LANES])
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl")]
    fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        _mm256_ternarylogic_epi32::<0x96>(a, b, c)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(a: __m256i, b: __m256i) -> __m256i {
        _mm256_add_epi32(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn broadcast(word: u32) -> __m256i {
        _mm256_set1_epi32(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(vector: __m256i) -> [u32; HALF] {
        let mut words = [0; HALF];
        // SAFETY: eight words are the 32 bytes that are written, at any alignment.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
        words
    }
}
