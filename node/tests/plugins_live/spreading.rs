//! `random-subset`: who is told.

use std::collections::BTreeSet;

use crate::live::{acquainted, agreed, live};

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
