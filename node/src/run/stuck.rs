//! The watchdog's task: the node stops when a rule doesn't come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use plugcoin_core::{JOURNAL_FAULT, Judging, batches};
use plugcoin_host::watchdog::{self, Stuck};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::{Error, ErrorKind};

use super::limits::LOOKS_FOR_STUCK;
use super::poison_file::Poison;
use crate::cli::ExitCode;

/// What each thread judges, by the thread's name.
///
/// * A thread that is not named here, such as one that reads the storage for others, has no item.
#[derive(Clone, Default)]
pub(crate) struct Judgings(Arc<Mutex<HashMap<String, Judging>>>);

impl Judgings {
    /// Says where the thread of this name says what it judges.
    pub(crate) fn add(&self, thread: &str, judging: Judging) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(thread.to_owned(), judging);
    }

    /// A place of its own for the thread of this name.
    pub(crate) fn of_new(&self, thread: &str) -> Judging {
        let judging = Judging::default();
        self.add(thread, judging.clone());
        judging
    }

    fn of(&self, thread: &str) -> Option<Judging> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(thread).cloned()
    }
}

/// What is known of a node's threads when one of them is stuck.
pub(super) struct Watchdog {
    /// What each of them judges.
    pub(super) judgings: Judgings,
    /// Where what made a plugin fail is written down.
    pub(super) poison: Poison,
}

impl Watchdog {
    /// Ends the process when a rule has held a thread for this long: nothing else can call it back,
    /// and the thread that owns the node may wait for it.
    ///
    /// * What it holds the thread over is written down first.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system gives no thread.
    pub(super) fn start(self, limit: Duration) -> Result<(), Error> {
        let each = (limit / LOOKS_FOR_STUCK).max(Duration::from_millis(1));
        let mut watchdog = watchdog::Watchdog::new(each, limit);
        let watch = move || {
            loop {
                thread::sleep(each);
                if let Some(stuck) = watchdog.look() {
                    self.end(&stuck, limit);
                }
            }
        };
        let started = thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(watch);
        started
            .map(drop)
            .map_err(|error| Error::new(ErrorKind::Io, "the system gives no thread").because(error))
    }

    fn end(&self, stuck: &Stuck, limit: Duration) -> ! {
        let (plugin, hook) = (&stuck.plugin, stuck.hook);
        let seconds = limit.as_secs_f64();
        tracing::error!(
            %plugin,
            %hook,
            "the plugin has not come back for {seconds} s, and the node stops; what it acknowledged \
             is on disk"
        );
        let judging = self.judgings.of(&stuck.thread);
        // A disk that stalls says nothing of the block that was read for; and what a pool or a gossip
        // hangs over must not be refused in others' blocks, which are valid.
        let is_rule = !matches!(
            hook,
            HookKind::Storage | HookKind::Mempool | HookKind::Gossip
        );
        if let Some(judging) = judging.filter(|_| is_rule) {
            self.blame(stuck, &judging, seconds);
        }
        std::process::exit(ExitCode::Plugin as i32);
    }

    fn blame(&self, stuck: &Stuck, judging: &Judging, seconds: f64) {
        let Stuck { plugin, hook, .. } = stuck;
        match (judging.get(), judging.acknowledged()) {
            (Some(over), Some((nr, block))) if over != batches() => tracing::error!(
                nr,
                %block,
                "{JOURNAL_FAULT}"
            ),
            (Some(over), _) => {
                let reason =
                    format!("the plugin {plugin} has not come back for {seconds} s ({hook})");
                self.poison.add(over, reason);
            }
            (None, _) => {}
        }
    }
}
