//! Three nonces at once, with the instructions for SHA-256 of x86-64.
//!
//! * One nonce waits for the latency of `sha256rnds2`; two keep the unit busy on most processors,
//!   and three are faster on AMD's, which begin one every cycle.
//! * Sixteen registers do not hold four with what they were before the block.
//! * Nothing wider than 128 bits: dirty upper halves make these instructions slow.

#![allow(
    unsafe_code,
    reason = "vector instructions: what the machine has is known at run time"
)]

use super::Run;

/// So many nonces at once.
pub(super) const NONCES: usize = 3;

/// The kernel, if the machine has the instructions.
pub(super) fn kernel() -> Option<Run> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1")
    {
        return Some(|search| {
            // SAFETY: this function is given away here alone, where the features were detected.
            unsafe { x86::run(search) }
        });
    }
    None
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::*;

    use crate::kernels::Search;
    use crate::kernels::schedule::{K, schedule};
    use crate::kernels::search::words;
    use crate::nonce::{CHARACTERS, Nonce};

    use super::NONCES as CHAINS;

    /// The state of one nonce, as the words A B E F and C D G H, the first one highest.
    pub(in crate::kernels) type Chain = [__m128i; 2];

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    pub(super) fn run(search: &Search) -> Option<Nonce> {
        let (of_nonce, constant) = search.blocks();
        let constant: Vec<[u32; 64]> = constant.iter().map(schedule).collect();
        let mut heads = [[[0; 64]; 2]; CHAINS];
        for head in &mut heads {
            head[..of_nonce.len()].copy_from_slice(of_nonce);
        }
        let midstate = [pack(&search.midstate); CHAINS];

        let mut nonce = search.first;
        let mut left = search.attempts;
        while left > 0 {
            let mut nonces = [nonce; CHAINS];
            for (head, tried) in heads.iter_mut().zip(&mut nonces) {
                head.as_flattened_mut()[search.nonce_at..][..CHARACTERS]
                    .copy_from_slice(nonce.as_bytes());
                *tried = nonce;
                nonce.advance();
            }
            let mut chains = midstate;
            for n in 0..of_nonce.len() {
                let schedules = heads.each_ref().map(|head| varying(&head[n]));
                compress(&mut chains, |chain, n| pair(&schedules[chain], n));
            }
            for schedule in &constant {
                compress(&mut chains, |_, n| pair(schedule, n));
            }
            // The last tries of a slice may lack partners.
            let tries = left.min(CHAINS as u64);
            for (nonce, chain) in nonces.iter().zip(&chains).take(tries as usize) {
                let most_significant = _mm_extract_epi32::<3>(chain[0]).cast_unsigned();
                if most_significant <= search.target[0] && unpack(chain) <= search.target {
                    return Some(*nonce);
                }
            }
            left -= tries;
        }
        None
    }

    /// What the rounds of a block add that is not the same for every nonce.
    #[inline]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn varying(block: &[u8; 64]) -> [u32; 64] {
        let block = words::<64, 16>(block);
        let mut w = [_mm_setzero_si128(); 16];
        for (w, quad) in w.iter_mut().zip(block.as_chunks().0) {
            *w = load(quad);
        }
        for n in 4..16 {
            let before_7 = _mm_alignr_epi8::<4>(w[n - 1], w[n - 2]);
            let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[n - 4], w[n - 3]), before_7);
            w[n] = _mm_sha256msg2_epu32(sum, w[n - 1]);
        }
        let mut schedule = K;
        for (quad, w) in schedule.as_chunks_mut().0.iter_mut().zip(w) {
            *quad = store(_mm_add_epi32(load(quad), w));
        }
        schedule
    }

    /// One block of all nonces; `pair(chain, n)` is what the rounds n and n + 1 of one add.
    #[inline]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn compress(chains: &mut [Chain; CHAINS], pair: impl Fn(usize, usize) -> __m128i) {
        let mut now = *chains;
        for n in (0..64).step_by(4) {
            for (chain, [abef, cdgh]) in now.iter_mut().enumerate() {
                *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, pair(chain, n));
            }
            for (chain, [abef, cdgh]) in now.iter_mut().enumerate() {
                *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, pair(chain, n + 2));
            }
        }
        for (state, now) in chains.as_flattened_mut().iter_mut().zip(now.as_flattened()) {
            *state = _mm_add_epi32(*state, *now);
        }
    }

    /// What the rounds n and n + 1 add.
    #[inline]
    #[target_feature(enable = "sse2")]
    pub(in crate::kernels) fn pair(schedule: &[u32; 64], n: usize) -> __m128i {
        let pair = u64::from(schedule[n]) | u64::from(schedule[n + 1]) << 32;
        _mm_cvtsi64_si128(pair.cast_signed())
    }

    #[target_feature(enable = "sse2")]
    pub(in crate::kernels) fn pack(state: &[u32; 8]) -> Chain {
        let [a, b, c, d, e, f, g, h] = *state;
        [load(&[f, e, b, a]), load(&[h, g, d, c])]
    }

    #[target_feature(enable = "sse2")]
    pub(in crate::kernels) fn unpack(state: &Chain) -> [u32; 8] {
        let [[f, e, b, a], [h, g, d, c]] = [store(state[0]), store(state[1])];
        [a, b, c, d, e, f, g, h]
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn load(words: &[u32; 4]) -> __m128i {
        // SAFETY: four words are the 16 bytes that are read, at any alignment.
        unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn store(vector: __m128i) -> [u32; 4] {
        let mut words = [0; 4];
        // SAFETY: four words are the 16 bytes that are written, at any alignment.
        unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), vector) };
        words
    }
}
