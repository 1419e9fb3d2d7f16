//! [`RecordingGossip`]: tells everybody, and remembers what it was asked.

use std::sync::{Mutex, PoisonError};

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{
    Gossip, GossipAction, GossipEvent, Item, Origin, PeerId, PeerView, Spread,
};

/// A gossip that tells every peer but the origin, and remembers every call.
#[derive(Debug, Default)]
pub struct RecordingGossip(Mutex<Vec<GossipCall>>);

/// What a [`RecordingGossip`] was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GossipCall {
    /// Whom to tell.
    Targets {
        /// Of what.
        item: Item,
        /// Where it came from.
        origin: Origin,
        /// Who could be told.
        peers: Vec<PeerId>,
    },
    /// What to do about this.
    Event(GossipEvent),
    /// Whom to ask.
    Ask {
        /// Who could be asked.
        peers: Vec<PeerId>,
        /// The node's clock, in microseconds since 1970.
        now_us: i64,
    },
}

impl RecordingGossip {
    /// A gossip that was asked nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All calls so far, in order.
    pub fn calls(&self) -> Vec<GossipCall> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn record(&self, call: GossipCall) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
    }
}

fn ids(peers: &[PeerView]) -> Vec<PeerId> {
    peers.iter().map(|peer| peer.id).collect()
}

impl Gossip for RecordingGossip {
    fn targets(
        &self,
        item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        _seed: u64,
    ) -> Result<Spread, Error> {
        let peers = ids(peers);
        self.record(GossipCall::Targets {
            item: *item,
            origin: origin.clone(),
            peers: peers.clone(),
        });
        let told = peers.into_iter().filter(|id| *origin != Origin::Peer(*id));
        Ok(Spread::To(told.collect()))
    }

    fn on_event(
        &self,
        event: &GossipEvent,
        _peers: &[PeerView],
    ) -> Result<Vec<GossipAction>, Error> {
        self.record(GossipCall::Event(event.clone()));
        Ok(Vec::new())
    }

    fn ask(&self, peers: &[PeerView], now_us: i64) -> Result<Vec<PeerId>, Error> {
        let peers = ids(peers);
        self.record(GossipCall::Ask {
            peers: peers.clone(),
            now_us,
        });
        Ok(peers)
    }
}
