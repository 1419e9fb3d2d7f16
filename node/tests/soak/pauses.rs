//! When this process, and its nodes with it, did not run at all.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often it is looked whether time has passed.
const STEP: Duration = Duration::from_millis(100);

/// After how long without a look everything has been stopped, by a shell or for another measurement:
/// a busy machine lets a thread wait for less.
const GAP_MIN: Duration = Duration::from_secs(2);

/// How long the nodes may take for anything, in steps of [`LOOK`]; a stop of everything is one.
const LOOKS_MAX: u32 = 12_000;

/// The time between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(LOOK);
    }
    panic!("waited in vain for {what}");
}

/// The times in which everything was stopped.
#[derive(Default)]
pub(crate) struct Pauses(Mutex<Vec<(Instant, Instant)>>);

impl Pauses {
    /// Looks on until a function says that it is enough.
    pub(crate) fn watch(&self, is_over: impl Fn() -> bool) {
        let mut last = Instant::now();
        while !is_over() {
            std::thread::sleep(STEP);
            let now = Instant::now();
            if now - last > GAP_MIN {
                self.0.lock().unwrap().push((last, now));
            }
            last = now;
        }
    }

    /// Whether any of this time was one; it waits until a stop that has just ended is known.
    pub(crate) fn touch(&self, from: Instant, to: Instant) -> bool {
        std::thread::sleep(STEP.saturating_mul(2).saturating_sub(to.elapsed()));
        let pauses = self.0.lock().unwrap();
        pauses.iter().any(|(begin, end)| *begin < to && from < *end)
    }

    /// How many there were, and how long they took together.
    pub(crate) fn total(&self) -> (usize, Duration) {
        let pauses = self.0.lock().unwrap();
        let total = pauses.iter().map(|(begin, end)| *end - *begin).sum();
        (pauses.len(), total)
    }
}
