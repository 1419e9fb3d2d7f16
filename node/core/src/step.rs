//! What goes into the node, and what comes out.

use std::net::IpAddr;

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{
    Contact, Event, Item, Origin, PeerAnswer, PeerId, PeerReply, PeerRequest, Record,
};
use plugcoin_sdk::ledger::{Address, Block, Draft, Hash, Header, Sum, Target, Transaction};

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
    /// Another node called this one, and said this of itself.
    PeerIntroduced {
        /// The remote address of the connection.
        ip: IpAddr,
        /// What it said.
        contact: Contact,
    },
    /// A call that was asked for by [`Output::Call`] is over.
    CallEnded {
        /// Which.
        call: u64,
        /// What the peer answered, or why it didn't.
        result: Result<Answered, CallFailure>,
    },
    /// What was asked for by [`Output::Compare`] is known.
    Compared {
        /// Where the peer listens.
        address: Address,
        /// Its fingerprint.
        rules: Hash,
        /// How it differs, in words.
        differences: Vec<String>,
    },
    /// Nothing happened but time.
    Ticked,
}

/// A peer's answer, structurally read.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the peer said of itself.
    pub contact: Contact,
    /// What it answered.
    pub answer: Answer,
}

/// What a peer answered; its blocks are read, and otherwise not yet judged.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The addresses that it knows, as texts.
    Peers(Vec<String>),
    /// Blocks, lowest first; what is no block, with why. None: it has none.
    Blocks(Vec<Result<Block, Invalid>>),
    /// The plugins that it runs, as its own JSON.
    Plugins(serde_json::Value),
    /// It took what it was told, or refused it.
    Told,
}

impl From<PeerReply> for Answered {
    fn from(PeerReply { contact, answer }: PeerReply) -> Self {
        let answer = match answer {
            PeerAnswer::Peers(peers) => Answer::Peers(peers),
            PeerAnswer::Blocks(texts) => {
                Answer::Blocks(texts.iter().map(|text| Block::parse(text)).collect())
            }
            PeerAnswer::Plugins(theirs) => Answer::Plugins(theirs),
            PeerAnswer::Taken | PeerAnswer::Refused { .. } => Answer::Told,
        };
        Self { contact, answer }
    }
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// It was never made: too many calls to this peer wait already.
    NotMade,
    /// The peer did not answer, or not what is an answer.
    Failed(String),
}

impl From<&str> for CallFailure {
    fn from(why: &str) -> Self {
        Self::Failed(why.to_owned())
    }
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

/// One question to one peer.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number; never used again.
    pub id: u64,
    /// The node's number for the peer.
    pub peer: PeerId,
    /// Where the peer listens.
    pub address: Address,
    /// What to ask.
    pub request: PeerRequest,
    /// Whether the blocks that come will be judged wholly, so that it is worth while to verify their
    /// signatures beforehand.
    pub judged: bool,
}

/// Something to be done outside.
#[derive(Clone, Debug)]
pub enum Output {
    /// Ask a peer something; every call ends in one [`Input::CallEnded`].
    Call(Call),
    /// Say in words how a peer's plugins differ from this node's, by [`Input::Compared`].
    Compare {
        /// Where the peer listens.
        address: Address,
        /// Its fingerprint.
        rules: Hash,
        /// Its plugins, as it says.
        theirs: serde_json::Value,
    },
    /// Write these down as the known peers.
    SavePeers(Vec<Address>),
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
