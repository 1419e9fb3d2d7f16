//! Gossip: everything is told to every peer, and every peer is asked.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Gossip, Item, Origin, PeerView, Spread};

/// The rule that every peer but the one it came from is told of everything.
///
/// * Asking is left at the hook's default: all peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloodGossip;

impl Gossip for FloodGossip {
    fn targets(
        &self,
        _item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        _seed: u64,
    ) -> Result<Spread, Error> {
        let all = peers.iter().map(|peer| peer.id);
        Ok(Spread::To(match *origin {
            Origin::Peer(from) => all.filter(|id| *id != from).collect(),
            Origin::Own | Origin::Client => all.collect(),
        }))
    }
}

plugcoin_sdk::register!(Gossip, "flood", |_| Ok(FloodGossip));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::hooks::{ItemKind, PeerId};
    use plugcoin_sdk::ledger::Hash;
    use plugcoin_testkit::fixtures::peers;

    #[test]
    fn everybody_is_told_but_whom_it_came_from() {
        let item = Item {
            kind: ItemKind::Block,
            hash: Hash::of("block"),
        };
        let told = |origin| FloodGossip.targets(&item, &origin, &peers(3), 7).unwrap();
        let [first, second, third] = [PeerId(1), PeerId(2), PeerId(3)];
        assert_eq!(told(Origin::Own), Spread::To(vec![first, second, third]));
        assert_eq!(told(Origin::Client), Spread::To(vec![first, second, third]));
        assert_eq!(told(Origin::Peer(second)), Spread::To(vec![first, third]));
        assert_eq!(
            FloodGossip.ask(&peers(3), 0).unwrap(),
            [first, second, third]
        );
    }
}
