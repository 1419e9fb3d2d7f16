//! [`Node`]: the one owner of chain, pool and peers.

mod accept;
mod clock;
mod explained;
mod fetching;
mod network;
mod open;
mod query;
mod recent;
mod sealing;
mod snapshot;
mod spreading;
pub(crate) mod staging;
mod syncing;
mod touch;

pub use network::Differing;
pub use open::{JOURNAL_FAULT, Journal};
pub use query::Levels;
pub use snapshot::Snapshot;

use std::collections::HashSet;

use plugcoin_sdk::hooks::{
    Admission, Contact, Event, Item, ItemKind, KeyPair, Origin, Record, TransactionContext,
};
use plugcoin_sdk::ledger::{Address, Amount, Block, Hash, Payment, Sum, Timestamp, Transaction};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_sdk::{Error, ErrorKind, Invalid};

use crate::chain::{Index, State, Tree};
use crate::explain::Refused;
use crate::judging::Judging;
use crate::mining::Mining;
use crate::orphans::Orphans;
use crate::pool::Pool;
use crate::rules::{Halt, Rules};
use crate::step::{Input, Output, Reply, Step};
use crate::sync::Sync;
use crate::validate::Checked;
use accept::Ready;
use network::Network;
use recent::Recent;

/// How a node behaves, apart from its rules.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether it mines blocks of just their reward as well.
    pub mine: bool,
    /// The least time between its own blocks then, in microseconds.
    pub mine_interval_us: i64,
    /// To whom its rewards go; to its wallet, if to nobody.
    pub reward_to: Option<String>,
    /// Whether it mines one block when its wallet and the chain are empty.
    pub first_coin: bool,
    /// What it says of itself to other nodes; the tip is filled in.
    pub me: Contact,
    /// Peers that the user named: never dropped.
    pub pinned: Vec<Address>,
    /// Peers that were known before.
    pub known: Vec<Address>,
    /// What its gossip draws by.
    pub seed: u64,
    /// What it does about peers of other rules.
    pub other_rules: OtherRules,
    /// What made a plugin fail, as [`Judging`] said: refused. A block with such a transaction is, too.
    pub poison: HashSet<Hash>,
    /// Where the node says what it judges.
    pub judging: Judging,
    /// What a snapshot holds under: the rules, and the files that they come from; none are made or
    /// believed without it.
    pub snapshots_of: Option<Hash>,
}

/// What a node does about peers of other rules; their blocks are judged by its own in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherRules {
    /// It tells them nothing and asks them nothing but who they are; nor whoever has not yet said.
    Refuse,
    /// It keeps them, and says how they differ.
    #[default]
    Observe,
    /// It keeps them, and says nothing.
    Allow,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mine: false,
            mine_interval_us: 1_000_000,
            reward_to: None,
            first_coin: true,
            me: Contact::default(),
            pinned: Vec::new(),
            known: Vec::new(),
            seed: 0,
            other_rules: OtherRules::Observe,
            poison: HashSet::new(),
            judging: Judging::default(),
            snapshots_of: None,
        }
    }
}

/// A node without its surroundings: [`Node::handle`] is all it does.
///
/// * One writer owns it; each input is judged wholly before the next.
pub struct Node {
    config: Config,
    wallet: Option<KeyPair>,
    rules: Rules,
    tree: Tree,
    state: State,
    /// What everybody has after the tips of some side branches.
    views: Vec<Ready>,
    recent: Recent,
    /// How many blocks the snapshot had that it was opened by.
    restored_blocks: usize,
    orphans: Orphans,
    /// Why the last refused items were.
    refused: Refused,
    pool: Pool,
    /// Counts the pool's changes.
    pool_version: u64,
    mining: Mining,
    network: Network,
    sync: Option<Sync>,
    last_payment_us: i64,
    /// What is told with the step that ends next: on opening, with the first.
    untold: Vec<Event>,
    wake_us: Option<i64>,
    /// The moment of the last input.
    last_us: Option<i64>,
}

impl Node {
    fn new(config: Config, hooks: Hooks, wallet: Option<KeyPair>, genesis: &Block) -> Self {
        let time_us = genesis.header().timestamp.us();
        let target = hooks.difficulty.at(0).hook.easiest();
        let judging = config.judging.clone();
        judging.set(None);
        let mut network = Network::default();
        network.peers.shun_strangers = config.other_rules == OtherRules::Refuse;
        let rules = Rules::new(hooks, config.poison.clone(), judging);
        Self {
            config,
            wallet,
            rules,
            tree: Tree::new(genesis.hash(), time_us, target),
            state: State::new(genesis),
            views: Vec::new(),
            recent: Recent::default(),
            restored_blocks: 0,
            orphans: Orphans::default(),
            refused: Refused::default(),
            pool: Pool::default(),
            pool_version: 0,
            mining: Mining::default(),
            network,
            sync: None,
            last_payment_us: i64::MIN,
            untold: Vec::new(),
            wake_us: None,
            last_us: None,
        }
    }

    /// Takes in one input at a moment, in microseconds since 1970.
    ///
    /// # Errors
    /// [`Error`] if a hook that decides what is valid or wins failed, or the journal can't be read:
    /// the node must stop. A refusal is no error, it is the step's reply.
    pub fn handle(&mut self, now_us: i64, input: Input) -> Result<Step, Error> {
        self.follow_clock(now_us);
        let mut step = Step {
            records: Vec::new(),
            reply: Reply::Nothing,
            outputs: Vec::new(),
        };
        let reply = match input {
            Input::BlockReceived { block, origin } => {
                self.receive_block(now_us, block, origin, false, &mut step)
            }
            Input::TransactionReceived {
                transaction,
                origin,
            } => self.receive_transaction(now_us, transaction, origin, &mut step),
            Input::PaymentRequested { to, sum } => self.pay(now_us, &to, sum, &mut step),
            Input::Sealed { job, nonce } => self.sealed(now_us, job, &nonce, &mut step),
            Input::SealToSign { job, text } => self.sign_seal(now_us, job, &text, &mut step),
            Input::SealToWait { job, until_us } => {
                self.mining.wait(job, until_us);
                Ok(Reply::Nothing)
            }
            Input::PeerIntroduced { ip, contact } => {
                self.introduced(now_us, ip, &contact, &mut step);
                Ok(Reply::Nothing)
            }
            Input::Compared {
                address,
                rules,
                differences,
            } => {
                self.compared(&address, rules, differences, &mut step);
                Ok(Reply::Nothing)
            }
            Input::CallEnded { call, result } => self
                .call_ended(now_us, call, result, &mut step)
                .map(|()| Reply::Nothing),
            Input::Ticked => Ok(Reply::Nothing),
        };
        step.reply = match reply {
            Ok(reply) => reply,
            Err(Halt::Invalid(invalid)) => Reply::Refused(invalid),
            Err(Halt::Fault(error)) => return Err(error),
        };
        let dropped = self.trim_pool(now_us);
        self.tell_dropped(dropped, &mut step);
        let untold = std::mem::take(&mut self.untold);
        step.outputs.extend(untold.into_iter().map(Output::Tell));
        let network_us = self.follow_with_network(now_us, &mut step)?;
        let mining_us = self.follow_with_mining(now_us, &mut step)?;
        let expiry_us = self.pool.next_expiry_us();
        self.wake_us = [network_us, mining_us, expiry_us]
            .into_iter()
            .flatten()
            .min();
        Ok(step)
    }

    /// When to bring [`Input::Ticked`] if nothing else happens, in microseconds since 1970.
    pub fn wake_us(&self) -> Option<i64> {
        self.wake_us
    }

    /// All records of all steps so far are durable.
    pub fn committed(&mut self) {
        self.recent.written();
    }

    fn receive_transaction(
        &mut self,
        now_us: i64,
        transaction: Transaction,
        origin: Origin,
        step: &mut Step,
    ) -> Result<Reply, Halt> {
        let id = transaction.id();
        let item = Item {
            kind: ItemKind::Transaction,
            hash: id,
        };
        let leaf = transaction.leaf();
        self.touch_transaction(&id, &leaf);
        if self.pool.contains(&id) || self.state.transaction_nr(&id).is_some() {
            return Ok(Reply::Known(item));
        }
        let next = self.next_nr();
        self.rules.trace.get_mut().begin();
        let admitted = self
            .check_poison(leaf, &[])
            .and_then(|()| Checked::transaction(&self.rules, transaction.clone(), next))
            .and_then(|checked| self.admit(now_us, checked));
        if !matches!(admitted, Err(Halt::Fault(_))) {
            self.rules.judging.set(None);
        }
        if let Err(Halt::Invalid(reason)) = &admitted {
            self.refuse(id, "transaction", None, reason, now_us);
            step.outputs.push(Output::Tell(Event::TransactionRefused {
                id,
                reason: reason.clone(),
            }));
        }
        admitted?;
        let record = Record::Transaction(transaction);
        step.records.push(record.clone());
        step.outputs
            .push(Output::Tell(Event::TransactionAccepted { id }));
        self.network.news.push((record, origin));
        Ok(Reply::Accepted(id))
    }

    /// Lets a transaction wait, if it holds at the tip and the pool's plugin takes it.
    fn admit(&mut self, now_us: i64, checked: Checked<Transaction>) -> Result<(), Halt> {
        let transaction = checked.into_inner();
        let from = transaction.from();
        let balance = self.state.balance(from);
        let nr = self.next_nr();
        let context = TransactionContext {
            nr,
            balance,
            time_us: now_us,
        };
        self.rules.check_transaction(&transaction, &context)?;
        let summary = self.pool.summary(from, now_us);
        let waiting = summary.sender_sum;
        self.rules.note("funds");
        let free = balance.checked_sub(waiting).unwrap_or_default();
        if free < transaction.amount() {
            return Err(
                Invalid::new("funds", "the sender has not so much at the tip")
                    .observed(if waiting == Amount::ZERO {
                        balance.to_string()
                    } else {
                        format!("{balance}, of which {waiting} wait to be paid")
                    })
                    .required(transaction.amount())
                    .for_now()
                    .into(),
            );
        }
        let mempool = &self.rules.hooks.mempool;
        let mut trace = self.rules.trace.borrow_mut();
        trace.plugin("admission", mempool);
        drop(trace);
        match mempool.hook.admit(&transaction, &summary)? {
            Admission::Accept {
                priority,
                expires_us,
            } => {
                let id = transaction.id();
                self.pool.add(transaction, priority, expires_us, now_us);
                self.pool_version += 1;
                // A newcomer that would be the first to go is refused, not accepted and dropped.
                let mut own = Ok(());
                for (dropped, reason) in self.trim_pool(now_us) {
                    match dropped.id() {
                        dropped if dropped == id => own = Err(reason.into()),
                        id => self.untold.push(Event::TransactionDropped { id, reason }),
                    }
                }
                own
            }
            Admission::Refuse(invalid) => Err(mempool.says(invalid).into()),
        }
    }

    fn pay(&mut self, now_us: i64, to: &str, sum: Sum, step: &mut Step) -> Result<Reply, Halt> {
        let Some(wallet) = self.wallet.clone() else {
            return Err(no_wallet().into());
        };
        let free = self
            .state
            .balance(&wallet.public)
            .checked_sub(self.pool.waiting_sum(&wallet.public))
            .unwrap_or_default();
        // Two equal payments in one microsecond would be one and the same transaction.
        let time_us = now_us.max(self.last_payment_us.saturating_add(1));
        let amount = sum.amount();
        let payment = Payment::new(&wallet.public, to, sum, Timestamp::from_us(time_us))?;
        if free < amount {
            return Ok(Reply::NoFunds);
        }
        let signature = self.sign(&wallet, payment.text())?;
        let transaction = payment.signed(&signature)?;
        self.last_payment_us = time_us;
        self.receive_transaction(now_us, transaction, Origin::Own, step)
    }

    /// Signs a text for the next block.
    fn sign(&self, wallet: &KeyPair, text: &str) -> Result<String, Halt> {
        let signer = &self.rules.hooks.signer.at(self.next_nr()).hook;
        signer.sign(&wallet.secret, text).map_err(|error| {
            // After a change of signer at a height the wallet may be of the old one, and the new one
            // may only verify.
            let is_answer = [ErrorKind::Configuration, ErrorKind::Unsupported];
            if !is_answer.contains(&error.kind()) {
                return error.into();
            }
            let message = "this node's wallet is not of the scheme that signs now";
            let invalid = Invalid::new("wallet", message)
                .required(format_args!("a key of the scheme {}", signer.scheme()));
            invalid.for_now().into()
        })
    }

    /// The height of the block that would stand on the tip.
    fn next_nr(&self) -> u64 {
        self.tree.nr(self.tree.tip()) + 1
    }

    /// Drops what has waited too long, and what the pool has no room for.
    fn trim_pool(&mut self, now_us: i64) -> Vec<(Transaction, Invalid)> {
        let mempool = &self.rules.hooks.mempool;
        let dropped = self.pool.trim(mempool.hook.capacity(), now_us);
        let by = |reason: Invalid| reason.by(&mempool.plugin, &mempool.version);
        let dropped = dropped.into_iter();
        dropped.map(|(what, reason)| (what, by(reason))).collect()
    }

    fn tell_dropped(&mut self, dropped: Vec<(Transaction, Invalid)>, step: &mut Step) {
        self.pool_version += u64::from(!dropped.is_empty());
        for (transaction, reason) in dropped {
            let event = Event::TransactionDropped {
                id: transaction.id(),
                reason,
            };
            step.outputs.push(Output::Tell(event));
        }
    }

    /// A block's body, from memory or from the journal.
    fn body(&self, index: Index) -> Result<Block, Error> {
        self.body_of(&self.tree.hash(index))
    }

    fn body_of(&self, hash: &Hash) -> Result<Block, Error> {
        if let Some(block) = self.recent.get(hash) {
            return Ok(block.clone());
        }
        let read = self.rules.hooks.storage.hook.block(hash);
        // A storage's fault says nothing of what it was read for.
        let read = read.inspect_err(|_| {
            self.rules.judging.set(None);
        });
        read?.ok_or_else(|| {
            Error::new(
                ErrorKind::Corrupt,
                "a block of the chain is not in the journal",
            )
            .with("block", hash)
        })
    }
}

fn no_wallet() -> Invalid {
    Invalid::new("wallet", "this node has no wallet that can sign")
}
