//! Three nodes that know each other, each of which may be away.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use super::client;
use super::pauses::until;
use crate::program::running::Running;

/// What every node is started with: blocks cost nothing, and come every ten payments.
const ARGS: &str = "--set zeros.zeros=1 --set fifo.n_transactions=10 --threads 1 \
                    --plugin events-jsonl --set events-jsonl.max_bytes=10000000000";

/// A node in a folder of its own, which is started again on the port that it had.
pub(crate) struct Member {
    dir: TempDir,
    args: String,
    running: Mutex<Option<Running>>,
    /// Where it serves, whenever it does.
    pub(crate) address: String,
    /// Odd while it is away; it grows with each going and coming.
    turns: AtomicU64,
}

impl Member {
    fn start(peers: &[Self]) -> Self {
        let dir = tempdir().unwrap();
        let peers: String = { peers.iter() }
            .map(|peer| format!(" --peer {}", peer.address))
            .collect();
        let running = Running::start(dir.path(), &format!("--port 0 {ARGS}{peers}"));
        Self {
            args: format!("--port {} {ARGS}{peers}", running.port()),
            address: running.address.clone(),
            running: Mutex::new(Some(running)),
            turns: AtomicU64::new(0),
            dir,
        }
    }

    /// Its folder.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its port.
    pub(crate) fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap().1
    }

    /// How often it has gone and come, if it is there now: who finds the same number after a request
    /// knows that it was there all the time.
    pub(crate) fn is_here(&self) -> Option<u64> {
        Some(self.turns.load(Ordering::SeqCst)).filter(|turns| turns % 2 == 0)
    }

    /// Its process, while there is one.
    pub(crate) fn id(&self) -> Option<u32> {
        self.running.lock().unwrap().as_ref().map(Running::id)
    }

    /// Sends it a signal.
    fn signal(&self, signal: Signal) {
        self.running
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .signal(signal);
    }

    /// Stops it, as it is, does something, and lets it go on.
    pub(crate) fn frozen(&self, meanwhile: impl FnOnce()) {
        self.away(|| {
            self.signal(Signal::STOP);
            meanwhile();
            self.signal(Signal::CONT);
        });
    }

    /// Ends it at once, does something, and starts it again.
    pub(crate) fn killed(&self, meanwhile: impl FnOnce()) {
        self.away(|| {
            let running = self.running.lock().unwrap().take().unwrap();
            no_panic(&running);
            drop(running);
            meanwhile();
            self.come_back();
        });
    }

    /// Tells it to end, does something, and starts it again.
    pub(crate) fn stopped(&self, meanwhile: impl FnOnce()) {
        self.away(|| {
            self.end();
            meanwhile();
            self.come_back();
        });
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn end(&self) {
        let running = self.running.lock().unwrap().take().unwrap();
        no_panic(&running);
        assert_eq!(running.stop(Signal::TERM).0, 0, "{}", self.address);
    }

    fn away(&self, what: impl FnOnce()) {
        self.turns.fetch_add(1, Ordering::SeqCst);
        what();
        self.turns.fetch_add(1, Ordering::SeqCst);
    }

    fn come_back(&self) {
        let running = until("its port", || {
            match Running::try_start(self.dir(), &self.args) {
                Ok(running) => Some(running),
                // A client's connection may have taken the port for a moment.
                Err((4, _)) => None,
                Err((code, log)) => panic!("it ended with {code}: {log}"),
            }
        });
        *self.running.lock().unwrap() = Some(running);
    }

    /// How it says it is.
    pub(crate) fn status(&self) -> Option<Value> {
        let (_, body) = client::ask(&self.address, "GET", "/status", b"").ok()?;
        serde_json::from_str(&body).ok()
    }
}

fn no_panic(running: &Running) {
    let log = running.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Starts three nodes, of which each knows those before it.
pub(crate) fn start() -> Vec<Member> {
    let mut members = Vec::new();
    for _ in 0..3 {
        let member = Member::start(&members);
        members.push(member);
    }
    members
}

/// Waits until all say the same tip and wait for the same number of payments, fewer than a block's.
pub(crate) fn agree(members: &[Member]) -> Value {
    until("three nodes to agree", || {
        let states: Option<Vec<_>> = members.iter().map(Member::status).collect();
        let states = states?;
        let same = |name: &str| states.iter().all(|state| state[name] == states[0][name]);
        let is_quiet = states[0]["pool"].as_u64()? < 10;
        (same("tip") && same("pool") && is_quiet).then(|| states[0].clone())
    })
}
