//! [`Place`]: one node's surroundings, which outlive its process.

use std::sync::Arc;

use plugcoin_core::{Config, Input, Job, Journal, Node, Output, Reply};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Event, Item, ItemKind, KeyPair, PeerRequest, Record, Storage as _};
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::plugin::Hooks;

use crate::Draw;
use crate::byzantine::{Sight, Strategy};
use crate::disk::{Disk, Drive};

/// One node's surroundings, and the node while it runs.
pub(crate) struct Place {
    pub(crate) node: Option<Node>,
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) drive: Arc<Drive>,
    pub(crate) hooks: Hooks,
    pub(crate) config: Config,
    pub(crate) wallet: Option<KeyPair>,
    /// How far its clock is ahead of the world's.
    pub(crate) ahead_us: i64,
    /// What it seals.
    pub(crate) job: Option<Job>,
    /// When it is woken next, by the world's clock.
    pub(crate) wake_us: Option<i64>,
    /// Counts its processes.
    pub(crate) starts: u64,
    /// Whether its disk is about to write the batch.
    pub(crate) is_writing: bool,
    batch: Batch,
    /// What it told.
    pub(crate) events: Vec<Event>,
    /// What it acknowledged.
    pub(crate) accepted: Vec<Item>,
    /// What it does to others, if it is Byzantine.
    pub(crate) strategy: Option<Box<dyn Strategy>>,
}

/// What was decided and is not durable yet.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Record>,
    pub(crate) told: Vec<Told>,
}

/// What a step comes to when it is durable.
pub(crate) struct Told {
    pub(crate) waits: Waits,
    pub(crate) reply: Reply,
    pub(crate) outputs: Vec<Output>,
}

/// Who waits for an answer.
pub(crate) enum Waits {
    Nobody,
    /// A client, or the miner: somebody who brought such an item.
    Client(ItemKind),
    /// Another node that brought such an item.
    Post(ItemKind, Caller),
    /// Another node that asked something.
    Query(PeerRequest, Caller),
}

/// A call of another node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) node: usize,
    /// Which of its processes.
    pub(crate) start: u64,
    pub(crate) call: u64,
    pub(crate) sent_us: i64,
}

impl Waits {
    /// The client that brought an input.
    pub(crate) fn of(input: &Input) -> Self {
        match input {
            Input::BlockReceived { .. } => Self::Client(ItemKind::Block),
            Input::TransactionReceived { .. } | Input::PaymentRequested { .. } => {
                Self::Client(ItemKind::Transaction)
            }
            _ => Self::Nobody,
        }
    }

    pub(crate) fn caller(&self) -> Option<Caller> {
        match self {
            Self::Post(_, caller) | Self::Query(_, caller) => Some(*caller),
            Self::Nobody | Self::Client(_) => None,
        }
    }

    /// What kind of item was brought, if one was.
    pub(crate) fn kind(&self) -> Option<ItemKind> {
        match self {
            Self::Client(kind) | Self::Post(kind, _) => Some(*kind),
            Self::Nobody | Self::Query(..) => None,
        }
    }
}

impl Place {
    pub(crate) fn new(
        disk: Box<dyn Disk>,
        drive: Arc<Drive>,
        hooks: Hooks,
        wallet: Option<KeyPair>,
        config: Config,
    ) -> Self {
        Self {
            node: None,
            disk,
            drive,
            hooks,
            config,
            wallet,
            ahead_us: 0,
            job: None,
            wake_us: None,
            starts: 0,
            is_writing: false,
            batch: Batch::default(),
            events: Vec::new(),
            accepted: Vec::new(),
            strategy: None,
        }
    }

    /// Starts its node from what its disk holds.
    pub(crate) fn start(&mut self, number: usize, now_us: i64) -> Result<(), Error> {
        self.starts += 1;
        let name = Hash::of(&format!("{number} {}", self.starts)).to_string();
        self.config.me.node = Some(name[..32].to_owned());
        self.drive.insert(self.disk.open()?);
        let (mut node, records) = Node::open(
            now_us + self.ahead_us,
            self.config.clone(),
            self.hooks.clone(),
            self.wallet.clone(),
            Journal::SameRules,
        )?;
        if !records.is_empty() {
            self.drive.append(&records)?;
        }
        node.committed();
        self.node = Some(node);
        Ok(())
    }

    /// Ends its process at once; what was decided and is not durable comes back.
    pub(crate) fn stop(&mut self) -> Batch {
        self.node = None;
        self.job = None;
        self.wake_us = None;
        self.is_writing = false;
        self.drive.remove();
        std::mem::take(&mut self.batch)
    }

    /// Ends its process by a power cut: nothing of what was being written is on the disk, or some of
    /// it, or all of it; in any case nobody was told. Whoever waits comes back.
    pub(crate) fn crash(&mut self, draw: &mut Draw) -> Result<Vec<Told>, Error> {
        let batch = self.stop();
        match draw.below(3) {
            _ if batch.records.is_empty() => {}
            0 => {}
            1 => self.disk.tear(&batch.records, draw)?,
            _ => self.write_untold(&batch.records)?,
        }
        Ok(batch.told)
    }

    fn write_untold(&mut self, records: &[Record]) -> Result<(), Error> {
        let storage = self.disk.open()?;
        storage.replay(&mut |_| Ok(()))?;
        storage.append(records)
    }

    /// Decides; nothing of it is told yet.
    pub(crate) fn decide(&mut self, now_us: i64, input: Input, waits: Waits) -> Result<(), Error> {
        let Some(node) = &mut self.node else {
            return Ok(());
        };
        let step = node.handle(now_us + self.ahead_us, input)?;
        self.batch.records.extend(step.records);
        self.batch.told.push(Told {
            waits,
            reply: step.reply,
            outputs: step.outputs,
        });
        Ok(())
    }

    /// Lets somebody wait for an answer that tells what is durable then.
    pub(crate) fn ask(&mut self, waits: Waits) {
        self.batch.told.push(Told {
            waits,
            reply: Reply::Nothing,
            outputs: Vec::new(),
        });
    }

    /// Makes durable what was decided; it may be told now.
    pub(crate) fn commit(&mut self) -> Result<Vec<Told>, Error> {
        self.is_writing = false;
        let Some(node) = &mut self.node else {
            return Ok(Vec::new());
        };
        if !self.batch.records.is_empty() {
            self.drive.append(&self.batch.records)?;
        }
        node.committed();
        self.batch.records.clear();
        Ok(std::mem::take(&mut self.batch.told))
    }

    /// Its strategy with what that can see, if it is Byzantine and runs.
    pub(crate) fn byzantine(
        &mut self,
        now_us: i64,
        me: usize,
        nodes: usize,
    ) -> Option<(&mut dyn Strategy, Sight<'_>)> {
        let strategy = self.strategy.as_deref_mut()?;
        let sight = Sight {
            node: self.node.as_ref()?,
            storage: &*self.drive,
            hooks: &self.hooks,
            wallet: self.wallet.as_ref(),
            now_us: now_us + self.ahead_us,
            me,
            nodes,
        };
        Some((strategy, sight))
    }
}
