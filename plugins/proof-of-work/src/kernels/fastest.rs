//! Which kernel is the fastest here: measured, since processors that have the same instructions
//! differ in it by more than a factor of two.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use plugcoin_sdk::ledger::{Target, U256};

use super::{Kernel, Search};
use crate::nonce::Nonce;

/// Each kernel tries so many nonces at a time: three batches of the widest, some microseconds.
const ATTEMPTS: u64 = 96;

/// So many times, of which the best counts: the first ones warm up, and those that were interrupted
/// must not decide. On a machine that others use too, six chose another twice in 75 processes.
const ROUNDS: usize = 24;

/// As much text after the nonce as a small block has.
const AFTER_BYTES: usize = 800;

/// The fastest kernel of this machine, measured once in a process.
pub(super) fn fastest() -> Kernel {
    static FASTEST: OnceLock<Kernel> = OnceLock::new();
    *FASTEST.get_or_init(measure)
}

/// Runs the search with the fastest kernel.
pub(crate) fn run(search: &Search) -> Option<Nonce> {
    let run = fastest().run().unwrap_or(super::portable::run);
    run(search)
}

fn measure() -> Kernel {
    let after = "x".repeat(AFTER_BYTES);
    let never = Target(U256::ZERO);
    let search = Search::new("", &after, &never, Nonce::of_try(0), ATTEMPTS);
    let kernels = Kernel::ALL.into_iter();
    let mut times: Vec<_> = kernels
        .filter_map(|kernel| Some((Duration::MAX, kernel, kernel.run()?)))
        .collect();
    for _ in 0..ROUNDS {
        for (best, _, run) in &mut times {
            let begin = Instant::now();
            std::hint::black_box(run(&search));
            *best = begin.elapsed().min(*best);
        }
    }
    let fastest = times.into_iter().min_by_key(|(best, ..)| *best);
    fastest.map_or(Kernel::Portable, |(_, kernel, _)| kernel)
}
