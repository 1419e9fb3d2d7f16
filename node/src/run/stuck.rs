//! The watchdog's task: the node stops when a rule doesn't come back.

use std::thread;
use std::time::Duration;

use plugcoin_core::Judging;
use plugcoin_host::watchdog::{self, Stuck};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, ErrorKind};

use super::limits::LOOKS_FOR_STUCK;
use super::miner::MINER;
use super::poison_file::Poison;
use crate::cli::ExitCode;

/// What is known of a node's threads when one of them is stuck.
pub(super) struct Watchdog {
    /// What the thread that owns the node judges.
    pub(super) judging: Judging,
    /// What the miner's threads search a seal for.
    pub(super) sealing: Judging,
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
        let watch = move || {
            loop {
                thread::sleep(each);
                if let Some(stuck) = watchdog::stuck(each, limit) {
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
        // A disk that stalls says nothing of the block that was read for.
        let is_rule = hook != HookKind::Storage;
        if let Some(hash) = self.over(&stuck.thread).filter(|_| is_rule) {
            let reason = format!("the plugin {plugin} has not come back for {seconds} s ({hook})");
            self.poison.add(hash, reason);
        }
        std::process::exit(ExitCode::Plugin as i32);
    }

    /// What this thread is at.
    fn over(&self, thread: &str) -> Option<Hash> {
        match thread {
            // The journal is replayed on the first thread.
            "core" | "main" => self.judging.get(),
            miner if miner.starts_with(MINER) => self.sealing.get(),
            // What reads the storage for others has no item.
            _ => None,
        }
    }
}
