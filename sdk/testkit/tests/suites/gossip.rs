//! The suite of this hook catches what is wrong.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{
    Gossip, GossipAction, GossipEvent, Item, ItemKind, Origin, PeerId, PeerView, Spread,
};
use plugcoin_sdk::ledger::Hash;
use plugcoin_testkit::suite::gossip;

/// A gossip that names somebody whom it was not told of, or somebody twice.
struct Names(fn(&[PeerView]) -> Vec<PeerId>);

impl Gossip for Names {
    fn targets(&self, _: &Item, _: &Origin, peers: &[PeerView], _: u64) -> Result<Spread, Error> {
        Ok(Spread::To((self.0)(peers)))
    }

    fn on_event(&self, _: &GossipEvent, peers: &[PeerView]) -> Result<Vec<GossipAction>, Error> {
        let announce = GossipAction::Announce {
            item: Item {
                kind: ItemKind::Block,
                hash: Hash::of("block"),
            },
            to: (self.0)(peers),
        };
        Ok(vec![announce])
    }

    fn ask(&self, peers: &[PeerView], _: i64) -> Result<Vec<PeerId>, Error> {
        Ok((self.0)(peers))
    }
}

#[test]
fn a_bad_gossip_is_caught() {
    let stranger = Names(|_| vec![PeerId(77)]);
    let twice = Names(|peers| peers.iter().chain(peers).map(|peer| peer.id).collect());
    for bad in [stranger, twice] {
        assert_eq!(gossip::broken(&bad).len(), gossip::LAWS.len());
    }
    assert!(gossip::broken(&Names(|_| Vec::new())).is_empty());
}
