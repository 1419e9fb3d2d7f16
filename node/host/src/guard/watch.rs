//! [`Watch`]: what is known of one hook of a plugin at work.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::log::Log;
use plugcoin_sdk::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::calls::{Calls, Count};
use super::watchdog;

/// How much of a fault's words is kept.
const FAULT_CHARACTERS_MAX: usize = 400;

/// What is known of one hook of a plugin at work.
pub struct Watch {
    plugin: Arc<str>,
    hook: HookKind,
    log: Log,
    consequence: Consequence,
    calls: Calls,
    time_ns: AtomicU64,
    missed: AtomicU64,
    failed: AtomicBool,
    fault: Mutex<Option<String>>,
}

/// What follows when a plugin fails, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Consequence {
    /// It is off.
    Off,
    /// The default takes over.
    Replace,
    /// The node stops.
    Stop,
}

impl Consequence {
    /// What follows in this hook; what else the plugin provides goes on.
    pub(crate) fn of(hook: HookKind) -> Self {
        match hook {
            HookKind::Observer => Self::Off,
            HookKind::Mempool | HookKind::Gossip | HookKind::Transport => Self::Replace,
            _ => Self::Stop,
        }
    }
}

/// How a plugin has fared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// How often it was called.
    pub calls: u64,
    /// How much time it spent, in microseconds; estimated from some of the calls.
    pub time_us: u64,
    /// How many events it was too slow to be told; none but an observer misses any.
    #[serde(default, skip_serializing_if = "is_none")]
    pub missed: u64,
    /// Whether it has failed.
    pub failed: bool,
    /// Its last fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<String>,
}

/// Whether there are none, so that nothing need be said of them.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "so serde calls it")]
fn is_none(missed: &u64) -> bool {
    *missed == 0
}

impl Watch {
    pub(crate) fn new(plugin: &str, log: Log, hook: HookKind) -> Arc<Self> {
        let watch = Arc::new(Self {
            plugin: plugin.into(),
            hook,
            log,
            consequence: Consequence::of(hook),
            calls: Calls::default(),
            time_ns: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            fault: Mutex::new(None),
        });
        watchdog::register(&watch);
        watch
    }

    /// The plugin's name.
    pub fn plugin(&self) -> &Arc<str> {
        &self.plugin
    }

    /// The hook.
    pub fn hook(&self) -> HookKind {
        self.hook
    }

    /// What followed, if it has failed.
    pub(crate) fn followed(&self) -> Option<Consequence> {
        self.has_failed().then_some(self.consequence)
    }

    /// How it has fared.
    pub fn health(&self) -> Health {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        Health {
            calls: self.calls.sum(),
            time_us: self.time_ns.load(Ordering::Relaxed) / 1_000,
            missed: self.missed.load(Ordering::Relaxed),
            failed: self.has_failed(),
            last_fault: fault.clone(),
        }
    }

    /// Counts an event that it was not told, since it was still busy with others.
    pub fn miss(&self) {
        self.missed.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the node waits for it: all hooks but these are called where nothing else goes on meanwhile.
    pub(super) fn holds_up_the_node(&self) -> bool {
        !matches!(self.hook, HookKind::Observer | HookKind::Transport)
    }

    /// Whether it has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// The threads that are inside it, as [`Calls::inside`] tells them.
    pub(super) fn inside(&self) -> impl Iterator<Item = (usize, u64)> {
        self.calls.inside()
    }

    /// Calls it: a panic becomes an error, and what is a fault is remembered.
    pub(super) fn measure<R>(&self, run: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
        let count = self.calls.here();
        let Some(calls) = count.stands_for() else {
            return self.within(count, run);
        };
        let started = Instant::now();
        let result = self.within(count, run);
        self.add_time(started, calls);
        result
    }

    /// The count of this thread, if its call is of the many for which [`within`](Self::within) is enough.
    #[inline]
    pub(super) fn short_way(&self) -> Option<&Count> {
        self.calls.here_untimed()
    }

    /// Calls it likewise, where [`short_way`](Self::short_way) is none: out of the way of those that have it.
    #[cold]
    #[inline(never)]
    pub(super) fn seldom<R>(&self, run: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
        self.measure(run)
    }

    /// Calls it likewise for what may take long: it is never stuck.
    pub(super) fn measure_long<R>(
        &self,
        run: impl FnOnce() -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.calls.here().pass();
        let started = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(run));
        self.add_time(started, 1);
        self.judged(ended)
    }

    /// Calls it while the watchdog sees that this thread is inside.
    #[inline]
    pub(super) fn within<R>(
        &self,
        count: &Count,
        run: impl FnOnce() -> Result<R, Error>,
    ) -> Result<R, Error> {
        count.step();
        let ended = catch_unwind(AssertUnwindSafe(run));
        count.step();
        self.judged(ended)
    }

    #[inline]
    fn judged<R>(&self, ended: thread::Result<Result<R, Error>>) -> Result<R, Error> {
        match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.judge(error)),
            Err(panic) => Err(self.judge_panic(panic)),
        }
    }

    /// Counts a call; its beginning, if it is timed, and for how many it stands.
    pub(super) fn start(&self) -> Option<(Instant, u64)> {
        let count = self.calls.here();
        let calls = count.stands_for();
        count.pass();
        calls.map(|calls| (Instant::now(), calls))
    }

    /// Adds the time since a call began that stands for so many.
    pub(super) fn add_time(&self, started: Instant, calls: u64) {
        let time_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let time_ns = time_ns.saturating_mul(calls);
        self.time_ns.fetch_add(time_ns, Ordering::Relaxed);
    }

    #[cold]
    #[inline(never)]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "so that no caller has to let it go"
    )]
    fn judge_panic(&self, panic: Box<dyn Any + Send>) -> Error {
        self.judge(panicked(&*panic))
    }

    /// Remembers a fault.
    #[cold]
    pub(super) fn judge(&self, error: Error) -> Error {
        let error = match self.is_named_in(&error.to_string()) {
            true => error,
            false => Error::new(error.kind(), format!("the plugin {} failed", self.plugin))
                .because(error),
        };
        self.fail(&error);
        error
    }

    /// Whether an error's words name the plugin. A storage may name itself by its file; other plugins
    /// have names that are words, such as `time`.
    fn is_named_in(&self, words: &str) -> bool {
        match self.hook {
            HookKind::Storage => words.contains(&*self.plugin),
            _ => names(words, &self.plugin),
        }
    }

    fn fail(&self, error: &Error) {
        let words: String = error
            .to_string()
            .chars()
            .take(FAULT_CHARACTERS_MAX)
            .collect();
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        *fault = Some(words);
        if !self.failed.swap(true, Ordering::Relaxed) {
            let then = match self.consequence {
                // Whoever asked says so: a thread that verifies beforehand stops nothing.
                Consequence::Stop => "",
                Consequence::Replace => "; the default takes over",
                Consequence::Off => "; it is off",
            };
            self.log
                .error(format_args!("{error}{then} ({})", self.hook));
        }
    }
}

/// Whether words speak of the plugin of this name, and not of one whose name only begins so.
fn names(words: &str, plugin: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let named = format!("plugin {plugin}");
    let mut rests = words
        .match_indices(&named)
        .map(|(at, _)| &words[at + named.len()..]);
    rests.any(|rest| !rest.starts_with(goes_on))
}

/// A panic as an error.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    Error::new(ErrorKind::Plugin, format!("it panicked: {words}"))
}

#[cfg(test)]
mod tests {
    use plugcoin_sdk::plugin::Setup;

    use super::*;

    #[test]
    fn every_call_counts_whichever_thread_makes_it_and_so_does_what_is_missed() {
        let watch = Watch::new("counted", Setup::default().log(), HookKind::Signer);
        let call = |times: u64| {
            for _ in 0..times {
                watch.measure(|| Ok(())).unwrap();
            }
        };
        call(1);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| call(10_000));
            }
            call(10_000);
        });
        assert_eq!(watch.health().calls, 40_001);
        watch.miss();
        watch.miss();
        assert_eq!(watch.health().missed, 2);
    }

    #[test]
    fn a_fault_names_its_plugin_also_if_the_name_is_a_word() {
        let log = Setup::default().log();
        let watch = |hook| Watch::new("time", log.clone(), hook);
        let judged = |hook, words: &str| {
            let error = Error::new(ErrorKind::Plugin, words.to_owned());
            watch(hook).judge(error).to_string()
        };
        let named = judged(HookKind::Validity, "it has no time");
        assert!(named.starts_with("the plugin time failed"), "{named}");
        let named = judged(HookKind::Validity, "the plugin time gave up");
        assert_eq!(named, "the plugin time gave up");
        let named = judged(HookKind::Validity, "the plugin timestamps gave up");
        assert!(named.starts_with("the plugin time failed"), "{named}");
        assert_eq!(
            judged(HookKind::Storage, "time.db is full"),
            "time.db is full"
        );
    }
}
