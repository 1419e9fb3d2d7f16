//! The watchdog: which threads are inside which plugin, and since when.
//!
//! A rule that never comes back holds up the one thread that owns the node; nothing in the process
//! can call it back. Whoever runs a node looks here from time to time, and ends the process.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use plugcoin_sdk::hooks::HookKind;

use super::Watch;

/// The looks so far; entering a plugin notes it, since that costs less than reading a clock.
static LOOKS: AtomicU32 = AtomicU32::new(1);

/// Where each thread says where it is.
static THREADS: Mutex<Vec<&'static Thread>> = Mutex::new(Vec::new());

/// The entries of threads that have ended.
static FREE: Mutex<Vec<&'static Thread>> = Mutex::new(Vec::new());

/// Every watch, in its place.
static WATCHES: Mutex<Vec<Weak<Watch>>> = Mutex::new(Vec::new());

struct Thread {
    /// Its place among all.
    number: usize,
    /// The plugin that it is in; 0 outside.
    inside: AtomicU64,
    /// What the thread is called.
    name: Mutex<String>,
}

/// The entry of all threads that have called no plugin yet; nothing is noted in it.
static NEW: Thread = Thread {
    number: usize::MAX,
    inside: AtomicU64::new(0),
    name: Mutex::new(String::new()),
};

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

thread_local! {
    // It outlives its thread, and serves another: so looking it up costs nothing.
    static HERE: Cell<&'static Thread> = const { Cell::new(&NEW) };
    static END: Cell<Option<End>> = const { Cell::new(None) };
}

/// Gives a thread's entry back when the thread ends.
struct End(&'static Thread);

impl Drop for End {
    fn drop(&mut self) {
        self.0.inside.store(0, Ordering::Relaxed);
        HERE.set(&NEW);
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(self.0);
    }
}

/// Gives a new watch its place.
pub(super) fn register(make: impl FnOnce(Mark) -> Watch) -> Arc<Watch> {
    let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    let free = watches.iter().position(|watch| watch.strong_count() == 0);
    let place = free.unwrap_or(watches.len());
    let watch = Arc::new(make(Mark((place as u64) << 32)));
    match free {
        Some(place) => watches[place] = Arc::downgrade(&watch),
        None => watches.push(Arc::downgrade(&watch)),
    }
    watch
}

/// Where this thread says where it is.
#[derive(Clone, Copy)]
pub(super) struct Place(&'static Thread);

impl Place {
    /// Registers the thread if this is its first call.
    pub(super) fn here() -> Self {
        let thread = HERE.get();
        match thread.number == NEW.number {
            true => Self(register_thread()),
            false => Self(thread),
        }
    }

    /// The same, but [`NEW`] for a thread's first call.
    #[inline]
    pub(super) fn of_old_thread() -> Self {
        Self(HERE.get())
    }

    /// A small number that no other thread has while this one lives.
    #[inline]
    pub(super) fn number(self) -> usize {
        self.0.number
    }
}

/// While it lives, this thread is inside a plugin.
pub(super) struct Inside(&'static Thread);

impl Inside {
    #[inline]
    pub(super) fn enter(Place(thread): Place, watch: Mark) -> Self {
        let since = LOOKS.load(Ordering::Relaxed);
        let inside = watch.0 | u64::from(since);
        thread.inside.store(inside, Ordering::Relaxed);
        Self(thread)
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        self.0.inside.store(0, Ordering::Relaxed);
    }
}

/// A watch's place in the higher half of a word, whose lower half is for the looks when the plugin was
/// entered, of which there was one at least: so noting both is one store.
#[derive(Clone, Copy)]
pub(super) struct Mark(u64);

/// The place and the looks; none outside.
fn entered(inside: u64) -> Option<(usize, u32)> {
    (inside != 0).then_some(((inside >> 32) as usize, inside as u32))
}

#[cold]
fn register_thread() -> &'static Thread {
    let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let thread = free.unwrap_or_else(|| {
        let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        let new: &'static Thread = Box::leak(Box::new(Thread {
            number: threads.len(),
            inside: AtomicU64::new(0),
            name: Mutex::default(),
        }));
        threads.push(new);
        new
    });
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    *thread.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
    HERE.set(thread);
    // A thread that is ending may be inside a plugin once more; its entry is not used again then.
    let _ = END.try_with(|end| end.set(Some(End(thread))));
    thread
}

/// Looks once, and names a plugin for which the node waits and that has held a thread for this long.
///
/// * Also one whose default would take over if it failed: its thread can't be had back.
/// * Called at an even pace, `each` apart.
pub fn stuck(each: Duration, limit: Duration) -> Option<Stuck> {
    all_stuck(each, limit).into_iter().next()
}

fn all_stuck(each: Duration, limit: Duration) -> Vec<Stuck> {
    let now = LOOKS.fetch_add(1, Ordering::Relaxed) + 1;
    let looks = limit.as_nanos().div_ceil(each.as_nanos().max(1));
    let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let stuck = |thread: &&'static Thread| {
        let (place, since) = entered(thread.inside.load(Ordering::Relaxed))?;
        if u128::from(now.saturating_sub(since)) < looks {
            return None;
        }
        let watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
        let watch = watches.get(place)?.upgrade();
        let watch = watch.filter(|watch| watch.holds_up_the_node())?;
        let name = thread.name.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Stuck {
            plugin: watch.plugin().clone(),
            hook: watch.hook(),
            thread: name.clone(),
        })
    };
    threads.iter().filter_map(stuck).collect()
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
        // The looks follow at once, and rules of other tests may be at work during all of them.
        let look = || {
            let all = all_stuck(second, 3 * second);
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

    #[test]
    fn threads_that_end_leave_no_entries_behind() {
        let log = Setup::default().log();
        let watch = Watch::new("short", log, HookKind::Reward);
        let entries = || THREADS.lock().unwrap().len();
        let before = entries();
        for _ in 0..100 {
            let watch = watch.clone();
            let thread = std::thread::spawn(move || watch.measure(|| Ok(())).is_ok());
            assert!(thread.join().unwrap());
        }
        // Other tests have threads of their own.
        assert!(entries() < before + 50, "{} entries", entries());
    }
}
