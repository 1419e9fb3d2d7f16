//! `random-subset`: who is told.

use std::collections::BTreeSet;

use crate::live::{acquainted, agreed, live};
use crate::program::peer::FakePeer;
use crate::program::running::until;
use crate::program::world::{World, block};

#[test]
fn each_block_is_told_to_one_of_many() {
    const BLOCKS: usize = 24;
    let peers: Vec<FakePeer> = (0..4).map(|_| FakePeer::quiet()).collect();
    let known: String = peers
        .iter()
        .map(|peer| format!(" --peer {}", peer.address))
        .collect();
    let subset = "--plugin random-subset --set random-subset.peers=1";
    let world = World::new();
    let (_dir, node) = world.start(&format!("{subset}{known}"));
    node.wait("peers", |status| status["peers"] == 4);
    let told = || -> Vec<usize> {
        let is_told = |line: &&String| *line == "POST /block";
        let of_peer = |peer: &FakePeer| peer.asked().iter().filter(is_told).count();
        peers.iter().map(of_peer).collect()
    };
    let mut tip = world.tip().clone();
    for n in 0..BLOCKS {
        tip = block(&tip, "carol", Vec::new(), 50 + n as i64);
        let (code, words) = node.ask("POST", "/block", tip.text());
        assert_eq!(code, 200, "{words}");
    }
    until("all are told", || {
        (told().iter().sum::<usize>() >= BLOCKS).then_some(())
    });
    // Each to one, and not all to the same one: by chance in one of 4^23 runs.
    let told = told();
    assert_eq!(told.iter().sum::<usize>(), BLOCKS, "{told:?}");
    assert!(
        told.iter().filter(|count| **count > 0).count() > 1,
        "{told:?}"
    );
}

#[test]
fn what_one_is_told_reaches_all() {
    let rules = "--set zeros.zeros=1 --set fifo.n_transactions=1 --plugin random-subset \
                 --set random-subset.peers=1";
    let a = live(rules);
    a.reach(1);
    let b = live(format!("{rules} --peer {}", a.address));
    let c = live(format!("{rules} --peer {} --peer {}", a.address, b.address));
    let nodes = [&a, &b, &c];
    acquainted(&nodes);
    agreed(&nodes, 1);
    let before = nodes.map(|node| node.plugin("random-subset")["calls"].as_u64().unwrap());
    for height in 2..6 {
        a.pay("bob", "0.125");
        agreed(&nodes, height);
    }
    for (node, before) in nodes.iter().zip(before) {
        let plugin = node.plugin("random-subset");
        assert!(plugin["calls"].as_u64().unwrap() > before, "{plugin}");
        assert_eq!(plugin["state"], "active");
    }
    // It is a matter of each node, and no rule of the network.
    let prints = nodes.map(|node| node.status()["fingerprint"].to_string());
    let plain = live("--set zeros.zeros=1");
    assert_eq!(
        BTreeSet::from(prints),
        BTreeSet::from([plain.status()["fingerprint"].to_string()])
    );
}
