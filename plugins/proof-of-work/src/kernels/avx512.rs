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
    use crate::kernels::lanes::{
        BATCH, GROUPS, Head, LANES, add, broadcast, first_that_meets, xor3,
    };
    use crate::kernels::schedule::schedule;
    use crate::nonce::Nonce;

    /// The eight words of sixteen hashes.
    type State = [__m512i; 8];

    #[target_feature(enable = "avx512f")]
    pub(super) fn run(search: &Search) -> Option<Nonce> {
        let (_, constant) = search.blocks();
        let constant: Vec<[u32; 64]> = constant.iter().map(schedule).collect();
        let head = Head::of(search);
        let midstate = search.midstate.map(|word| broadcast(word));
        let most_significant = broadcast(search.target[0]);

        let mut nonce = search.first;
        let mut left = search.attempts;
        let mut schedules = [[_mm512_setzero_si512(); 64]; GROUPS];
        while left > 0 {
            let nonces = head.batch(nonce);
            let mut states = [midstate; GROUPS];
            for block in 0..head.count() {
                head.schedules(block, &nonces, &mut schedules);
                compress(&mut states, |group, n| schedules[group][n]);
            }
            for schedule in &constant {
                compress(&mut states, |_, n| broadcast(schedule[n]));
            }

            let low = _mm512_cmple_epu32_mask(states[0][0], most_significant);
            let high = _mm512_cmple_epu32_mask(states[1][0], most_significant);
            if (low | high) != 0 {
                let candidates = u32::from(low) | u32::from(high) << LANES;
                let words = states.map(|state| state.map(|vector| store(vector)));
                let hash = |lane: usize| words[lane / LANES].map(|words| words[lane % LANES]);
                if let Some(lane) = first_that_meets(search, candidates, left, hash) {
                    nonce.advance_by(lane);
                    return Some(nonce);
                }
            }
            nonce.advance_by(BATCH);
            left = left.saturating_sub(BATCH as u64);
        }
        None
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
    fn store(vector: __m512i) -> [u32; LANES] {
        let mut words = [0; LANES];
        // SAFETY: sixteen words are the 64 bytes that are written, at any alignment.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
        words
    }
}
