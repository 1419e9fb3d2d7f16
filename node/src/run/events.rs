//! What happened, told to people in the log and to the observers.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plugcoin_host::Watch;
use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Event, HookKind, Observer};
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::plugin::Active;
use plugcoin_sdk::{Error, ErrorKind};

use super::limits::{EVENTS_MAX, OBSERVERS_END_MS};
use super::lines::Lines;
use super::progress::Progress;

/// The observers, each behind a queue and a thread of its own; and people, who read the log.
pub(crate) struct Observers {
    watching: Vec<Watching>,
    progress: Progress,
    lines: Lines,
}

struct Watching {
    plugin: Arc<str>,
    queue: Option<SyncSender<(Arc<Event>, i64)>>,
    thread: JoinHandle<()>,
    missed: u64,
    /// Where that is told to whoever asks for `/plugins`.
    watch: Option<Arc<Watch>>,
}

impl Observers {
    /// Starts a thread for each.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system gives no thread.
    pub(crate) fn start(
        observers: &[Active<dyn Observer>],
        watches: &[Arc<Watch>],
    ) -> Result<Self, Error> {
        let start = |active: &Active<dyn Observer>| {
            let (queue, events) = sync_channel::<(Arc<Event>, i64)>(EVENTS_MAX);
            let hook = active.hook.clone();
            let thread = thread::Builder::new()
                .name(format!("observer-{}", active.plugin))
                .spawn(move || {
                    for (event, now_us) in events {
                        if let Err(error) = hook.on_event(&event, now_us) {
                            tracing::error!(%error, "an observer failed");
                            return;
                        }
                    }
                })
                .map_err(|error| {
                    Error::new(ErrorKind::Io, "the system gives no thread for an observer")
                        .with("plugin", &active.plugin)
                        .because(error)
                })?;
            Ok(Watching {
                plugin: active.plugin.clone(),
                queue: Some(queue),
                thread,
                missed: 0,
                watch: watches
                    .iter()
                    .find(|watch| watches_over(watch, active))
                    .cloned(),
            })
        };
        Ok(Self {
            watching: observers.iter().map(start).collect::<Result<_, _>>()?,
            progress: Progress::default(),
            lines: Lines::default(),
        })
    }

    /// Tells everybody; who is slow misses it.
    pub(crate) fn tell(&mut self, event: Event, now_us: i64) {
        if !self.progress.tells(&event, now_us) {
            let lines = self.lines.allow(&event, now_us);
            self.progress.beside(|| log(&event, lines));
        }
        if self.watching.is_empty() {
            return;
        }
        let event = Arc::new(event);
        for watching in &mut self.watching {
            let Some(queue) = &watching.queue else {
                continue;
            };
            match queue.try_send((event.clone(), now_us)) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    watching.missed += 1;
                    if let Some(watch) = &watching.watch {
                        watch.miss();
                    }
                    if watching.missed == 1 {
                        tracing::warn!(plugin = %watching.plugin, "an observer is slow and misses events");
                    }
                }
                Err(TrySendError::Disconnected(_)) => {
                    tracing::error!(plugin = %watching.plugin, "an observer is off");
                    watching.queue = None;
                }
            }
        }
    }

    /// Lets them see what is queued, for a moment.
    pub(crate) fn end(self) {
        let deadline = Instant::now() + Duration::from_millis(OBSERVERS_END_MS);
        let threads = self.watching.into_iter();
        let threads: Vec<_> = threads.map(|watching| watching.thread).collect();
        // The queues are closed by now: each thread ends after its last event.
        while Instant::now() < deadline && !threads.iter().all(JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn watches_over(watch: &Watch, observer: &Active<dyn Observer>) -> bool {
    watch.hook() == HookKind::Observer && *watch.plugin() == observer.plugin
}

/// One line for each event; none for one of a flood, and the next tells how many had none.
fn log(event: &Event, lines: Option<u64>) {
    match lines {
        Some(0) => {}
        Some(left_out) => tracing::warn!(left_out, "more was refused than is told"),
        None => return tracing::debug!(?event, "event"),
    }
    match event {
        Event::BlockAccepted {
            hash,
            nr,
            transactions,
            own,
            best,
        } => tracing::info!(nr, hash = %hash.short(), transactions, own, best, "block accepted"),
        Event::BlockRefused { hash, reason } => refused("block refused", hash, reason),
        Event::BlockWaiting { hash, parent } => {
            tracing::info!(hash = %hash.short(), parent = %parent.short(), "block waits for its parent");
        }
        Event::TransactionAccepted { id } => tracing::debug!(%id, "transaction accepted"),
        Event::TransactionRefused { id, reason } => refused("transaction refused", id, reason),
        Event::TransactionDropped { id, reason } => refused("transaction dropped", id, reason),
        Event::Reorganised {
            from,
            to,
            fork_nr,
            left,
            joined,
        } => {
            tracing::info!(from = %from.short(), to = %to.short(), fork_nr, left, joined, "reorganised")
        }
        Event::PeerAdded { address } => tracing::info!(%address, "peer added"),
        Event::PeerDropped { address, reason } => tracing::info!(%address, reason, "peer dropped"),
        Event::PeerBanned {
            address,
            until_us,
            reason,
        } => tracing::warn!(%address, until_us, %reason, "peer banned"),
        Event::PeerDiffers {
            address,
            rules,
            differences,
        } => {
            tracing::warn!(%address, %rules, differences = differences.join("; "), "peer runs other rules")
        }
        Event::SyncStarted { address, nr } => tracing::info!(%address, nr, "fetching the chain"),
        Event::SyncEnded { nr, reason: None } => tracing::info!(nr, "the chain is fetched"),
        Event::SyncEnded {
            nr,
            reason: Some(reason),
        } => tracing::warn!(nr, reason, "fetching the chain was given up"),
        _ => tracing::debug!(?event, "event"),
    }
}

fn refused(what: &str, hash: &Hash, reason: &Invalid) {
    let (rule, why) = (&*reason.rule, &*reason.message);
    let named = |name| Some(name).filter(|name: &&str| !name.is_empty());
    let (plugin, version) = (named(&reason.plugin), named(&reason.version));
    let (observed, required) = (reason.observed.as_deref(), reason.required.as_deref());
    // What may yet become valid is nobody's fault.
    match reason.transient || reason.penalty == 0 {
        true => tracing::info!(%hash, rule, why, plugin, version, observed, required, "{what}"),
        false => tracing::warn!(%hash, rule, why, plugin, version, observed, required, "{what}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    /// An observer that stays with its first event.
    struct Slow(Mutex<std::sync::mpsc::Receiver<()>>);

    impl Observer for Slow {
        fn on_event(&self, _: &Event, _: i64) -> Result<(), Error> {
            let _ = self.0.lock().map(|held| held.recv());
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_a_slow_observer() {
        let (leave, may_leave) = channel();
        let slow = Active::new("slow", Arc::new(Slow(Mutex::new(may_leave))) as _);
        let mut observers = Observers::start(&[slow], &[]).unwrap();
        for _ in 0..3 * EVENTS_MAX {
            observers.tell(
                Event::SyncEnded {
                    nr: 1,
                    reason: None,
                },
                0,
            );
        }
        // One is in its hands perhaps, and the queue is full.
        let missed = observers.watching[0].missed as usize;
        assert!(
            (2 * EVENTS_MAX - 1..=2 * EVENTS_MAX).contains(&missed),
            "{missed}"
        );
        drop(leave);
        observers.end();
    }
}
