//! The watchdog: which threads are inside which plugin, and since when.
//!
//! A rule that never comes back holds up the one thread that owns the node; nothing in the process
//! can call it back. Whoever runs a node looks here from time to time, and ends the process.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use plugcoin_sdk::hooks::HookKind;

use super::{Watch, threads};

/// Every watch.
static WATCHES: Mutex<Vec<Weak<Watch>>> = Mutex::new(Vec::new());

/// Lets the watchdog see what goes on in a plugin.
pub(super) fn register(watch: &Arc<Watch>) {
    let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    watches.retain(|watch| watch.strong_count() > 0);
    watches.push(Arc::downgrade(watch));
}

/// A plugin that holds a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Its name.
    pub plugin: Arc<str>,
    /// In which of its hooks.
    pub hook: HookKind,
    /// What the thread is called; empty if it has no name.
    pub thread: String,
}

/// What looks from time to time which threads are inside which plugin.
///
/// * A plugin notes no moment, since reading a clock costs more than many a rule: a thread is in the
///   same call for as long as its count is the same.
pub struct Watchdog {
    /// As many looks are too many.
    limit: u128,
    calls: Vec<Call>,
}

/// A call that was going on at the last look.
struct Call {
    watch: Weak<Watch>,
    thread: usize,
    /// How often the thread has gone in and come out.
    steps: u64,
    /// How many looks have seen it.
    looks: u128,
}

impl Watchdog {
    /// One that looks at this pace, for calls that last so long.
    pub fn new(each: Duration, limit: Duration) -> Self {
        Self {
            limit: limit.as_nanos().div_ceil(each.as_nanos().max(1)),
            calls: Vec::new(),
        }
    }

    /// Looks once, and names a plugin for which the node waits and that has held a thread for too long.
    ///
    /// * Also one whose default would take over if it failed: its thread can't be had back.
    pub fn look(&mut self) -> Option<Stuck> {
        self.all_stuck().into_iter().next()
    }

    fn all_stuck(&mut self) -> Vec<Stuck> {
        let before = mem::take(&mut self.calls);
        let watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stuck = Vec::new();
        for of in &*watches {
            let Some(watch) = of.upgrade().filter(|watch| watch.holds_up_the_node()) else {
                continue;
            };
            for (thread, steps) in watch.inside() {
                let same = |call: &&Call| {
                    (call.thread, call.steps) == (thread, steps) && call.watch.ptr_eq(of)
                };
                let looks = before.iter().find(same).map_or(0, |call| call.looks) + 1;
                if looks >= self.limit {
                    stuck.push(Stuck {
                        plugin: watch.plugin().clone(),
                        hook: watch.hook(),
                        thread: threads::name(thread),
                    });
                }
                self.calls.push(Call {
                    watch: of.clone(),
                    thread,
                    steps,
                    looks,
                });
            }
        }
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::plugin::Setup;
    use std::sync::mpsc::channel;

    #[test]
    fn a_rule_that_does_not_come_back_is_named_and_others_are_not() {
        let log = Setup::default().log();
        let watch = |plugin: &str, hook| Watch::new(plugin, log.clone(), hook);
        let second = Duration::from_secs(1);
        let mut watchdog = Watchdog::new(second, 3 * second);
        // The looks follow at once, and rules of other tests may be at work during all of them.
        let mut look = || {
            let all = watchdog.all_stuck();
            all.into_iter().find(|stuck| *stuck.plugin == *"stuck-rule")
        };
        for (hook, named) in [
            (HookKind::Observer, None),
            (HookKind::Validity, Some("stuck-rule")),
            (HookKind::Mempool, Some("stuck-rule")),
            (HookKind::Gossip, Some("stuck-rule")),
        ] {
            let watch = watch("stuck-rule", hook);
            let (entered, is_inside) = channel();
            let (leave, may_leave) = channel::<()>();
            let named = named.map(|plugin: &str| Stuck {
                plugin: plugin.into(),
                hook,
                thread: "a rule's thread".to_owned(),
            });
            let thread = std::thread::Builder::new().name("a rule's thread".to_owned());
            let thread = thread.spawn(move || {
                let _ = watch.measure(|| {
                    let _ = entered.send(());
                    let _ = may_leave.recv();
                    Ok(())
                });
            });
            let thread = thread.unwrap();
            is_inside.recv().unwrap();
            let looks: Vec<_> = (0..4).map(|_| look()).collect();
            assert_eq!(looks[..2], [None, None], "not at once");
            assert_eq!(looks[3], named);
            leave.send(()).unwrap();
            thread.join().unwrap();
            assert_eq!(look(), None, "it came back");
        }
    }
}
