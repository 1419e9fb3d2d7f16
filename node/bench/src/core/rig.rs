//! [`Rig`]: a core whose steps are timed.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use plugcoin_core::{Config, Input, Journal, Node, Reply};
use plugcoin_sdk::hooks::{Origin, Signer, Storage as _};
use plugcoin_sdk::ledger::{Block, Payment, Sum, Timestamp, Transaction, genesis};
use plugcoin_sdk::plugin::Schedule;
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::MemoryStorage;
use plugcoin_testkit::fixtures::{SECOND_US, START_US, draft, nonce};

/// How many keys pay each other; all have coins.
const KEYS: u64 = 500;

/// The payments of a block.
const PAYMENTS: u64 = 2;

/// What a core has taken before it is measured.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) blocks: u64,
    pub(crate) waiting: u64,
    /// Side blocks, each on another block of the best chain.
    pub(crate) forks: u64,
}

impl World {
    /// So many blocks, and nearly as many payments that wait: those of a round still fit, if that is
    /// how many a pool takes.
    pub(crate) fn plain(size: u64) -> Self {
        Self {
            blocks: size,
            waiting: size - size / 100,
            forks: 0,
        }
    }
}

/// A signer that believes every signature, so that the core's own work is seen.
struct Believing;

impl Signer for Believing {
    fn scheme(&self) -> &str {
        "believing"
    }

    fn verify(&self, _: &str, _: &str, _: &str) -> Result<bool, Error> {
        Ok(true)
    }
}

/// A core whose steps are timed.
pub(crate) struct Rig {
    node: Node,
    storage: Arc<MemoryStorage>,
    /// The best chain, the genesis block first.
    chain: Vec<Block>,
    payments: u64,
    /// What a block and a payment took in the last round, in microseconds.
    pub(crate) block_us: f64,
    pub(crate) payment_us: f64,
}

impl Rig {
    pub(crate) fn new(world: World) -> Result<Self, Error> {
        let storage = Arc::new(MemoryStorage::new());
        let mut hooks = crate::hooks(storage.clone())?;
        hooks.signer = Schedule::always("believing", Arc::new(Believing));
        let (node, records) =
            Node::open(NOW_US, Config::default(), hooks, None, Journal::SameRules)?;
        storage.append(&records)?;
        let mut rig = Self {
            node,
            storage,
            chain: vec![genesis()],
            payments: 0,
            block_us: f64::NAN,
            payment_us: f64::NAN,
        };
        for _ in 0..world.blocks {
            let block = rig.on_tip(Vec::new())?;
            rig.take(block)?;
        }
        for fork in 1..=world.forks {
            let at = fork * world.blocks / (world.forks + 1);
            let block = made(&rig.chain[at as usize], "side", Vec::new())?;
            rig.step(of_block(block))?;
        }
        for _ in 0..world.waiting {
            let payment = rig.payment()?;
            rig.step(of_payment(payment))?;
        }
        Ok(rig)
    }

    /// Takes payments and then blocks of just these, and notes what each took.
    pub(crate) fn round(&mut self, blocks: u64) -> Result<(), Error> {
        let payments = (0..blocks * PAYMENTS).map(|_| self.payment());
        let payments = payments.collect::<Result<Vec<_>, Error>>()?;
        let mut payment_us = 0.0;
        for payment in &payments {
            payment_us += self.step(of_payment(payment.clone()))?;
        }
        let mut block_us = 0.0;
        for payments in payments.chunks(PAYMENTS as usize) {
            let block = self.on_tip(payments.to_vec())?;
            block_us += self.take(block)?;
        }
        self.block_us = block_us / blocks as f64;
        self.payment_us = payment_us / payments.len() as f64;
        Ok(())
    }

    /// Takes a branch that leaves the best chain so far under the tip and overtakes it by a block;
    /// what a block of it took, in microseconds.
    pub(crate) fn reorganise(&mut self, depth: u64) -> Result<f64, Error> {
        let fork = self.chain.len() - 1 - depth as usize;
        let mut branch = vec![self.chain[fork].clone()];
        for _ in 0..=depth {
            let payments = (0..PAYMENTS).map(|_| self.payment());
            let payments = payments.collect::<Result<_, Error>>()?;
            branch.push(made(&branch[branch.len() - 1], "branch", payments)?);
        }
        let mut sum_us = 0.0;
        for block in &branch[1..] {
            sum_us += self.step(of_block(block.clone()))?;
        }
        self.chain.truncate(fork);
        self.chain.extend(branch);
        let tip = self.chain.last().map(Block::hash);
        if Some(self.node.tip().hash) != tip {
            let message = "a longer branch did not win";
            return Err(Error::new(ErrorKind::Plugin, message));
        }
        Ok(sum_us / (depth + 1) as f64)
    }

    fn take(&mut self, block: Block) -> Result<f64, Error> {
        let took_us = self.step(of_block(block.clone()))?;
        self.chain.push(block);
        Ok(took_us)
    }

    /// A block on the tip, paid to the keys in turn.
    fn on_tip(&self, payments: Vec<Transaction>) -> Result<Block, Error> {
        let tip = &self.chain[self.chain.len() - 1];
        made(tip, &key(tip.nr()), payments)
    }

    /// The next payment of all.
    fn payment(&mut self) -> Result<Transaction, Error> {
        let number = self.payments;
        self.payments += 1;
        let sum = Sum::parse("0.00000001").map_err(unmade)?;
        let at = Timestamp::from_us(START_US.saturating_add_unsigned(number));
        let payment = Payment::new(&key(number), &key(number + 1), sum, at).map_err(unmade)?;
        payment.signed(&"5".repeat(128)).map_err(unmade)
    }

    /// Takes an input, which must be accepted, and says how long that took, in microseconds.
    fn step(&mut self, input: Input) -> Result<f64, Error> {
        let begin = Instant::now();
        let step = self.node.handle(NOW_US, black_box(input))?;
        let handled = begin.elapsed();
        if !matches!(step.reply, Reply::Accepted(_)) {
            let message = format!("the core did not take what is valid: {:?}", step.reply);
            return Err(Error::new(ErrorKind::Plugin, message));
        }
        self.storage.append(&step.records)?;
        let begin = Instant::now();
        self.node.committed();
        drop(step);
        Ok((handled + begin.elapsed()).as_secs_f64() * 1e6)
    }
}

/// Later than any block here.
const NOW_US: i64 = START_US + 1_000_000 * SECOND_US;

fn key(number: u64) -> String {
    format!("{:064x}", number % KEYS)
}

fn made(parent: &Block, creator: &str, payments: Vec<Transaction>) -> Result<Block, Error> {
    let nr = parent.nr() + 1;
    let time_us = START_US + SECOND_US * i64::try_from(nr).unwrap_or(i64::MAX / SECOND_US);
    let draft = draft(parent, creator, payments, time_us);
    draft.sealed(&nonce(nr)).map_err(unmade)
}

fn of_block(block: Block) -> Input {
    let origin = Origin::Client;
    Input::BlockReceived { block, origin }
}

fn of_payment(transaction: Transaction) -> Input {
    Input::TransactionReceived {
        transaction,
        origin: Origin::Client,
    }
}

fn unmade(invalid: plugcoin_sdk::Invalid) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "a block to measure with can't be made",
    )
    .because(invalid.to_string())
}
