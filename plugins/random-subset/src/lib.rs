//! Gossip: everything is told to some peers, drawn anew each time.

use plugcoin_sdk::hooks::{Gossip, Item, Origin, PeerId, PeerView, Spread};
use plugcoin_sdk::{Error, ErrorKind};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct SubsetOptions {
        /// How many peers are told of an item.
        local peers: usize = 8,
    }
}

/// The rule that so many peers are told of an item, any of them as likely as another.
///
/// * Peers are drawn by the seed of the call: the same seed and list give the same peers.
/// * Fewer are told only where there are fewer, so whatever is made here reaches somebody.
/// * Asking is left at the hook's default: all peers. It brings what gossip did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomSubset {
    peers: usize,
}

impl RandomSubset {
    /// The rule with this many peers.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for none: own blocks would be told to nobody.
    pub fn new(peers: usize) -> Result<Self, Error> {
        if peers == 0 {
            return Err(Error::new(
                ErrorKind::Configuration,
                "random-subset.peers is 0; take 1 or more, or what this node makes reaches nobody",
            ));
        }
        Ok(Self { peers })
    }
}

impl Gossip for RandomSubset {
    fn targets(
        &self,
        _item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        seed: u64,
    ) -> Result<Spread, Error> {
        let mut drawn: Vec<PeerId> = peers
            .iter()
            .map(|peer| peer.id)
            .filter(|id| *origin != Origin::Peer(*id))
            .collect();
        shuffle_first(self.peers, &mut drawn, seed);
        drawn.truncate(self.peers);
        Ok(Spread::To(drawn))
    }
}

/// Draws the first so many items of a list from all of it, each as likely as another.
///
/// * Source: Fisher and Yates's shuffle, stopped early (Durstenfeld, Algorithm 235, 1964).
fn shuffle_first<T>(count: usize, items: &mut [T], mut seed: u64) {
    for place in 0..count.min(items.len()) {
        // A u64 spread over the few that are left: none is favoured by more than one in 2⁴⁰.
        let left = (items.len() - place) as u64;
        items.swap(place, place + (next(&mut seed) % left) as usize);
    }
}

/// The next of the numbers that follow from a seed and look random: SplitMix64.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

plugcoin_sdk::register!(Gossip, "random-subset", |options: SubsetOptions| {
    RandomSubset::new(options.peers)
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::hooks::ItemKind;
    use plugcoin_sdk::ledger::Hash;
    use plugcoin_testkit::fixtures;

    fn told(count: usize, origin: &Origin, peers: u16, seed: u64) -> Vec<PeerId> {
        let item = Item {
            kind: ItemKind::Block,
            hash: Hash::of("block"),
        };
        let rule = RandomSubset::new(count).unwrap();
        match rule.targets(&item, origin, &fixtures::peers(peers), seed) {
            Ok(Spread::To(peers)) => peers,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn so_many_are_told_or_all_there_are() {
        assert_eq!(told(3, &Origin::Own, 10, 7).len(), 3);
        assert_eq!(told(3, &Origin::Own, 2, 7).len(), 2);
        assert_eq!(told(1, &Origin::Own, 1, 7).len(), 1);
        assert_eq!(told(3, &Origin::Own, 0, 7).len(), 0);
    }

    #[test]
    fn whom_it_came_from_is_not_told() {
        let from = PeerId(2);
        for seed in 0..100 {
            let told = told(3, &Origin::Peer(from), 4, seed);
            assert!(told.len() == 3 && !told.contains(&from));
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_any_peer_is_as_likely_as_another() {
        let draw = |seed| told(3, &Origin::Own, 12, seed);
        assert_eq!(draw(7), draw(7));
        let mut counts = [0_u32; 12];
        for seed in 0..40_000 {
            for id in draw(seed) {
                counts[id.0 as usize - 1] += 1;
            }
        }
        // 10 000 of each are expected; the standard deviation is 87.
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 450),
            "{counts:?}"
        );
    }

    #[test]
    fn none_at_all_is_refused() {
        let error = RandomSubset::new(0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("take 1 or more"), "{error}");
    }
}
