//! [`Miner`]: the threads that search a nonce for the newest job.

use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use plugcoin_core::{Input, Job, Judging, draft_on};
use plugcoin_sdk::hooks::{Consensus, Seal, Slice};
use plugcoin_sdk::plugin::Schedule;
use plugcoin_sdk::{Error, ErrorKind};

use super::clock::now_us;
use super::core::CoreQueue;
use super::pace::Pace;
use super::stuck::Judgings;

/// How many tries are set apart for one thread: more than it makes while a job lasts.
const THREAD_ATTEMPTS: u64 = 1 << 48;

/// The threads that search a nonce, for the newest job and no other.
#[derive(Clone)]
pub(crate) struct Miner(Arc<Shared>);

struct Shared {
    /// Raised whenever the task changes, so that a search sees between two slices that it is over.
    round: AtomicU64,
    task: Mutex<Task>,
    changed: Condvar,
}

enum Task {
    Idle,
    Search(Arc<Job>),
    End,
}

impl Miner {
    /// Starts the threads; they wait for a job.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system gives no threads.
    pub(crate) fn start(
        threads: NonZeroUsize,
        consensus: &Schedule<dyn Consensus>,
        core: &CoreQueue,
        judgings: &Judgings,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            round: AtomicU64::new(0),
            task: Mutex::new(Task::Idle),
            changed: Condvar::new(),
        });
        for index in 0..threads.get() as u64 {
            let (shared, consensus, core) = (shared.clone(), consensus.clone(), core.clone());
            let name = format!("miner-{index}");
            let judging = judgings.of_new(&name);
            thread::Builder::new()
                .name(name)
                .spawn(move || {
                    yield_to_others();
                    let mining = || shared.mine(index, &consensus, &core, &judging);
                    if panic::catch_unwind(AssertUnwindSafe(mining)).is_err() {
                        core.fault(Error::new(ErrorKind::Plugin, "the miner panicked"), None);
                    }
                })
                .map_err(|error| {
                    Error::new(
                        ErrorKind::Io,
                        "the system gives no thread for mining; take less with --threads",
                    )
                    .because(error)
                })?;
        }
        Ok(Self(shared))
    }

    /// Searches for this job instead of any before.
    pub(crate) fn search(&self, job: Job) {
        self.0.set(Task::Search(Arc::new(job)));
    }

    /// Stops searching.
    pub(crate) fn stop(&self) {
        self.0.set(Task::Idle);
    }

    /// Ends the threads, each after its slice.
    pub(crate) fn end(&self) {
        self.0.set(Task::End);
    }

    /// Whether a nonce is being searched.
    pub(crate) fn is_searching(&self) -> bool {
        matches!(*self.0.task(), Task::Search(_))
    }
}

/// Makes this thread the last to be served: whatever else the node does, and anybody on the machine,
/// comes before it, so that all processors can mine.
fn yield_to_others() {
    // Elsewhere it would be the whole process that gives way.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(LEAST_URGENT) {
        tracing::debug!(%error, "a mining thread is as urgent as the others");
    }
}

/// The priority that the system serves last.
#[cfg(target_os = "linux")]
const LEAST_URGENT: i32 = 19;

impl Shared {
    /// A thread that panicked can't have left the task half set.
    fn task(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, task: Task) {
        let mut now = self.task();
        if !matches!(*now, Task::End) {
            *now = task;
            self.round.fetch_add(1, Ordering::Relaxed);
            self.changed.notify_all();
        }
    }

    /// Ends a round, if it is still this one; only one thread can.
    fn finish(&self, round: u64) -> bool {
        let mut task = self.task();
        let same = self.round.load(Ordering::Relaxed) == round;
        if same && matches!(*task, Task::Search(_)) {
            *task = Task::Idle;
            self.round.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        false
    }

    /// Waits for a job, with the round that it is of; none at the end.
    fn next(&self) -> Option<(u64, Arc<Job>)> {
        let mut task = self.task();
        loop {
            match &*task {
                Task::End => return None,
                Task::Search(job) => {
                    return Some((self.round.load(Ordering::Relaxed), job.clone()));
                }
                Task::Idle => {}
            }
            task = self
                .changed
                .wait(task)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn mine(
        &self,
        index: u64,
        consensus: &Schedule<dyn Consensus>,
        core: &CoreQueue,
        judging: &Judging,
    ) {
        let mut pace = Pace::new();
        while let Some((round, job)) = self.next() {
            // Another block on this parent would fare alike.
            let draft = draft_on(&job.parent.hash);
            judging.set(Some(draft));
            let consensus = &consensus.at(job.draft.nr()).hook;
            let text_bytes = job.draft.before().len() + job.draft.after().len();
            let mut start = index.wrapping_mul(THREAD_ATTEMPTS);
            while self.round.load(Ordering::Relaxed) == round {
                let attempts = pace.attempts(text_bytes);
                let begin = Instant::now();
                let slice = Slice {
                    start,
                    attempts,
                    now_us: now_us(),
                };
                let sealed = consensus.seal(&job.draft, &job.parent, &job.target, slice);
                start = start.wrapping_add(attempts);
                let input = match sealed {
                    Ok(Seal::Exhausted) => {
                        pace.took(begin.elapsed());
                        continue;
                    }
                    Ok(Seal::Found { nonce }) => Input::Sealed { job: job.id, nonce },
                    Ok(Seal::Sign { text }) => Input::SealToSign { job: job.id, text },
                    Ok(Seal::Wait { until_us }) => Input::SealToWait {
                        job: job.id,
                        until_us,
                    },
                    Err(error) => {
                        core.fault(error, Some(draft));
                        return;
                    }
                };
                if self.finish(round) {
                    core.bring(input);
                }
            }
        }
    }
}
