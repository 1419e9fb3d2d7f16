//! [`Pace`]: how many nonces a miner's thread tries before it looks whether it should stop.

use std::time::Duration;

use super::limits::{AT_ONCE_MAX, SLICE_BYTES_FIRST, SLICE_BYTES_MAX, SLICE_MS};

/// How much is hashed before a thread looks up: as much as takes [`SLICE_MS`] here.
///
/// * A try costs what its text is long, so that blocks of any size take the same time.
/// * It follows what slices took, whatever rule and machine: down at once, up by half at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    slice_bytes: u64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            slice_bytes: SLICE_BYTES_FIRST,
        }
    }

    /// How many tries of a text so long the next slice makes, where so many take as long as one: a multiple
    /// of that.
    pub(super) fn attempts(&self, text_bytes: usize, at_once: u64) -> u64 {
        let fit = self.slice_bytes / (text_bytes as u64).max(1);
        let at_once = at_once.clamp(1, AT_ONCE_MAX);
        (fit / at_once).max(1) * at_once
    }

    /// A slice took so long.
    pub(super) fn took(&mut self, time: Duration) {
        let wanted_us = u128::from(SLICE_MS) * 1_000;
        let fit = u128::from(self.slice_bytes) * wanted_us / time.as_micros().max(1);
        let fit = u64::try_from(fit).unwrap_or(u64::MAX);
        let up = self.slice_bytes + self.slice_bytes / 2;
        self.slice_bytes = fit.min(up).clamp(SLICE_BYTES_FIRST / 16, SLICE_BYTES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: u64 = 32;

    /// After some slices on a machine that hashes so much in a millisecond.
    fn after(slices: u32, bytes_a_ms: u64, text_bytes: usize) -> Pace {
        let mut pace = Pace::new();
        for _ in 0..slices {
            let hashed = pace.attempts(text_bytes, AT_ONCE) * text_bytes as u64;
            pace.took(Duration::from_micros(1_000 * hashed / bytes_a_ms));
        }
        pace
    }

    #[test]
    fn a_slice_is_bounded_by_the_bytes_that_it_hashes_whatever_the_block() {
        for pace in [
            Pace::new(),
            after(40, 6_000_000, 1_000),
            after(40, 100_000, 1_000),
        ] {
            for text_bytes in [1, 500, 33_000, 1 << 20] {
                let batch = AT_ONCE * text_bytes as u64;
                let hashed = pace.attempts(text_bytes, AT_ONCE) * text_bytes as u64;
                assert!(hashed <= pace.slice_bytes + batch, "{pace:?} {text_bytes}");
                assert!(hashed <= SLICE_BYTES_MAX + batch);
            }
        }
    }

    #[test]
    fn it_finds_the_slice_that_takes_as_long_as_wanted() {
        for bytes_a_ms in [300_000, 1_700_000, 6_000_000] {
            for text_bytes in [650, 1_400, 8_000] {
                let pace = after(20, bytes_a_ms, text_bytes);
                let hashed = pace.attempts(text_bytes, AT_ONCE) * text_bytes as u64;
                let ms = hashed as f64 / bytes_a_ms as f64;
                let wanted = SLICE_MS as f64;
                assert!((0.7 * wanted..=1.3 * wanted).contains(&ms), "{ms} ms");
            }
        }
    }

    #[test]
    fn a_slice_is_whole_batches_and_one_at_least() {
        let pace = Pace::new();
        for at_once in [1, 3, 32] {
            for text_bytes in [1, 500, 33_000, 1 << 20, usize::MAX] {
                let attempts = pace.attempts(text_bytes, at_once);
                assert!(attempts >= at_once && attempts.is_multiple_of(at_once));
            }
        }
        assert_eq!(pace.attempts(1 << 20, 1), 1);
        // Who says nonsense.
        assert_eq!(pace.attempts(1 << 20, 0), 1);
        assert_eq!(pace.attempts(1 << 20, u64::MAX), AT_ONCE_MAX);
    }

    #[test]
    fn a_slice_that_took_too_long_is_cut_at_once_and_one_that_was_short_grows_slowly() {
        let mut pace = after(20, 6_000_000, 1_000);
        let before = pace.slice_bytes;
        pace.took(Duration::from_millis(10 * SLICE_MS));
        assert_eq!(pace.slice_bytes, before / 10);
        pace.took(Duration::ZERO);
        assert_eq!(pace.slice_bytes, before / 10 + before / 20);
    }
}
