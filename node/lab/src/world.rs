//! [`World`]: nodes, a network between them, and a virtual clock.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use plugcoin_core::{
    Answered, Call, CallFailure, Config, Input, Job, Journal, Node, Output, Reply, Step, Wallet,
};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Contact, Event, PeerReply, Record, Seal, Slice, Storage};
use plugcoin_sdk::ledger::{Address, Hash};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_testkit::doubles::MemoryStorage;

use crate::Draw;
use crate::serve::serve;

/// Where simulated nodes live: port 10000 and up of one address.
const FIRST_PORT: u16 = 10_000;

/// How long a call without an answer takes to fail, in microseconds.
const TIMEOUT_US: i64 = 3_000_000;

/// How the network treats messages.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The least time that a message is under way, in microseconds.
    pub delay_min_us: i64,
    /// The greatest.
    pub delay_max_us: i64,
    /// How many of a thousand messages are lost.
    pub lost_per_mille: u64,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            delay_min_us: 1_000,
            delay_max_us: 50_000,
            lost_per_mille: 0,
        }
    }
}

struct Place {
    node: Option<Node>,
    storage: Arc<MemoryStorage>,
    hooks: Hooks,
    config: Config,
    wallet: Option<Wallet>,
    job: Option<Job>,
    wake: Option<i64>,
    starts: u64,
    events: Vec<Event>,
}

#[derive(Debug)]
enum Message {
    Request {
        from: usize,
        caller: Contact,
        call: Call,
    },
    Answer {
        to: usize,
        start: u64,
        call: u64,
        result: Result<PeerReply, CallFailure>,
    },
    Wake {
        node: usize,
    },
    Sealing {
        node: usize,
        job: u64,
    },
}

/// Real cores in one thread, with a virtual clock and a seeded network.
pub struct World {
    now_us: i64,
    draw: Draw,
    link: Link,
    /// How long a seal takes to be found at most, in microseconds.
    seal_max_us: u64,
    places: Vec<Place>,
    queue: BTreeMap<(i64, u64), Message>,
    sent: u64,
    /// Pairs of nodes that can't reach each other.
    cut: HashSet<(usize, usize)>,
}

impl World {
    /// An empty world at this moment, in microseconds since 1970.
    pub fn new(seed: u64, now_us: i64, link: Link) -> Self {
        Self {
            now_us,
            draw: Draw::new(seed),
            link,
            seal_max_us: 500_000,
            places: Vec::new(),
            queue: BTreeMap::new(),
            sent: 0,
            cut: HashSet::new(),
        }
    }

    /// The address of a node.
    pub fn address(node: usize) -> Address {
        Address::new(IpAddr::from([127, 0, 0, 1]), FIRST_PORT + node as u16)
    }

    /// Adds a node that knows some others, and starts it; its number.
    ///
    /// * `hooks` is given the node's storage.
    ///
    /// # Errors
    /// Whatever the node says when it is opened.
    pub fn add(
        &mut self,
        hooks: impl FnOnce(Arc<dyn Storage>) -> Hooks,
        wallet: Option<Wallet>,
        config: Config,
        knows: &[usize],
    ) -> Result<usize, Error> {
        let storage = Arc::new(MemoryStorage::new());
        let number = self.places.len();
        let hooks = hooks(storage.clone());
        let config = Config {
            me: Contact {
                port: Some(FIRST_PORT + number as u16),
                ..config.me
            },
            pinned: knows.iter().map(|&node| Self::address(node)).collect(),
            seed: number as u64,
            ..config
        };
        self.places.push(Place {
            node: None,
            storage,
            hooks,
            config,
            wallet,
            job: None,
            wake: None,
            starts: 0,
            events: Vec::new(),
        });
        self.start(number)?;
        Ok(number)
    }

    /// Starts a stopped node from its journal.
    ///
    /// # Errors
    /// Whatever the node says when it is opened.
    pub fn start(&mut self, number: usize) -> Result<(), Error> {
        let now_us = self.now_us;
        let place = &mut self.places[number];
        place.starts += 1;
        let name = Hash::of(&format!("{number} {}", place.starts)).to_string();
        place.config.me.node = Some(name[..32].to_owned());
        // What an earlier start kept is replayed from a fresh storage, as after a restart.
        let (mut node, records) = Node::open(
            now_us,
            place.config.clone(),
            place.hooks.clone(),
            place.wallet.clone(),
            Journal::SameRules,
        )?;
        if !records.is_empty() {
            place.storage.append(&records)?;
        }
        node.committed();
        place.node = Some(node);
        self.input(number, Input::Ticked).map(|_| ())
    }

    /// Stops a node at once; its journal stays.
    pub fn stop(&mut self, number: usize) {
        let place = &mut self.places[number];
        place.node = None;
        place.job = None;
        place.wake = None;
    }

    /// Cuts or joins the way between two nodes.
    pub fn cut(&mut self, a: usize, b: usize, cut: bool) {
        let pair = (a.min(b), a.max(b));
        if cut {
            self.cut.insert(pair);
        } else {
            self.cut.remove(&pair);
        }
    }

    /// Cuts no way any more.
    pub fn heal(&mut self) {
        self.cut.clear();
    }

    /// The clock, in microseconds since 1970.
    pub fn now_us(&self) -> i64 {
        self.now_us
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

    /// What a node told so far.
    pub fn events(&self, number: usize) -> &[Event] {
        &self.places[number].events
    }

    /// What a node's journal holds.
    pub fn records(&self, number: usize) -> Vec<Record> {
        self.places[number].storage.records()
    }

    /// Brings an input to a node now, and does what it then says; its answer.
    ///
    /// # Errors
    /// The node's own fault.
    pub fn input(&mut self, number: usize, input: Input) -> Result<Reply, Error> {
        let now_us = self.now_us;
        let place = &mut self.places[number];
        let Some(node) = &mut place.node else {
            return Ok(Reply::Nothing);
        };
        let step = node.handle(now_us, input)?;
        commit(&place.storage, node, &step)?;
        let reply = step.reply.clone();
        self.carry_out(number, step);
        Ok(reply)
    }

    /// Lets time pass; every message and seal of it happens.
    ///
    /// # Errors
    /// The first fault of a node.
    pub fn run_us(&mut self, duration_us: i64) -> Result<(), Error> {
        let end_us = self.now_us + duration_us;
        while let Some((&(at_us, order), _)) = self.queue.first_key_value()
            && at_us <= end_us
        {
            self.now_us = at_us;
            if let Some(message) = self.queue.remove(&(at_us, order)) {
                self.deliver(message)?;
            }
        }
        self.now_us = end_us;
        Ok(())
    }

    fn deliver(&mut self, message: Message) -> Result<(), Error> {
        match message {
            Message::Wake { node } => {
                if self.places[node].wake.is_some_and(|us| us <= self.now_us) {
                    self.places[node].wake = None;
                    self.input(node, Input::Ticked)?;
                }
                Ok(())
            }
            Message::Answer {
                to,
                start,
                call,
                result,
            } => {
                if self.places[to].starts == start {
                    let result = result.map(Answered::from);
                    self.input(to, Input::CallEnded { call, result })?;
                }
                Ok(())
            }
            Message::Sealing { node, job } => self.seal(node, job),
            Message::Request { from, caller, call } => self.request(from, &caller, call),
        }
    }

    fn request(&mut self, from: usize, caller: &Contact, call: Call) -> Result<(), Error> {
        let start = self.places[from].starts;
        let to = usize::from(call.address.port().wrapping_sub(FIRST_PORT));
        let reachable = to < self.places.len()
            && call.address == Self::address(to)
            && !self.cut.contains(&(from.min(to), from.max(to)))
            && !self.draw.happens(self.link.lost_per_mille);
        let place = self.places.get_mut(to).filter(|_| reachable);
        let Some(place) = place.filter(|place| place.node.is_some()) else {
            let result = Err("no answer".into());
            self.send_after(
                TIMEOUT_US,
                Message::Answer {
                    to: from,
                    start,
                    call: call.id,
                    result,
                },
            );
            return Ok(());
        };
        let Some(node) = &mut place.node else {
            return Ok(());
        };
        let storage = place.storage.clone();
        let ip = IpAddr::from([127, 0, 0, 1]);
        let (reply, steps) = serve(
            node,
            &*storage,
            self.now_us,
            ip,
            caller,
            call.request,
            &mut |node, step| commit(&storage, node, step),
        )?;
        for step in steps {
            self.carry_out(to, step);
        }
        if self.draw.happens(self.link.lost_per_mille) {
            let result = Err("the answer was lost".into());
            self.send_after(
                TIMEOUT_US,
                Message::Answer {
                    to: from,
                    start,
                    call: call.id,
                    result,
                },
            );
        } else {
            let answer = Message::Answer {
                to: from,
                start,
                call: call.id,
                result: Ok(reply),
            };
            self.send(answer);
        }
        Ok(())
    }

    /// Seals the job under way, if it is still that one.
    fn seal(&mut self, number: usize, id: u64) -> Result<(), Error> {
        let now_us = self.now_us;
        let place = &mut self.places[number];
        let Some(job) = place.job.take_if(|job| job.id == id) else {
            return Ok(());
        };
        let slice = Slice {
            start: self.draw.number() >> 16,
            attempts: 1 << 20,
            now_us,
        };
        let consensus = &place.hooks.consensus.at(job.draft.nr()).hook;
        let input = match consensus.seal(&job.draft, &job.parent, &job.target, slice)? {
            Seal::Found { nonce } => Input::Sealed { job: id, nonce },
            Seal::Sign { text } => Input::SealToSign { job: id, text },
            Seal::Wait { until_us } => Input::SealToWait { job: id, until_us },
            Seal::Exhausted => {
                place.job = Some(job);
                self.send(Message::Sealing {
                    node: number,
                    job: id,
                });
                return Ok(());
            }
        };
        self.input(number, input).map(|_| ())
    }

    fn carry_out(&mut self, number: usize, step: Step) {
        let caller = self.places[number]
            .node
            .as_ref()
            .map(Node::contact)
            .unwrap_or_default();
        for output in step.outputs {
            match output {
                Output::Call(call) => {
                    self.send(Message::Request {
                        from: number,
                        caller: caller.clone(),
                        call,
                    });
                }
                Output::Seal(job) => {
                    let id = job.id;
                    self.places[number].job = Some(*job);
                    let after_us = 1 + self.draw.below(self.seal_max_us) as i64;
                    self.send_after(
                        after_us,
                        Message::Sealing {
                            node: number,
                            job: id,
                        },
                    );
                }
                Output::StopSealing => self.places[number].job = None,
                Output::Tell(event) => self.places[number].events.push(event),
                Output::SavePeers(_) | Output::Compare { .. } => {}
            }
        }
        let wake_us = self.places[number].node.as_ref().and_then(Node::wake_us);
        if let Some(wake_us) = wake_us
            && self.places[number]
                .wake
                .is_none_or(|us| wake_us < us || us <= self.now_us)
        {
            let wake_us = wake_us.max(self.now_us + 1);
            self.places[number].wake = Some(wake_us);
            self.send_after(wake_us - self.now_us, Message::Wake { node: number });
        }
    }

    fn send(&mut self, message: Message) {
        let span_us = (self.link.delay_max_us - self.link.delay_min_us).max(0) as u64;
        let delay_us = self.link.delay_min_us + self.draw.below(span_us + 1) as i64;
        self.send_after(delay_us, message);
    }

    fn send_after(&mut self, delay_us: i64, message: Message) {
        self.sent += 1;
        self.queue
            .insert((self.now_us + delay_us, self.sent), message);
    }
}

fn commit(storage: &MemoryStorage, node: &mut Node, step: &Step) -> Result<(), Error> {
    if !step.records.is_empty() {
        storage.append(&step.records)?;
    }
    node.committed();
    Ok(())
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("now_us", &self.now_us)
            .field("nodes", &self.places.len())
            .field("under_way", &self.queue.len())
            .finish_non_exhaustive()
    }
}
