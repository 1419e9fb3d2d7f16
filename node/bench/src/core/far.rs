//! What memory itself costs that no cache has.

use std::hint::black_box;
use std::time::Instant;

/// How many lines of the cache: 128 MiB of them, about what a node has with 100 000 blocks and payments.
const LINES: usize = 1 << 21;

/// How many reads are timed.
const READS: usize = 1 << 19;

/// A line of the cache that says which one comes next.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Line(u32);

/// What a read of some far place costs that waits for the read before it, in nanoseconds.
pub(super) fn read_ns() -> f64 {
    let mut lines = vec![Line::default(); LINES];
    for (n, line) in lines.iter_mut().enumerate() {
        // In no order that a processor foresees, and through all of them (Knuth's linear congruence: the
        // factor is one more than a multiple of 4, what is added is odd).
        line.0 = ((n * 1_664_525 + 1_013_904_223) % LINES) as u32;
    }
    let mut at = 0;
    let begin = Instant::now();
    for _ in 0..READS {
        at = lines[at].0 as usize;
    }
    let took = begin.elapsed();
    black_box(at);
    took.as_secs_f64() * 1e9 / READS as f64
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_read_takes_time() {
        let ns = super::read_ns();
        assert!(ns > 0.0 && ns.is_finite());
    }
}
