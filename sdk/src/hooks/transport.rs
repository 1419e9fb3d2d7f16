//! [`Transport`]: how bytes reach a peer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;
use crate::ledger::{Address, Block, Hash, Transaction, serde_texts};

/// Carries requests to peers and brings their answers; IO and nothing else.
///
/// * Every request says who asks: the node's own [`Contact`] and where it can be reached.
/// * A peer that refuses an item has answered; an [`Error`] is a peer that has not.
/// * It bounds what it reads and how long it waits, whatever the peer does.
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// Asks one peer one thing.
    ///
    /// # Errors
    /// [`ErrorKind::Peer`](crate::ErrorKind::Peer) if it can't be reached, doesn't answer in time, or answers what is no
    /// answer.
    async fn call(
        &self,
        to: &Address,
        me: &Contact,
        request: PeerRequest,
    ) -> Result<PeerReply, Error>;
}

/// What a node says of itself with every request and every answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its best tip.
    pub tip: Option<Tip>,
    /// The fingerprint of its rules.
    pub rules: Option<Hash>,
    /// Its random name, new at every start.
    pub node: Option<String>,
    /// Its port, of whatever address it calls from.
    pub port: Option<u16>,
    /// The address that it wants to be known by instead.
    pub address: Option<Address>,
}

/// A block by height and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tip {
    /// Its height.
    pub nr: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What one node asks another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerRequest {
    /// The addresses that it knows.
    Peers,
    /// One block.
    Block(Hash),
    /// Its best chain's blocks from a height on, at most so many.
    Page {
        /// The first height.
        nr: u64,
        /// How many levels at most.
        limit: u64,
    },
    /// The plugins that it runs.
    Plugins,
    /// Here is a block.
    PostBlock(#[serde(with = "serde_texts::block")] Block),
    /// Here is a transaction.
    PostTransaction(#[serde(with = "serde_texts::transaction")] Transaction),
}

/// An answer with what the peer said of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerReply {
    /// What it said of itself.
    pub contact: Contact,
    /// What it answered.
    pub answer: PeerAnswer,
}

/// What a peer answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerAnswer {
    /// The addresses that it knows, as texts; not yet judged.
    Peers(Vec<String>),
    /// Blocks as texts, lowest first; not yet judged. None: it has none.
    Blocks(Vec<String>),
    /// The plugins that it runs, as its own JSON.
    Plugins(Value),
    /// It took the item, or holds it for its parent, or had it already.
    Taken,
    /// It refused.
    Refused {
        /// The HTTP status, or what stands for it.
        status: u16,
        /// Its words.
        message: String,
    },
}
