//! The tasks of a running node.
//!
//! * One thread owns the node and takes in everything through one queue (`core`).
//! * Around it: the HTTP routes (`backend`), a worker for each peer (`calls`), the threads that
//!   read and verify ahead of the queue (`ahead`), the miner's threads (`miner`), the observers
//!   (`events`) and the writer of the known peers.

mod ahead;
mod atomic_write;
mod backend;
mod calls;
pub(crate) mod clock;
mod core;
mod events;
mod limits;
mod lines;
mod miner;
mod money;
mod open;
mod pace;
mod peers_file;
mod poison_file;
mod progress;
pub(crate) mod rules_file;
mod snapshots;
mod sources;
mod stuck;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use plugcoin_core::chain::Served;
use plugcoin_http::{Money, Settings, router, serve};
use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::{Error, ErrorKind};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use crate::cli::summary::Summary;
use crate::cli::{Failure, output};
use crate::config::Config;
use ahead::Ahead;
use backend::NodeBackend;
use calls::Calls;
use clock::now_us;
use core::{CORE, Core, CoreQueue};
use events::Observers;
use limits::{END_MS, SAVE_PEERS_MS};
use miner::Miner;
use money::Paid;
use open::Opened;
use snapshots::Snapshots;
use sources::Sources;

/// Runs a node until it is told to stop.
///
/// # Errors
/// [`Failure`] with the exit code that says why it didn't start, or why it stopped.
pub fn run(config: Config) -> Result<(), Failure> {
    let started = Instant::now();
    let money = money::policy(&config)?;
    let (listener, address) = open::bind(&config)?;
    let opened = Opened::open(&config, address.port())?;
    let runtime = runtime()?;
    let result = runtime.block_on(serve_until_stopped(
        config, listener, address, opened, money, started,
    ));
    // What is left has nothing to lose: calls to peers.
    runtime.shutdown_timeout(Duration::from_millis(END_MS));
    result
}

fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Io, "the system gives no threads").because(error))
}

async fn serve_until_stopped(
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    opened: Opened,
    money: Money,
    started: Instant,
) -> Result<(), Failure> {
    let io = |error| Error::new(ErrorKind::Io, "the port can't be served").because(error);
    let listener = tokio::net::TcpListener::from_std(listener).map_err(io)?;
    let stopped = stop_signal()?;
    let summary = opened.summary(&config, address);

    let hooks = &opened.resolved.hooks;
    let (queue, messages) = CoreQueue::new();
    let (contact, told_contact) = watch::channel(opened.node.contact());
    let mut served = Served::default();
    opened.node.show(&mut served);
    let served = Arc::new(RwLock::new(served));
    let (peers, known_peers) = watch::channel(opened.node.peers(now_us()));
    let miner = Miner::start(config.threads, &hooks.consensus, &queue, &opened.judgings)?;
    let ahead = Ahead::start(opened.node.verifier(), &opened.judgings)?;
    let snapshots = Snapshots::new(hooks.storage.hook.clone(), &opened.node);
    let core = Core {
        node: opened.node,
        messages,
        queue: queue.clone(),
        storage: hooks.storage.hook.clone(),
        snapshots,
        plugins: opened.resolved.manifests_json(),
        contact,
        served: served.clone(),
        calls: Calls::new(
            opened.resolved.transport.hook.clone(),
            told_contact.clone(),
            ahead.clone(),
            queue.clone(),
            tokio::runtime::Handle::current(),
        ),
        miner: miner.clone(),
        observers: Observers::start(&hooks.observers, &opened.resolved.watches)?,
        peers,
        judging: opened.judging,
        poison: opened.poison,
    };
    let saver = tokio::spawn(save_peers(
        config.file("peers", address.port()),
        known_peers,
    ));
    let backend = NodeBackend {
        core: queue.clone(),
        ahead,
        contact: told_contact,
        served,
        sources: Sources::default(),
        introductions: Sources::default(),
        paid: Paid::new(config.money_per_client.clone(), config.money_rate.clone()),
        storage: hooks.storage.hook.clone(),
        miner: miner.clone(),
        resolved: opened.resolved,
        version: env!("CARGO_PKG_VERSION"),
        started,
    };
    let settings = Settings {
        advertise: config.advertise.clone(),
        money: money.clone(),
        ..Settings::default()
    };
    let mut core_ended = start(core)?;
    let routes = router(Arc::new(backend), settings.clone());
    money::tell(&config, &money);
    summary.print();
    output::answer(format_args!("listening on http://{address}"));

    // The server ends when somebody says so, or when the core can't go on.
    let mut core_result = None;
    let ending = async {
        tokio::select! {
            () = stopped => tracing::info!("stopping"),
            result = &mut core_ended => core_result = Some(result),
        }
    };
    let served = serve(listener, routes, settings, ending).await;
    miner.end();
    queue.stop();
    let core_result = match core_result {
        Some(result) => result,
        None => core_ended.await,
    };
    let _ = saver.await;
    core_result.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Plugin,
            "the node panicked; its journal holds all that it acknowledged",
        ))
    })?;
    tracing::info!("stopped");
    Ok(served?)
}

/// Starts the thread that owns the node; what it ends with comes back.
fn start(core: Core) -> Result<oneshot::Receiver<Result<(), Error>>, Error> {
    let (end, ended) = oneshot::channel();
    thread::Builder::new()
        .name(CORE.to_owned())
        .spawn(move || {
            let result = core.run();
            if let Err(error) = &result {
                tracing::error!(%error, "the node can't go on");
            }
            let _ = end.send(result);
        })
        .map_err(|error| Error::new(ErrorKind::Io, "the system gives no thread").because(error))?;
    Ok(ended)
}

/// Ready when the node is told to stop: by Ctrl-C, or by SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>, Error> {
    let on = |kind| {
        signal(kind).map_err(|error| {
            Error::new(ErrorKind::Io, "the system gives no signals").because(error)
        })
    };
    let mut interrupt = on(SignalKind::interrupt())?;
    let mut terminate = on(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Writes the known peers down whenever they are others; the last ones at the end.
async fn save_peers(path: PathBuf, mut peers: watch::Receiver<Vec<Address>>) {
    while peers.changed().await.is_ok() {
        let known = peers.borrow_and_update().clone();
        let path = path.clone();
        let saved = tokio::task::spawn_blocking(move || peers_file::save(&path, &known)).await;
        if let Ok(Err(error)) = saved {
            // The chain is safe without them.
            tracing::warn!(%error, "the known peers can't be written down");
        }
        // Many changes are one write, unless it is the last one.
        let pause = tokio::time::sleep(Duration::from_millis(SAVE_PEERS_MS));
        let mut ended = peers.clone();
        let ended = async { while ended.changed().await.is_ok() {} };
        tokio::select! {
            () = pause => {}
            () = ended => {}
        }
    }
}

impl Opened {
    /// The names of its files: the storage's own, if it has one that outlives the process.
    fn files(&self, port: u16) -> Vec<String> {
        let storage = self.resolved.hooks.storage.hook.location();
        let storage = storage.map(|place| {
            let name = Path::new(&place).file_name();
            name.map_or(place.clone(), |name| name.to_string_lossy().into_owned())
        });
        let ours = ["wallet", "peers", "rules"].map(|kind| format!("{kind}-{port}.json"));
        storage.into_iter().chain(ours).collect()
    }

    fn summary(&self, config: &Config, address: SocketAddr) -> Summary {
        let tip = self.node.tip();
        Summary {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: format!("http://{address}"),
            data_dir: config.data_dir.display().to_string(),
            files: self.files(address.port()),
            wallet: self.public.clone(),
            reward_to: config.reward_to.clone(),
            peers: self.node.peer_count(),
            height: tip.nr,
            tip: tip.hash,
            waiting: self.node.waiting(),
            fingerprint: self.resolved.fingerprint,
            plugins: self.resolved.manifests.clone(),
        }
    }
}
