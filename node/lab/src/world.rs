//! [`World`]: nodes, a network between them, and a virtual clock.

mod calls;
mod deliver;

use std::net::IpAddr;
use std::sync::Arc;

use plugcoin_core::{CallFailure, Config, Input, Node, Reply};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Contact, Event, Item, KeyPair, PeerReply, PeerRequest, Record, Storage};
use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::plugin::Hooks;

use crate::Draw;
use crate::byzantine::Strategy;
use crate::disk::{Disk, DiskFault, Drive, MemoryDisk};
use crate::network::{Link, Network};
use crate::place::{Caller, Place, Waits};
use crate::queue::Queue;

/// Where simulated nodes live: port 10000 and up of one address.
const FIRST_PORT: u16 = 10_000;

/// The address of them all.
const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Who is told, in lines, what happens.
pub type Watch = Box<dyn FnMut(&str)>;

/// Something that happens at its time.
#[derive(Debug)]
enum Message {
    Request {
        to: usize,
        from: Caller,
        contact: Contact,
        request: PeerRequest,
    },
    Answer {
        to: Caller,
        result: Result<PeerReply, CallFailure>,
    },
    Wake {
        node: usize,
    },
    Written {
        node: usize,
        start: u64,
    },
    Sealing {
        node: usize,
        job: u64,
    },
    Act {
        node: usize,
        start: u64,
    },
}

/// Real cores in one thread, with a virtual clock and a seeded network.
pub struct World {
    queue: Queue<Message>,
    draw: Draw,
    network: Network,
    /// How long a seal takes to be found at most, in microseconds.
    seal_max_us: u64,
    /// How long a disk takes to write at most, in microseconds.
    write_max_us: u64,
    places: Vec<Place>,
    watch: Option<Watch>,
}

impl World {
    /// An empty world at this moment, in microseconds since 1970.
    pub fn new(seed: u64, now_us: i64, link: Link) -> Self {
        Self {
            queue: Queue::new(now_us),
            draw: Draw::new(seed),
            network: Network::new(link),
            seal_max_us: 500_000,
            write_max_us: 0,
            places: Vec::new(),
            watch: None,
        }
    }

    /// Lets disks take up to this long for a write; what is decided meanwhile is written with the
    /// next one. At first they take no time.
    pub fn write_max_us(&mut self, write_max_us: u64) {
        self.write_max_us = write_max_us;
    }

    /// Tells of every input and what comes of it, a line each.
    pub fn watch(&mut self, watch: Watch) {
        self.watch = Some(watch);
    }

    /// The address of a node.
    pub fn address(node: usize) -> Address {
        Address::new(IP, FIRST_PORT + node as u16)
    }

    /// The node of an address, whether there is one or not.
    fn number(address: &Address) -> Option<usize> {
        let number = usize::from(address.port().checked_sub(FIRST_PORT)?);
        (*address == Self::address(number)).then_some(number)
    }

    /// Adds a node that knows some others, on a disk in memory, and starts it; its number.
    ///
    /// * `hooks` is given the node's storage.
    ///
    /// # Errors
    /// Whatever the node says when it is opened.
    pub fn add(
        &mut self,
        hooks: impl FnOnce(Arc<dyn Storage>) -> Hooks,
        wallet: Option<KeyPair>,
        config: Config,
        knows: &[usize],
    ) -> Result<usize, Error> {
        self.add_on(Box::<MemoryDisk>::default(), hooks, wallet, config, knows)
    }

    /// Adds a node on a disk.
    ///
    /// # Errors
    /// Whatever the node says when it is opened.
    pub fn add_on(
        &mut self,
        disk: Box<dyn Disk>,
        hooks: impl FnOnce(Arc<dyn Storage>) -> Hooks,
        wallet: Option<KeyPair>,
        config: Config,
        knows: &[usize],
    ) -> Result<usize, Error> {
        let number = self.places.len();
        let drive = Arc::new(Drive::default());
        let hooks = hooks(drive.clone());
        let config = Config {
            me: Contact {
                port: Some(FIRST_PORT + number as u16),
                ..config.me
            },
            pinned: knows.iter().map(|&node| Self::address(node)).collect(),
            seed: number as u64,
            ..config
        };
        self.places
            .push(Place::new(disk, drive, hooks, wallet, config));
        self.start(number)?;
        Ok(number)
    }

    /// Makes a node Byzantine, or honest again: a core still runs there, behind this strategy.
    pub fn corrupt(&mut self, number: usize, strategy: Option<Box<dyn Strategy>>) {
        self.places[number].strategy = strategy;
        self.act_soon(number);
    }

    /// Starts a stopped node from its journal; if its disk was told to fail it may stop at once.
    ///
    /// # Errors
    /// Whatever the node says when it is opened.
    pub fn start(&mut self, number: usize) -> Result<(), Error> {
        let now_us = self.queue.now_us();
        self.note(|| format!("{number} starts"));
        if let Err(error) = self.places[number].start(number, now_us) {
            return self.fault(number, error);
        }
        self.act_soon(number);
        self.take(number, Input::Ticked, Waits::Nobody)
    }

    /// Stops a node at once; its journal stays, without what was not written yet.
    pub fn stop(&mut self, number: usize) {
        self.note(|| format!("{number} stops"));
        let batch = self.places[number].stop();
        self.leave_waiting(batch.told);
    }

    /// Stops a node by a power cut: of what was being written a part is there, or all, or nothing.
    ///
    /// # Errors
    /// Whatever its disk says.
    pub fn crash(&mut self, number: usize) -> Result<(), Error> {
        self.note(|| format!("{number} crashes"));
        let told = self.places[number].crash(&mut self.draw)?;
        self.leave_waiting(told);
        Ok(())
    }

    /// Lets a node's disk fail at its next write or read, or no more; the node stops by it, as by a
    /// power cut.
    pub fn fail(&mut self, number: usize, fault: Option<DiskFault>) {
        self.note(|| format!("{number} will fail: {fault:?}"));
        self.places[number].drive.fail(fault);
    }

    /// Sets how far a node's clock is ahead of the world's, in microseconds.
    pub fn set_clock(&mut self, number: usize, ahead_us: i64) {
        self.note(|| format!("{number} is ahead by {ahead_us}"));
        let place = &mut self.places[number];
        place.ahead_us = ahead_us;
        place.wake_us = None;
        self.wake_soon(number);
    }

    /// Cuts or joins the way between two nodes.
    pub fn cut(&mut self, a: usize, b: usize, cut: bool) {
        self.network.cut(a, b, cut);
        self.network.cut(b, a, cut);
    }

    /// Cuts or joins the way from one node to another, and not the way back.
    pub fn cut_one_way(&mut self, from: usize, to: usize, cut: bool) {
        self.network.cut(from, to, cut);
    }

    /// Puts a node into a part of the network; nothing comes through from another part.
    pub fn part(&mut self, node: usize, part: usize) {
        self.network.part(node, part);
    }

    /// Cuts no way any more.
    pub fn heal(&mut self) {
        self.network.heal();
    }

    /// Lets the network treat messages otherwise from now on.
    pub fn link(&mut self, link: Link) {
        self.network.link = link;
    }

    /// The clock, in microseconds since 1970.
    pub fn now_us(&self) -> i64 {
        self.queue.now_us()
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// A running node.
    pub fn node(&self, number: usize) -> Option<&Node> {
        self.places[number].node.as_ref()
    }

    /// A running node's storage.
    pub fn storage(&self, number: usize) -> &dyn Storage {
        &*self.places[number].drive
    }

    /// The public key of a node's wallet; nothing, if it has none.
    pub fn wallet(&self, number: usize) -> String {
        let wallet = self.places[number].wallet.as_ref();
        wallet
            .map(|wallet| wallet.public.clone())
            .unwrap_or_default()
    }

    /// What a node told so far.
    pub fn events(&self, number: usize) -> &[Event] {
        &self.places[number].events
    }

    /// What a node acknowledged so far: once for each item that was new to it.
    pub fn accepted(&self, number: usize) -> &[Item] {
        &self.places[number].accepted
    }

    /// What a running node's journal holds.
    ///
    /// # Errors
    /// Whatever its storage says.
    pub fn records(&self, number: usize) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        self.places[number].drive.replay(&mut |record| {
            records.push(record);
            Ok(())
        })?;
        Ok(records)
    }

    /// Brings a client's input to a node now, and does what it then says; its answer.
    ///
    /// # Errors
    /// The node's own fault.
    pub fn input(&mut self, number: usize, input: Input) -> Result<Reply, Error> {
        let waits = Waits::of(&input);
        self.decide(number, input, waits)?;
        Ok(self.commit(number)?.unwrap_or(Reply::Nothing))
    }

    /// Brings a client's input to a node now; it is answered when it is durable, if ever.
    ///
    /// # Errors
    /// The node's own fault.
    pub fn ask(&mut self, number: usize, input: Input) -> Result<(), Error> {
        let waits = Waits::of(&input);
        self.take(number, input, waits)
    }

    /// Lets time pass; every message and seal of it happens.
    ///
    /// # Errors
    /// The first fault of a node that its disk was not told to have.
    pub fn run_us(&mut self, duration_us: i64) -> Result<(), Error> {
        let end_us = self.queue.now_us() + duration_us;
        while let Some(message) = self.queue.next_until(end_us) {
            self.deliver(message)?;
        }
        Ok(())
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(tell) = &mut self.watch {
            tell(&format!("{} {}", self.queue.now_us(), line()));
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("now_us", &self.queue.now_us())
            .field("nodes", &self.places.len())
            .field("under_way", &self.queue.len())
            .finish_non_exhaustive()
    }
}
