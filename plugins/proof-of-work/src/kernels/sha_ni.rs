//! Two nonces at once, with the instructions for SHA-256 of x86-64.
//!
//! * One nonce waits for the latency of `sha256rnds2`; two keep the unit busy.
//! * Nothing wider than 128 bits: dirty upper halves make these instructions slow.

#![allow(
    unsafe_code,
    reason = "vector instructions: what the machine has is known at run time"
)]

use super::Run;

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
mod x86 {
    use std::arch::x86_64::*;

    use crate::kernels::Search;
    use crate::kernels::schedule::{K, schedule};
    use crate::kernels::search::words;
    use crate::nonce::{CHARACTERS, Nonce};

    /// The state of one nonce, as the words A B E F and C D G H, the first one highest.
    type State = [__m128i; 2];

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    pub(super) fn run(search: &Search) -> Option<Nonce> {
        let (of_nonce, constant) = search.blocks();
        let constant: Vec<[u32; 64]> = constant.iter().map(schedule).collect();
        let mut heads = [[[0; 64]; 2]; 2];
        for head in &mut heads {
            head[..of_nonce.len()].copy_from_slice(of_nonce);
        }
        let midstate = [pack(&search.midstate); 2];

        let mut nonce = search.first;
        let mut left = search.attempts;
        while left > 0 {
            let mut nonces = [nonce; 2];
            nonces[1].advance();
            for (head, nonce) in heads.iter_mut().zip(&nonces) {
                head.as_flattened_mut()[search.nonce_at..][..CHARACTERS]
                    .copy_from_slice(nonce.as_bytes());
            }
            let mut states = midstate;
            for (block, block2) in heads[0].iter().zip(&heads[1]).take(of_nonce.len()) {
                let schedules = [varying(block), varying(block2)];
                compress(&mut states, [&schedules[0], &schedules[1]]);
            }
            for schedule in &constant {
                compress(&mut states, [schedule; 2]);
            }
            // The last try of a slice may have no partner.
            for (nonce, state) in nonces.iter().zip(&states).take(left.min(2) as usize) {
                let most_significant = _mm_extract_epi32::<3>(state[0]).cast_unsigned();
                if most_significant <= search.target[0] && unpack(state) <= search.target {
                    return Some(*nonce);
                }
            }
            left = left.saturating_sub(2);
            nonce = nonces[1];
            nonce.advance();
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

    /// One block of two nonces, four rounds of each at a time.
    #[inline]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn compress(states: &mut [State; 2], schedules: [&[u32; 64]; 2]) {
        let [[mut abef, mut cdgh], [mut abef2, mut cdgh2]] = *states;
        let [quads, quads2] = schedules.map(|schedule| schedule.as_chunks().0);
        for (quad, quad2) in quads.iter().zip(quads2) {
            let (w, w2) = (load(quad), load(quad2));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, w);
            cdgh2 = _mm_sha256rnds2_epu32(cdgh2, abef2, w2);
            // The instruction takes the two lower words.
            let (w, w2) = (_mm_shuffle_epi32::<0x0e>(w), _mm_shuffle_epi32::<0x0e>(w2));
            abef = _mm_sha256rnds2_epu32(abef, cdgh, w);
            abef2 = _mm_sha256rnds2_epu32(abef2, cdgh2, w2);
        }
        let done = [[abef, cdgh], [abef2, cdgh2]];
        for (state, done) in states
            .as_flattened_mut()
            .iter_mut()
            .zip(done.as_flattened())
        {
            *state = _mm_add_epi32(*state, *done);
        }
    }

    #[target_feature(enable = "sse2")]
    fn pack(state: &[u32; 8]) -> State {
        let [a, b, c, d, e, f, g, h] = *state;
        [load(&[f, e, b, a]), load(&[h, g, d, c])]
    }

    #[target_feature(enable = "sse2")]
    fn unpack(state: &State) -> [u32; 8] {
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
