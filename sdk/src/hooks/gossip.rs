//! [`Gossip`]: whom to ask and to tell.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::ledger::{Address, Hash};

/// Decides which peers are told of a new item, and which are asked for news.
///
/// * It names peers of the list that it was given, each at most once.
/// * It need not keep account: the node tells a peer of an item once, and never the one that it
///   came from.
pub trait Gossip: Send + Sync {
    /// Whom to tell of a newly accepted item.
    ///
    /// * `peers` are those that could be told now; `seed` is fresh for each call.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn targets(
        &self,
        item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        seed: u64,
    ) -> Result<Spread, Error>;

    /// What to do about something that happened; default: nothing.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn on_event(
        &self,
        event: &GossipEvent,
        peers: &[PeerView],
    ) -> Result<Vec<GossipAction>, Error> {
        let _ = (event, peers);
        Ok(Vec::new())
    }

    /// Which peers to ask for their peers and their tip on this occasion; default: all.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn ask(&self, peers: &[PeerView], now_us: i64) -> Result<Vec<PeerId>, Error> {
        let _ = now_us;
        Ok(peers.iter().map(|peer| peer.id).collect())
    }
}

/// A node's own number for a peer; never used again for another while the node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PeerId(pub u32);

/// What a plugin is told of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// The node's number for it.
    pub id: PeerId,
    /// Where it listens.
    pub address: Address,
    /// The height of its tip as it last said, if it did.
    pub tip_nr: Option<u64>,
    /// Points that count against it.
    pub score: u32,
    /// When it last answered, in microseconds since 1970.
    pub answered_us: Option<i64>,
}

/// A block or a transaction, by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Item {
    /// Which of the two.
    pub kind: ItemKind,
    /// The block's hash, or the transaction's id.
    pub hash: Hash,
}

/// What an [`Item`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A block.
    Block,
    /// A transaction.
    Transaction,
}

/// Where an item came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// This node made it.
    Own,
    /// A client that is no peer.
    Client,
    /// A peer sent it, or it was fetched from there.
    Peer(PeerId),
}

/// The answer of [`Gossip::targets`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Tell these.
    To(Vec<PeerId>),
    /// Tell nobody, and serve it to nobody, until an [`GossipAction::Announce`] says otherwise.
    ///
    /// * It holds for own blocks alone; anything else is merely not sent on.
    /// * It ends with the process: a plugin has forgotten its plan then, and the block is served.
    Withhold,
}

/// What a gossip plugin is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GossipEvent {
    /// A block was accepted.
    BlockAccepted {
        /// Its hash.
        hash: Hash,
        /// Its height.
        nr: u64,
        /// Whether this node made it.
        own: bool,
        /// Whether it is now on the best chain.
        best: bool,
    },
    /// The tip is another one.
    TipChanged {
        /// The new tip's hash.
        hash: Hash,
        /// The new tip's height.
        nr: u64,
    },
}

/// What a gossip plugin may ask for in return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GossipAction {
    /// Tell these peers of this item; the end of its withholding.
    Announce {
        /// Of what.
        item: Item,
        /// Whom.
        to: Vec<PeerId>,
    },
    /// Count these points against a peer.
    Score {
        /// Which peer.
        peer: PeerId,
        /// How many; 100 is a ban.
        points: u32,
    },
}
