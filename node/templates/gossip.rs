//! Gossip: everything is told to eight peers, and to other ones each time.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Gossip, Item, Origin, PeerId, PeerView, Spread};

/// How many peers are told.
const PEERS: usize = 8;

/// The rule that so many peers are told; the seed says with which one to begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Gossip for MyRule {
    fn targets(
        &self,
        _item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        seed: u64,
    ) -> Result<Spread, Error> {
        let others = peers.iter().map(|peer| peer.id);
        let mut told: Vec<PeerId> = others.filter(|id| *origin != Origin::Peer(*id)).collect();
        let first = seed.checked_rem(told.len() as u64).unwrap_or(0);
        told.rotate_left(first as usize);
        told.truncate(PEERS);
        Ok(Spread::To(told))
    }
}

plugcoin_sdk::register!(Gossip, "my-rule", |_| Ok(MyRule));
