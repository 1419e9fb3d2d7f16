//! [`Calls`]: how often a hook was called, and which threads are inside it.

use std::iter::successors;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::threads;

/// How many threads have their counts in one piece: enough for those of a node on a few cores.
const THREADS: usize = 16;

/// Of calls one in so many is timed at least: reading the clock twice costs more than many a rule.
const TIMED_EACH: u64 = 1_024;

/// How many calls are timed before they are twice as many.
const TIMED_OF_AN_OCTAVE: u64 = 16;

/// How often each thread has called a hook.
#[derive(Default)]
pub(super) struct Calls {
    first: [Count; THREADS],
    /// Of the threads after these.
    more: OnceLock<Box<Calls>>,
}

/// How often one thread has called a hook.
///
/// * It alone writes it: so there is no locked instruction, which would cost as much as a short rule. A
///   thread that ends leaves its count to the next.
/// * It lies in a cache line of its own, which no other core wants.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Count {
    /// How often it went in and came out: odd while it is inside.
    steps: AtomicU64,
    /// After so many steps a call is timed.
    timed_after: AtomicU64,
}

impl Calls {
    /// The count of this thread.
    pub(super) fn here(&self) -> &Count {
        let (mut calls, mut number) = (self, threads::number());
        loop {
            match calls.first.get(number) {
                Some(count) => return count,
                None => number -= THREADS,
            }
            calls = calls.more.get_or_init(Box::default);
        }
    }

    /// The count of this thread, if its call is of the many that are not timed and that are counted at once.
    #[inline]
    pub(super) fn here_untimed(&self) -> Option<&Count> {
        let count = self.first.get(threads::number_if_known())?;
        (!count.is_timed()).then_some(count)
    }

    pub(super) fn sum(&self) -> u64 {
        let steps = self.counts().map(Count::steps);
        steps.map(|steps| steps.div_ceil(2)).sum()
    }

    /// The threads that are inside, by their numbers, each with how often it went in and came out before:
    /// a number that it has in this call alone.
    pub(super) fn inside(&self) -> impl Iterator<Item = (usize, u64)> {
        let steps = self.counts().map(Count::steps).enumerate();
        steps.filter(|(_, steps)| steps % 2 == 1)
    }

    fn counts(&self) -> impl Iterator<Item = &Count> {
        let pieces = successors(Some(self), |calls| calls.more.get().map(|more| &**more));
        pieces.flat_map(|calls| &calls.first)
    }
}

impl Count {
    fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    #[inline]
    fn is_timed(&self) -> bool {
        self.steps() >= self.timed_after.load(Ordering::Relaxed)
    }

    /// For how many calls the next one stands if it is timed.
    pub(super) fn stands_for(&self) -> Option<u64> {
        let steps = self.steps();
        self.is_timed().then(|| {
            let calls = (steps / 2 / TIMED_OF_AN_OCTAVE).clamp(1, TIMED_EACH);
            self.timed_after.store(steps + 2 * calls, Ordering::Relaxed);
            calls
        })
    }

    /// The thread goes in, or comes out.
    ///
    /// * If it goes in once more while it is inside, it seems to be outside meanwhile.
    #[inline]
    pub(super) fn step(&self) {
        self.steps.store(self.steps() + 1, Ordering::Relaxed);
    }

    /// Counts a call that is never seen inside.
    pub(super) fn pass(&self) {
        self.steps.store(self.steps() + 2, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_timed_call_stands_for_those_until_the_next_and_few_are_timed() {
        let count = Count::default();
        let (mut timed, mut stood_for) = (0, 0);
        for calls in 1..=200_000 {
            if let Some(calls) = count.stands_for() {
                timed += 1;
                stood_for += calls;
            }
            count.pass();
            // Never too few, and at most a sixteenth too many.
            assert!(
                (calls..=calls + calls / 16).contains(&stood_for),
                "{calls}: {stood_for}"
            );
            assert!(calls > 32 || timed == calls, "the first are all timed");
        }
        assert!(timed < 400, "{timed}");
    }

    #[test]
    fn calls_count_once_however_deep_and_whoever_is_inside_is_seen() {
        let calls = Calls::default();
        let inside = || calls.inside().count();
        let count = calls.here();
        count.step();
        assert_eq!((calls.sum(), inside()), (1, 1));
        assert_eq!(calls.inside().next(), Some((threads::number(), 1)));
        count.step();
        count.step();
        count.step();
        assert_eq!((calls.sum(), inside()), (2, 0));
        count.pass();
        assert_eq!((calls.sum(), inside()), (3, 0));
    }

    #[test]
    fn threads_without_end_have_a_count_each() {
        let calls = Calls::default();
        let barrier = std::sync::Barrier::new(3 * THREADS);
        thread::scope(|scope| {
            for _ in 0..3 * THREADS {
                scope.spawn(|| {
                    calls.here().step();
                    barrier.wait();
                    assert_eq!(calls.inside().count(), 3 * THREADS);
                    barrier.wait();
                    calls.here().step();
                });
            }
        });
        assert_eq!(calls.sum(), 3 * THREADS as u64);
        assert_eq!(calls.inside().count(), 0);
    }
}
