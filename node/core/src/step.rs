//! What goes into the node, and what comes out.

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Event, Item, Origin, Record};
use plugcoin_sdk::ledger::{Block, Draft, Hash, Header, Sum, Target, Transaction};

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// A block came.
    BlockReceived {
        /// The block, structurally right.
        block: Block,
        /// Whence.
        origin: Origin,
    },
    /// A transaction came.
    TransactionReceived {
        /// The transaction, structurally right.
        transaction: Transaction,
        /// Whence.
        origin: Origin,
    },
    /// A client asked this node to pay from its own wallet.
    PaymentRequested {
        /// To whom.
        to: String,
        /// How much.
        sum: Sum,
    },
    /// A nonce was found for a job.
    Sealed {
        /// Which job.
        job: u64,
        /// The nonce.
        nonce: String,
    },
    /// A job needs this text signed by the wallet.
    SealToSign {
        /// Which job.
        job: u64,
        /// The text.
        text: String,
    },
    /// A job can't be sealed before this moment.
    SealToWait {
        /// Which job.
        job: u64,
        /// When to try again, in microseconds since 1970.
        until_us: i64,
    },
    /// The first round of asking peers is over, whatever came of it.
    FirstSyncEnded,
    /// Nothing happened but time.
    Ticked,
}

/// What the node answers to whoever brought the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// There is nothing to say.
    Nothing,
    /// New and valid: the block's hash or the transaction's id.
    Accepted(Hash),
    /// A block that is held until this parent is here.
    WaitingFor(Hash),
    /// Held already.
    Known(Item),
    /// Refused by a rule.
    Refused(Invalid),
    /// The wallet has not so much.
    NoFunds,
}

/// A block to be sealed.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number; a greater one replaces all before.
    pub id: u64,
    /// The block without its nonce.
    pub draft: Draft,
    /// The header of the block before it.
    pub parent: Header,
    /// The target.
    pub target: Target,
}

/// Something to be done outside.
#[derive(Clone, Debug)]
pub enum Output {
    /// Ask peers for a block, first the one that sent the block which lacks it.
    Fetch {
        /// The block.
        hash: Hash,
        /// Whom to ask first.
        origin: Origin,
    },
    /// An item is new: spread it.
    Spread {
        /// The item.
        item: Record,
        /// Whence it came.
        origin: Origin,
    },
    /// Search a nonce for this job, and for no earlier one.
    Seal(Box<Job>),
    /// Stop searching.
    StopSealing,
    /// Something happened that people and observers may want to know.
    Tell(Event),
}

/// What came of an input.
#[derive(Clone, Debug)]
pub struct Step {
    /// To be made durable before anything else of this step is told or done.
    pub records: Vec<Record>,
    /// The answer.
    pub reply: Reply,
    /// To be done, in this order.
    pub outputs: Vec<Output>,
}
