//! The laws of [`Gossip`].

use plugcoin_sdk::hooks::{
    Gossip, GossipAction, GossipEvent, Item, ItemKind, Origin, PeerId, PeerView, Spread,
};
use plugcoin_sdk::ledger::Hash;

use super::laws;
use crate::fixtures::{START_US, peers};

laws!(dyn Gossip:
    it_names_peers_of_the_list_that_it_was_given_each_at_most_once,
    it_asks_peers_of_the_list_that_it_was_given_each_at_most_once,
    what_it_does_on_an_event_names_peers_of_the_list,
);

fn lists() -> [Vec<PeerView>; 4] {
    [0, 1, 2, 40].map(peers)
}

fn are_listed_once(named: &[PeerId], peers: &[PeerView]) {
    for (n, id) in named.iter().enumerate() {
        assert!(
            peers.iter().any(|peer| peer.id == *id),
            "{id:?} is not listed"
        );
        assert!(!named[..n].contains(id), "{id:?} is named twice");
    }
}

fn items() -> [Item; 2] {
    [ItemKind::Block, ItemKind::Transaction].map(|kind| Item {
        kind,
        hash: Hash::of("item"),
    })
}

fn it_names_peers_of_the_list_that_it_was_given_each_at_most_once(gossip: &dyn Gossip) {
    for peers in lists() {
        for item in items() {
            for seed in 0..20 {
                for origin in [
                    Origin::Own,
                    Origin::Client,
                    Origin::Peer(PeerId(1)),
                    Origin::Peer(PeerId(99)),
                ] {
                    let spread = gossip.targets(&item, &origin, &peers, seed);
                    if let Spread::To(named) = spread.expect("targets has no fault") {
                        are_listed_once(&named, &peers);
                    }
                }
            }
        }
    }
}

fn it_asks_peers_of_the_list_that_it_was_given_each_at_most_once(gossip: &dyn Gossip) {
    for peers in lists() {
        for now_us in [START_US, START_US + 1] {
            let named = gossip.ask(&peers, now_us).expect("ask has no fault");
            are_listed_once(&named, &peers);
        }
    }
}

fn what_it_does_on_an_event_names_peers_of_the_list(gossip: &dyn Gossip) {
    let hash = Hash::of("block");
    let accepted = |own, best| GossipEvent::BlockAccepted {
        hash,
        nr: 1,
        own,
        best,
    };
    for peers in lists() {
        for event in [
            accepted(true, true),
            accepted(false, true),
            accepted(false, false),
            GossipEvent::TipChanged { hash, nr: 1 },
        ] {
            let actions = gossip.on_event(&event, &peers);
            for action in actions.expect("on_event has no fault") {
                match action {
                    GossipAction::Announce { to, .. } => are_listed_once(&to, &peers),
                    GossipAction::Score { peer, .. } => are_listed_once(&[peer], &peers),
                }
            }
        }
    }
}
