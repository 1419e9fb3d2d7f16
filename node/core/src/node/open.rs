//! Opening a node: its journal is replayed.

use std::collections::HashSet;

use plugcoin_sdk::hooks::{Event, KeyPair, Record, Storage};
use plugcoin_sdk::ledger::{Block, Hash, Transaction, genesis};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_sdk::{Error, ErrorKind};

use super::accept::Trust;
use super::snapshot::Restored;
use super::{Config, Node};
use crate::chain::{Index, State};
use crate::judging::Judged;
use crate::limits::RETOLD_MAX;
use crate::rules::Halt;
use crate::step::{Output, Reply, Step};
use crate::validate::Checked;

/// What to do when a plugin failed over a block of the journal.
pub const JOURNAL_FAULT: &str = "a block of the journal made a plugin fail, and what the node has \
                                 acknowledged it can't refuse; run it without this plugin, let the \
                                 plugin begin at a later block, as NAME@NR, or take another data \
                                 directory";

/// How a journal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// It was written under the rules that hold now: its blocks are believed.
    SameRules,
    /// It was written under other rules, or is to be verified: every block is judged.
    Judge,
}

impl Node {
    /// Makes a node of what its journal holds.
    ///
    /// * The records that come back are to be appended before anything else: the genesis block, if
    ///   the journal was empty.
    /// * Transactions of the journal that no longer hold are left out; the first step tells why, of
    ///   the latest [`RETOLD_MAX`]. It may have been told before: that nobody can know.
    /// * A waiting transaction over which a rule fails is what [`Config::judging`] says then. A block
    ///   is not: what the node has acknowledged it can't refuse.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] with the first block that does not hold, or that has no parent;
    /// whatever the storage's plugin returns.
    pub fn open(
        now_us: i64,
        config: Config,
        hooks: Hooks,
        wallet: Option<KeyPair>,
        journal: Journal,
    ) -> Result<(Self, Vec<Record>), Error> {
        let genesis = genesis();
        let storage = hooks.storage.hook.clone();
        let mut node = Self::new(config, hooks, wallet, &genesis);
        let restored = match journal {
            Journal::SameRules => node.restore(now_us, &*storage, &genesis.hash())?,
            Journal::Judge => false,
        };
        let mut any = restored;
        let mut visit = |record| {
            match record {
                Record::Block(block) if !any && block == genesis => {}
                _ if !any => {
                    return Err(Error::new(
                        ErrorKind::Corrupt,
                        "the journal does not begin with the genesis block",
                    ));
                }
                Record::Block(block) => node.replay_block(now_us, block, journal)?,
                Record::Transaction(transaction) => {
                    node.replay_transaction(now_us, transaction, journal)?;
                }
            }
            any = true;
            Ok(())
        };
        match restored {
            true => storage.replay_rest(&mut visit)?,
            false => storage.replay(&mut visit)?,
        }
        node.settle();
        node.retell(RETOLD_MAX);
        for address in node.config.pinned.clone() {
            node.network.peers.add(&address, true, now_us);
        }
        for address in node.config.known.clone() {
            node.network.peers.add(&address, false, now_us);
        }
        node.network.peers.take_changed();
        node.recent.add(genesis.clone(), any);
        let records = if any {
            Vec::new()
        } else {
            vec![Record::Block(genesis)]
        };
        Ok((node, records))
    }

    /// Becomes what a snapshot of the journal says, if there is one of these rules.
    fn restore(
        &mut self,
        now_us: i64,
        storage: &dyn Storage,
        genesis: &Hash,
    ) -> Result<bool, Error> {
        let Some(rules) = self.config.snapshots_of else {
            return Ok(false);
        };
        let mut read = None;
        let holds = storage.load_snapshot(&mut |bytes| {
            read = Some(Restored::read(bytes, &rules, genesis));
        })?;
        let restored = match read.filter(|_| holds) {
            None => return Ok(false),
            Some(Ok(restored)) => restored,
            Some(Err(why)) => {
                tracing::warn!(
                    why,
                    "the journal's snapshot is ignored, and the journal is read as a whole"
                );
                return Ok(false);
            }
        };
        self.tree = restored.tree;
        self.restored_blocks = self.tree.len();
        tracing::debug!(
            blocks = self.restored_blocks,
            "opened by the journal's snapshot"
        );
        self.state = State::restored(restored.balances, restored.ids);
        for transaction in restored.waiting {
            self.replay_transaction(now_us, transaction, Journal::SameRules)?;
        }
        Ok(true)
    }

    fn replay_block(&mut self, now_us: i64, block: Block, journal: Journal) -> Result<(), Error> {
        let (hash, nr) = (block.hash(), block.nr());
        let corrupt = |message: &str| {
            Error::new(ErrorKind::Corrupt, message.to_owned())
                .with("block", hash)
                .with("nr", nr)
        };
        let tip = self.tree.tip();
        let tip = (block.header().previous_hash == Some(self.tree.hash(tip))).then_some(tip);
        let parent = match (journal, tip) {
            // Nothing stands on the tip yet, so it is not there twice.
            (Journal::SameRules, Some(tip)) => tip,
            _ => {
                self.settle();
                if self.tree.find(&hash).is_some() {
                    return Err(corrupt("the journal has a block twice"));
                }
                let previous = block.header().previous_hash;
                previous
                    .and_then(|parent| self.tree.find(&parent))
                    .ok_or_else(|| corrupt("the journal has a block without its parent"))?
            }
        };
        let mut step = Step {
            records: Vec::new(),
            reply: Reply::Nothing,
            outputs: Vec::new(),
        };
        self.rules.judging.replace(Judged {
            over: Some(hash),
            acknowledged: Some((nr, hash)),
        });
        let taken = match journal {
            Journal::SameRules if tip.is_some() => self.extend_with_own(now_us, &block, &mut step),
            Journal::SameRules => {
                self.replay_on(now_us, block.clone(), parent, Trust::OwnJournal, &mut step)
            }
            Journal::Judge => {
                self.replay_on(now_us, block.clone(), parent, Trust::Asked, &mut step)
            }
        };
        self.untold
            .extend(step.outputs.into_iter().filter_map(dropped));
        if self.untold.len() > 2 * RETOLD_MAX {
            self.settle();
            self.retell(RETOLD_MAX);
        }
        match taken {
            Ok(()) => {
                self.rules.judging.replace(Judged::default());
                Ok(())
            }
            Err(Halt::Invalid(invalid)) => {
                Err(corrupt("a block of the journal breaks a rule").because(invalid.to_string()))
            }
            Err(Halt::Fault(fault)) => Err(self.of_block(fault, &block)),
        }
    }

    /// A fault over a block of the journal or one of its payments, with its name; other faults, such
    /// as over what waits, as they are.
    fn of_block(&self, fault: Error, block: &Block) -> Error {
        let over = self.rules.judging.replace(Judged::default()).over;
        let mut payments = block.transactions().iter();
        let payment = payments.find(|payment| over == Some(payment.leaf()));
        if fault.kind() != ErrorKind::Plugin || (over != Some(block.hash()) && payment.is_none()) {
            self.rules.judging.set(over);
            return fault;
        }
        let named = Error::new(ErrorKind::Plugin, JOURNAL_FAULT)
            .with("block", block.hash())
            .with("nr", block.nr());
        match payment {
            Some(payment) => named.with("transaction", payment.id()),
            None => named,
        }
        .because(fault)
    }

    fn replay_on(
        &mut self,
        now_us: i64,
        block: Block,
        parent: Index,
        trust: Trust,
        step: &mut Step,
    ) -> Result<(), Halt> {
        // It was not ahead of the clock when it was accepted.
        let then_us = now_us.max(block.header().timestamp.us());
        let connected = self.connect(then_us, block, parent, trust)?;
        self.insert(now_us, connected, parent, false, step)?;
        self.recent.written();
        Ok(())
    }

    /// Keeps the latest of what is to be told, of each transaction that did not come back one event.
    fn retell(&mut self, max: usize) {
        let mut seen = HashSet::new();
        let mut latest: Vec<Event> = std::mem::take(&mut self.untold);
        latest.reverse();
        latest.retain(|event| match event {
            Event::TransactionDropped { id, .. } => {
                let is_back = self.pool.contains(id) || self.state.transaction_nr(id).is_some();
                !is_back && seen.insert(*id)
            }
            _ => true,
        });
        latest.truncate(max);
        latest.reverse();
        self.untold = latest;
    }

    fn replay_transaction(
        &mut self,
        now_us: i64,
        transaction: Transaction,
        journal: Journal,
    ) -> Result<(), Error> {
        let id = transaction.id();
        self.settle();
        if self.pool.contains(&id) || self.state.transaction_nr(&id).is_some() {
            return Ok(());
        }
        let (leaf, nr) = (transaction.leaf(), self.next_nr());
        let admitted = self
            .check_poison(leaf, &[])
            .and_then(|()| match journal {
                Journal::SameRules => Ok(Checked::before(transaction)),
                Journal::Judge => Checked::transaction(&self.rules, transaction, nr),
            })
            .and_then(|checked| self.admit(now_us, checked));
        match admitted {
            Ok(()) => {
                self.rules.judging.set(None);
                Ok(())
            }
            Err(Halt::Invalid(reason)) => {
                self.rules.judging.set(None);
                self.untold.push(Event::TransactionDropped { id, reason });
                Ok(())
            }
            Err(Halt::Fault(error)) => Err(error),
        }
    }
}

/// The event that tells of a dropped transaction, if this is one.
fn dropped(output: Output) -> Option<Event> {
    match output {
        Output::Tell(event @ Event::TransactionDropped { .. }) => Some(event),
        _ => None,
    }
}
