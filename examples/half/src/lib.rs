//! Gossip: everything is told to a random half of the peers.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Gossip, Item, Origin, PeerId, PeerView, Spread};

/// The rule that a random half of the peers is told, and at least one.
#[derive(Clone, Copy, Debug, Default)]
pub struct HalfGossip;

impl Gossip for HalfGossip {
    fn targets(
        &self,
        _item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        seed: u64,
    ) -> Result<Spread, Error> {
        let others = peers
            .iter()
            .map(|peer| peer.id)
            .filter(|id| *origin != Origin::Peer(*id));
        // Sorted by a number that looks random, the first half is a random one.
        let mut drawn: Vec<(u64, PeerId)> = others.map(|id| (draw(seed, id), id)).collect();
        drawn.sort_unstable();
        drawn.truncate(drawn.len().div_ceil(2));
        Ok(Spread::To(drawn.into_iter().map(|(_, id)| id).collect()))
    }
}

/// A number for a peer that is another one for every seed: the last step of SplitMix64.
fn draw(seed: u64, id: PeerId) -> u64 {
    let mut z = seed ^ u64::from(id.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

plugcoin_sdk::register!(Gossip, "half", |_| Ok(HalfGossip));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::hooks::ItemKind;
    use plugcoin_sdk::ledger::Hash;
    use plugcoin_testkit::{fixtures, suite};

    fn told(origin: &Origin, peers: u16, seed: u64) -> Vec<PeerId> {
        let item = Item {
            kind: ItemKind::Block,
            hash: Hash::of("block"),
        };
        match HalfGossip.targets(&item, origin, &fixtures::peers(peers), seed) {
            Ok(Spread::To(peers)) => peers,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::gossip::check(&HalfGossip);
    }

    #[test]
    fn half_are_told_and_another_half_each_time() {
        assert_eq!(told(&Origin::Own, 10, 1).len(), 5);
        assert_eq!(told(&Origin::Own, 1, 1).len(), 1);
        assert_ne!(told(&Origin::Own, 10, 1), told(&Origin::Own, 10, 2));
        // In a hundred draws nobody is left out.
        let all: std::collections::BTreeSet<PeerId> = (0..100)
            .flat_map(|seed| told(&Origin::Own, 10, seed))
            .collect();
        assert_eq!(all.len(), 10);
    }

    #[test]
    fn whom_it_came_from_is_not_told() {
        let from = PeerId(1);
        assert!((0..100).all(|seed| !told(&Origin::Peer(from), 3, seed).contains(&from)));
    }
}
