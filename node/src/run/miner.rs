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
            let at_once = consensus.tries_at_once();
            let text_bytes = job.draft.before().len() + job.draft.after().len();
            let mut start = index.wrapping_mul(THREAD_ATTEMPTS);
            while self.round.load(Ordering::Relaxed) == round {
                let attempts = pace.attempts(text_bytes, at_once);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use plugcoin_sdk::hooks::SealVerdict;
    use plugcoin_sdk::ledger::{Draft, Header, Target, U256, genesis};
    use plugcoin_testkit::fixtures::{START_US, draft, pay};
    use proof_of_work::ProofOfWork;

    use super::*;

    /// Proof of work in which one sees how many threads are at a slice, how many slices were made, and is
    /// told of each that it ended.
    struct Watched {
        work: ProofOfWork,
        searching: AtomicUsize,
        slices: AtomicUsize,
        ends: Sender<()>,
    }

    impl Consensus for Watched {
        fn seal(
            &self,
            draft: &Draft,
            parent: &Header,
            target: &Target,
            slice: Slice,
        ) -> Result<Seal, Error> {
            self.searching.fetch_add(1, Ordering::SeqCst);
            let sealed = self.work.seal(draft, parent, target, slice);
            self.slices.fetch_add(1, Ordering::SeqCst);
            self.searching.fetch_sub(1, Ordering::SeqCst);
            let _ = self.ends.send(());
            sealed
        }

        fn check_seal(
            &self,
            header: &Header,
            parent: Option<&Header>,
            target: &Target,
        ) -> Result<SealVerdict, Error> {
            self.work.check_seal(header, parent, target)
        }

        fn tries_at_once(&self) -> u64 {
            self.work.tries_at_once()
        }
    }

    /// A block of so many transactions that nobody seals.
    fn job(transactions: i64) -> Job {
        let payment = |n| pay("A", "B", "1", START_US + n);
        let payments = (1..transactions).map(payment).collect();
        Job {
            id: 1,
            draft: draft(&genesis(), "A", payments, START_US),
            parent: genesis().header().clone(),
            target: Target(U256::ZERO),
        }
    }

    fn start(threads: usize) -> (Miner, Arc<Watched>, Receiver<()>) {
        let (ends, ended) = channel();
        let consensus = Arc::new(Watched {
            work: ProofOfWork::default(),
            searching: AtomicUsize::new(0),
            slices: AtomicUsize::new(0),
            ends,
        });
        let schedule = Schedule::always("watched", consensus.clone() as Arc<dyn Consensus>);
        let (queue, _) = CoreQueue::new();
        let threads = NonZeroUsize::new(threads).unwrap();
        let judgings = Judgings::default();
        let miner = Miner::start(threads, &schedule, &queue, &judgings).unwrap();
        (miner, consensus, ended)
    }

    fn until(mut holds: impl FnMut() -> bool) {
        while !holds() {
            thread::yield_now();
        }
    }

    #[test]
    fn what_is_stopped_makes_one_slice_more_a_thread_at_most() {
        let (miner, consensus, _) = start(2);
        for _ in 0..20 {
            let before = consensus.slices.load(Ordering::SeqCst);
            miner.search(job(1));
            until(|| consensus.slices.load(Ordering::SeqCst) > before);
            miner.stop();
            let stopped = consensus.slices.load(Ordering::SeqCst);
            assert!(!miner.is_searching());
            until(|| consensus.searching.load(Ordering::SeqCst) == 0);
            let ended = consensus.slices.load(Ordering::SeqCst);
            assert!(ended <= stopped + 2, "{ended} slices, {stopped} before");
        }
        miner.end();
    }

    /// Prints how long threads search on when they are told to stop; see `docs/benchmarks.md`.
    #[test]
    #[ignore = "a measurement, for a quiet machine"]
    fn how_long_a_stopped_search_goes_on() {
        for transactions in [1, 3, 100, 1_000, 2_300] {
            let threads = thread::available_parallelism().unwrap().get();
            let (miner, consensus, ended) = start(threads);
            let job = job(transactions);
            // It waits asleep, since every core is the miners'.
            let mut took: Vec<Duration> = (0..200)
                .map(|_| {
                    miner.search(job.clone());
                    // Until the slices are as long as they get.
                    ended.iter().take(15 * threads).for_each(drop);
                    let begin = Instant::now();
                    miner.stop();
                    while consensus.searching.load(Ordering::SeqCst) > 0 {
                        ended.recv().unwrap();
                    }
                    begin.elapsed()
                })
                .collect();
            took.sort_unstable();
            println!(
                "{transactions} transactions, {} bytes: half {:?}, 99 of 100 within {:?}",
                job.draft.block_text_bytes(20),
                took[100],
                took[197],
            );
            miner.end();
        }
    }
}
