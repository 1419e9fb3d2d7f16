//! The hooks: one trait for every rule of a node, one file each.
//!
//! * A hook is a leaf: it is called and never calls; texts and plain data go in, a verdict comes out.
//! * Every hook is `Send + Sync`, takes `&self`, and is synchronous ([`Transport`] alone is not).
//! * Every method may fail with an [`Error`](crate::Error), which is the plugin's own fault and
//!   never a judgement on the input.
//! * What a hook decides depends on its arguments and its options alone, unless its docs say
//!   otherwise: time and seeds are arguments.

mod consensus;
mod difficulty;
mod fork_choice;
mod gossip;
mod mempool;
mod merkle;
mod observer;
mod reward;
mod signer;
mod storage;
mod transport;
mod validity;

pub use consensus::{Consensus, NonceLength, Seal, SealSignature, SealVerdict, Slice};
pub use difficulty::{Ancestor, Difficulty, Wants};
pub use fork_choice::{Branch, ForkChoice, Preference};
pub use gossip::{
    Gossip, GossipAction, GossipEvent, Item, ItemKind, Origin, PeerId, PeerView, Spread,
};
pub use mempool::{Admission, Capacity, Due, Mempool, PoolSummary};
pub use merkle::Merkle;
pub use observer::{Event, Observer};
pub use reward::Reward;
pub use signer::{KeyPair, Signed, Signer};
pub use storage::{Record, Storage};
pub use transport::{Contact, PeerAnswer, PeerReply, PeerRequest, Tip, Transport};
pub use validity::{BlockContext, TransactionContext, Validity};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The hooks of a node, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookKind {
    /// Where the journal lives.
    Storage,
    /// How a block is sealed, and a seal checked.
    Consensus,
    /// The signature scheme.
    Signer,
    /// Whom to ask and to tell.
    Gossip,
    /// How bytes reach a peer.
    Transport,
    /// The target of the next block.
    Difficulty,
    /// Which branch wins.
    ForkChoice,
    /// What a miner may pay itself.
    Reward,
    /// The commitment to a block's transactions.
    Merkle,
    /// Admission, order and capacity of waiting transactions; when a block is due.
    Mempool,
    /// Further rules.
    Validity,
    /// Sees events, decides nothing.
    Observer,
}

impl HookKind {
    /// All hooks, in the order in which a node lists them.
    pub const ALL: [Self; 12] = [
        Self::Storage,
        Self::Consensus,
        Self::Signer,
        Self::Gossip,
        Self::Transport,
        Self::Difficulty,
        Self::ForkChoice,
        Self::Reward,
        Self::Merkle,
        Self::Mempool,
        Self::Validity,
        Self::Observer,
    ];

    /// The hook's name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Consensus => "consensus",
            Self::Signer => "signer",
            Self::Gossip => "gossip",
            Self::Transport => "transport",
            Self::Difficulty => "difficulty",
            Self::ForkChoice => "fork-choice",
            Self::Reward => "reward",
            Self::Merkle => "merkle",
            Self::Mempool => "mempool",
            Self::Validity => "validity",
            Self::Observer => "observer",
        }
    }

    /// Whether it decides what is valid or wins, and so counts in the fingerprint.
    pub fn decides_validity(self) -> bool {
        match self {
            Self::Consensus
            | Self::Signer
            | Self::Difficulty
            | Self::ForkChoice
            | Self::Reward
            | Self::Merkle
            | Self::Validity => true,
            Self::Storage | Self::Gossip | Self::Transport | Self::Mempool | Self::Observer => {
                false
            }
        }
    }

    /// Whether a plugin may begin at a height: it judges a block by the rules of that block's height.
    pub fn may_begin_later(self) -> bool {
        matches!(
            self,
            Self::Consensus
                | Self::Signer
                | Self::Difficulty
                | Self::Reward
                | Self::Merkle
                | Self::Validity
        )
    }

    /// Whether any number of plugins may be active; exactly one is otherwise.
    pub fn takes_many(self) -> bool {
        matches!(self, Self::Validity | Self::Observer)
    }
}

impl fmt::Display for HookKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
