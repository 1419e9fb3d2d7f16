//! What memory itself costs that no cache has.

use std::hint::black_box;
use std::time::Instant;

/// How many lines of the cache: 32 MiB of them, more than a core has for itself on most machines.
const LINES: u32 = 1 << 19;

/// How many reads are timed.
const READS: u32 = 1 << 18;

/// A line of the cache that says which one comes next.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(u32);

/// Memory to read all over.
pub(super) struct Far(Vec<Line>);

impl Far {
    pub(super) fn new() -> Self {
        Self((0..LINES).map(|n| Line(after(n))).collect())
    }

    /// What a read costs that waits for the read before it, in nanoseconds.
    pub(super) fn read_ns(&self) -> f64 {
        let mut at = 0;
        let begin = Instant::now();
        for _ in 0..READS {
            at = self.0[at as usize].0;
        }
        let took = begin.elapsed();
        black_box(at);
        took.as_secs_f64() * 1e9 / f64::from(READS)
    }
}

/// The line that comes next: in no order that a processor foresees, and through all of them (a linear congruence,
/// whose factor is one more than a multiple of 4 and whose other number is odd; Knuth, The Art of Computer
/// Programming, 3.2.1.2).
fn after(line: u32) -> u32 {
    line.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % LINES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_through_all_lines_before_it_comes_back() {
        let way = std::iter::successors(Some(after(0)), |at| Some(after(*at)));
        assert_eq!(way.take_while(|at| *at != 0).count() as u32, LINES - 1);
    }
}
