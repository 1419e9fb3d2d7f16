//! [`Observer`]: sees events, decides nothing.

use serde::{Deserialize, Serialize};

use crate::ledger::{Address, Hash};
use crate::{Error, Invalid};

/// Sees what happened.
///
/// * It is called from a queue of its own with a bound: when it is slow it misses events, and the
///   node loses nothing.
pub trait Observer: Send + Sync {
    /// Something happened, at this moment in microseconds since 1970.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin, which is switched off then.
    fn on_event(&self, event: &Event, now_us: i64) -> Result<(), Error>;
}

/// What happened in a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// A block was accepted and is durable.
    BlockAccepted {
        /// Its hash.
        hash: Hash,
        /// Its height.
        nr: u64,
        /// How many transactions it has, the reward with them.
        transactions: u64,
        /// Whether this node made it.
        own: bool,
        /// Whether it is on the best chain now.
        best: bool,
    },
    /// A block was refused.
    BlockRefused {
        /// The hash that it claims.
        hash: Hash,
        /// Why.
        reason: Invalid,
    },
    /// A block is held until its parent is here.
    BlockWaiting {
        /// Its hash.
        hash: Hash,
        /// Its parent's.
        parent: Hash,
    },
    /// A transaction was accepted into the pool and is durable.
    TransactionAccepted {
        /// Its id.
        id: Hash,
    },
    /// A transaction was refused.
    TransactionRefused {
        /// Its id.
        id: Hash,
        /// Why.
        reason: Invalid,
    },
    /// A waiting transaction no longer holds.
    TransactionDropped {
        /// Its id.
        id: Hash,
        /// Why.
        reason: Invalid,
    },
    /// Another branch won.
    Reorganised {
        /// The tip that was.
        from: Hash,
        /// The tip that is.
        to: Hash,
        /// The height of the last block that both have.
        fork_nr: u64,
        /// How many blocks left the best chain.
        left: u64,
        /// How many joined it.
        joined: u64,
    },
    /// A peer is kept from now on.
    PeerAdded {
        /// Where.
        address: Address,
    },
    /// A peer was forgotten.
    PeerDropped {
        /// Where.
        address: Address,
        /// Why.
        reason: String,
    },
    /// A peer is not spoken to for a while.
    PeerBanned {
        /// Where.
        address: Address,
        /// Until when, in microseconds since 1970.
        until_us: i64,
        /// Why.
        reason: Invalid,
    },
    /// A peer runs other rules.
    PeerDiffers {
        /// Where.
        address: Address,
        /// Its fingerprint.
        rules: Hash,
        /// The differences in words; empty while they are not known.
        differences: Vec<String>,
    },
    /// A peer has more of the chain, and it is being fetched.
    SyncStarted {
        /// From where.
        address: Address,
        /// Its tip's height.
        nr: u64,
    },
    /// The chain was fetched, or the fetching was given up.
    SyncEnded {
        /// The height reached.
        nr: u64,
        /// Why it was given up, if it was.
        reason: Option<String>,
    },
}
