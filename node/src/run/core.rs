//! The one thread that owns the node: decide, commit, tell.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use plugcoin_core::chain::Served;
use plugcoin_core::{Input, Judging, Node, Output, Reply, Step};
use plugcoin_http::Unavailable;
use plugcoin_sdk::hooks::{Contact, Record, Storage};
use plugcoin_sdk::ledger::{Address, Hash};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::calls::Calls;
use super::clock::now_us;
use super::events::Observers;
use super::limits::{BATCH_BYTES_MAX, BATCH_MAX, QUEUE_MAX, TICK_MS};
use super::miner::Miner;
use super::poison_file::Poison;
use super::snapshots::Snapshots;

/// The name of this thread.
pub(crate) const CORE: &str = "core";

/// A place in the queue, which is free again when all who hold it are done.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// Something for the thread that owns the node.
enum Message {
    /// An input; it may need the node to be put together.
    Input {
        make: Box<dyn FnOnce(&Node) -> Input + Send>,
        reply: Option<oneshot::Sender<Reply>>,
        /// Its place in the queue, which is free again when it is handled.
        place: Option<Place>,
    },
    /// A question; what comes back tells the answer, and is called after the commit.
    Query(Box<dyn FnOnce(&Node) -> Tell + Send>, Place),
    /// Something failed that decides what is valid, over this: the node must stop.
    Fault(Error, Option<Hash>),
    /// The node shall stop.
    Stop,
}

/// Tells an answer to whoever waits for it.
type Tell = Box<dyn FnOnce() + Send>;

/// The way to the node.
///
/// * What comes from outside is bounded, and refused beyond; the node's own inputs are bounded by
///   what it asked for.
#[derive(Clone)]
pub(crate) struct CoreQueue {
    messages: Sender<Message>,
    places: Arc<Semaphore>,
}

/// The other end of a [`CoreQueue`].
pub(crate) struct CoreMessages(Receiver<Message>);

impl CoreQueue {
    /// A queue and its other end.
    pub(crate) fn new() -> (Self, CoreMessages) {
        let (messages, received) = channel();
        let places = Arc::new(Semaphore::new(QUEUE_MAX));
        (Self { messages, places }, CoreMessages(received))
    }

    /// Brings one of the node's own inputs; nobody waits for the reply.
    pub(crate) fn bring(&self, input: Input) {
        // Without a receiver the node is stopping, and nobody needs it.
        let _ = self.messages.send(Message::Input {
            make: Box::new(|_| input),
            reply: None,
            place: None,
        });
    }

    /// Stops the node: something failed that decides what is valid; `over` is refused from then on.
    pub(crate) fn fault(&self, error: Error, over: Option<Hash>) {
        let _ = self.messages.send(Message::Fault(error, over));
    }

    /// Stops the node when all that is queued is done.
    pub(crate) fn stop(&self) {
        let _ = self.messages.send(Message::Stop);
    }

    /// Brings an input from outside and waits until it is durable.
    pub(crate) async fn post(
        &self,
        make: impl FnOnce(&Node) -> Input + Send + 'static,
    ) -> Result<Reply, Unavailable> {
        self.post_at(self.place()?, make).await
    }

    /// The same with a place in the queue that was taken before.
    pub(crate) async fn post_at(
        &self,
        place: Place,
        make: impl FnOnce(&Node) -> Input + Send + 'static,
    ) -> Result<Reply, Unavailable> {
        let (reply, replied) = oneshot::channel();
        self.send(Message::Input {
            make: Box::new(make),
            reply: Some(reply),
            place: Some(place),
        })?;
        replied.await.map_err(|_| Unavailable::Fault)
    }

    /// Asks the node something; the answer reveals only what is durable.
    pub(crate) async fn query<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Node) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.query_at(self.place()?, ask).await
    }

    /// The same at a place in the queue that was taken before.
    pub(crate) async fn query_at<T: Send + 'static>(
        &self,
        place: Place,
        ask: impl FnOnce(&Node) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let ask = |node: &Node| {
            let found = ask(node);
            Box::new(move || drop(answer.send(found))) as Tell
        };
        self.send(Message::Query(Box::new(ask), place))?;
        answered.await.map_err(|_| Unavailable::Fault)
    }

    /// Takes a place in the queue.
    pub(crate) fn place(&self) -> Result<Place, Unavailable> {
        let places = self.places.clone();
        let place = places.try_acquire_owned();
        place.map(Arc::new).map_err(|_| Unavailable::Busy)
    }

    fn send(&self, message: Message) -> Result<(), Unavailable> {
        self.messages.send(message).map_err(|_| Unavailable::Busy)
    }
}

/// The node with all that its steps reach.
pub(crate) struct Core {
    /// The node.
    pub(crate) node: Node,
    /// What comes in.
    pub(crate) messages: CoreMessages,
    /// Where records go.
    pub(crate) storage: Arc<dyn Storage>,
    /// Where the node's snapshots are kept.
    pub(crate) snapshots: Snapshots,
    /// The way back to this thread.
    pub(crate) queue: CoreQueue,
    /// This node's plugins, as it says to others.
    pub(crate) plugins: Value,
    /// What the node says of itself.
    pub(crate) contact: watch::Sender<Contact>,
    /// What others may be told of the chain, without asking this thread.
    pub(crate) served: Arc<RwLock<Served>>,
    /// Where calls go.
    pub(crate) calls: Calls,
    /// Where jobs go.
    pub(crate) miner: Miner,
    /// Where events go.
    pub(crate) observers: Observers,
    /// What the node judges.
    pub(crate) judging: Judging,
    /// Where what made a plugin fail is written down.
    pub(crate) poison: Poison,
    /// Where the known peers go.
    pub(crate) peers: watch::Sender<Vec<Address>>,
}

/// What was decided and is not told yet.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    bytes: usize,
    tell: Vec<Tell>,
    outputs: Vec<Output>,
    stop: bool,
}

impl Core {
    /// Works until it is told to stop; then everything that was decided is on disk.
    ///
    /// # Errors
    /// Whatever a hook failed with that decides what is valid, or the storage.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        let result = self.work();
        if let (Err(error), Some(hash)) = (&result, self.judging.get())
            && error.kind() == ErrorKind::Plugin
        {
            self.poison.add(hash, error);
        }
        if result.is_ok() {
            self.snapshots.end(&self.node);
        }
        self.observers.end();
        result
    }

    fn work(&mut self) -> Result<(), Error> {
        // From here on the node says itself when it wants to be woken.
        let mut wake = true;
        loop {
            let mut batch = Batch::default();
            match self.messages.0.recv_timeout(self.until_wake(wake)) {
                Ok(message) => self.take(message, &mut batch)?,
                // Also if the clock, which was set back meanwhile, says that it is not time yet.
                Err(RecvTimeoutError::Timeout) => wake = true,
                Err(RecvTimeoutError::Disconnected) => batch.stop = true,
            }
            for _ in 1..BATCH_MAX {
                if batch.stop || batch.bytes > BATCH_BYTES_MAX {
                    break;
                }
                match self.messages.0.try_recv() {
                    Ok(message) => self.take(message, &mut batch)?,
                    Err(_) => break,
                }
            }
            if wake || self.node.wake_us().is_some_and(|due| due <= now_us()) {
                wake = false;
                let step = self.node.handle(now_us(), Input::Ticked)?;
                self.add(step, &mut batch);
            }
            self.commit(&batch.records)?;
            let stop = batch.stop;
            self.tell(batch);
            self.snapshots.follow(&self.node);
            if stop {
                return Ok(());
            }
        }
    }

    /// How long nothing needs be done if nothing comes.
    fn until_wake(&self, at_once: bool) -> Duration {
        match self.node.wake_us() {
            _ if at_once => Duration::ZERO,
            Some(wake) => {
                let wait = u64::try_from(wake.saturating_sub(now_us())).unwrap_or(0);
                Duration::from_micros(wait).max(Duration::from_millis(TICK_MS))
            }
            None => Duration::from_secs(3_600),
        }
    }

    fn take(&mut self, message: Message, batch: &mut Batch) -> Result<(), Error> {
        match message {
            Message::Input { make, reply, place } => {
                let input = make(&self.node);
                let step = self.node.handle(now_us(), input)?;
                let said = self.add(step, batch);
                if let Some(reply) = reply {
                    batch.tell.push(Box::new(move || drop(reply.send(said))));
                }
                drop(place);
            }
            Message::Query(ask, place) => {
                batch.tell.push(ask(&self.node));
                drop(place);
            }
            Message::Fault(error, over) => {
                self.judging.set(over);
                return Err(error);
            }
            Message::Stop => batch.stop = true,
        }
        Ok(())
    }

    /// Adds what came of a step to what is told when all of the batch is durable; its reply comes back.
    fn add(&self, step: Step, batch: &mut Batch) -> Reply {
        let ends_search = |output: &Output| matches!(output, Output::Seal(_) | Output::StopSealing);
        if step.outputs.iter().any(ends_search) {
            // It is stale now: neither the rest of the batch nor the disk is waited for.
            self.miner.stop();
        }
        batch.add(step)
    }

    fn commit(&mut self, records: &[Record]) -> Result<(), Error> {
        let served = self.served.clone();
        let served = || served.write().unwrap_or_else(PoisonError::into_inner);
        self.node.hide(&mut served());
        if !records.is_empty() {
            self.storage.append(records)?;
        }
        self.node.committed();
        self.node.show(&mut served());
        let contact = self.node.contact();
        self.contact.send_if_modified(|told| {
            let news = *told != contact;
            *told = contact;
            news
        });
        Ok(())
    }

    fn tell(&mut self, batch: Batch) {
        for tell in batch.tell {
            tell();
        }
        for output in batch.outputs {
            match output {
                Output::Call(call) => self.calls.call(call),
                Output::Compare {
                    address,
                    rules,
                    theirs,
                } => {
                    let differences = plugcoin_host::differences(&self.plugins, &theirs);
                    self.queue.bring(Input::Compared {
                        address,
                        rules,
                        differences,
                    });
                }
                Output::SavePeers(peers) => drop(self.peers.send_replace(peers)),
                Output::Seal(job) => self.miner.search(*job),
                Output::StopSealing => self.miner.stop(),
                Output::Tell(event) => self.observers.tell(event, now_us()),
            }
        }
    }
}

impl Batch {
    /// Adds a step's records and outputs; its reply comes back.
    fn add(&mut self, step: Step) -> Reply {
        self.bytes += step.records.iter().map(|r| r.text().len()).sum::<usize>();
        self.records.extend(step.records);
        self.outputs.extend(step.outputs);
        step.reply
    }
}
