//! `p192` and `authority`: who may pay, and who may make a block.

use std::collections::BTreeMap;

use ed25519::Ed25519;
use p192::P192;
use plugcoin_sdk::hooks::{KeyPair, Signer as _};
use plugcoin_sdk::ledger::{Block, Transaction, genesis};
use plugcoin_testkit::fixtures::{self, SECOND_US};
use serde_json::Value;

use crate::live::{acquainted, agreed, coins, live_with, sums};
use crate::program::running::until;
use crate::program::world::{alice, at, block, bob, pay};

/// The transactions of one of the vectors' lists.
fn entries(list: &str) -> Vec<Value> {
    let text = include_str!("../../../plugins/p192/data/p192-transactions.json");
    let file: Value = serde_json::from_str(text).unwrap();
    file[list].as_array().unwrap().clone()
}

#[test]
fn a_network_on_p192_takes_the_payments_of_the_vectors() {
    let wire = |entry: &Value| entry["wire"].as_str().unwrap().to_owned();
    let valid: Vec<Transaction> = entries("valid")
        .iter()
        .map(|entry| Transaction::parse(&wire(entry)).unwrap())
        .collect();
    // Everybody who pays has coins, by blocks that pay them.
    let [mine, yours] = [[1; 32], [2; 32]].map(|seed| P192.generate(&seed).unwrap());
    let mut creators: Vec<&str> = valid.iter().flat_map(|paid| [paid.from(); 2]).collect();
    creators.push(&mine.public);
    let blocks = coins(&creators);
    let rules = "--plugin p192 --set zeros.zeros=0 --set fifo.n_transactions=6";
    let a = live_with(rules, &mine, &blocks);
    let b = live_with(format!("{rules} --peer {}", a.address), &yours, &blocks);
    acquainted(&[&a, &b]);

    for entry in entries("refused") {
        let name = &entry["name"];
        let refused = a.refuses("/inv", &wire(&entry));
        // What has the right form is refused by the scheme.
        match Transaction::parse(&wire(&entry)) {
            Ok(_) => assert_eq!(
                (&refused["rule"], &refused["plugin"]),
                (&"signature".into(), &"p192".into()),
                "{name}: {refused}"
            ),
            Err(invalid) => assert_eq!(refused["rule"], &*invalid.rule, "{name}: {refused}"),
        }
    }
    assert_eq!(a.status()["pool"], 0);
    for paid in &valid {
        a.takes("/inv", paid.text());
    }
    // Another signature of the same payment is the same transaction.
    for twin in entries("twins") {
        let refused = a.refuses("/inv", &wire(&twin));
        assert_eq!(refused["errmsg"], "Transaction already exists");
    }
    b.wait("the payments", |status| status["pool"] == 5);
    // The wallet of this network pays, and all six are mined.
    a.pay(&yours.public, "0.5");
    let height = blocks.len() as u64 + 1;
    agreed(&[&a, &b], height);
    let block = b.tip_block();
    assert_eq!(sums(&block), ["0.8", "1", "2", "0.1", "0.25", "0.5"]);
    for paid in &valid {
        assert_eq!(b.asked(paid.id(), "signature")["plugin"], "p192");
    }
    // And what it paid can be spent on the other node.
    b.pay("somebody", "0.4");
    a.wait("what was paid on", |status| status["pool"] == 1);
}

/// The turn in which a block was made, of one second.
fn turn(block: &Block) -> i64 {
    block.header().timestamp.us().div_euclid(SECOND_US)
}

#[test]
fn authorities_take_turns_and_a_stranger_makes_no_block() {
    let authorities = [alice(), bob()];
    let keys = authorities.each_ref().map(|keys| &*keys.public);
    let rules = format!(
        "--plugin authority --set authority.keys={} --set authority.turn_s=1",
        keys.join(",")
    );
    let mining = format!("{rules} --mine --mine-interval 0s");
    let stranger = Ed25519.generate(&[3; 32]).unwrap();
    let a = live_with(&mining, &authorities[0], &[]);
    let b = live_with(
        format!("{mining} --peer {}", a.address),
        &authorities[1],
        &[],
    );
    // Who is not listed may ask for the whole of it, and watches all the same.
    let watcher = format!("{mining} --peer {} --peer {}", a.address, b.address);
    let watcher = live_with(watcher, &stranger, &[]);
    let by_both = |chain: &[Block]| {
        let mut made = BTreeMap::new();
        for block in &chain[1..] {
            *made.entry(block.header().creator.clone()).or_insert(0) += 1;
        }
        keys.iter().all(|key| made.get(*key) >= Some(&2))
    };
    let chain = until("two blocks of each", || {
        Some(watcher.chain()).filter(|chain| by_both(chain))
    });
    for pair in chain[1..].windows(2) {
        assert!(turn(&pair[0]) < turn(&pair[1]), "{pair:?}");
    }
    for block in &chain[1..] {
        let due = keys[usize::try_from(turn(block) % 2).unwrap()];
        assert_eq!(block.header().creator, due, "{block:?}");
    }
    // A stranger's block, and one in the name of whoever's turn it is.
    let parent = &chain[chain.len() - 2];
    let us = parent.header().timestamp.us() + 2 * SECOND_US;
    let sealed = |keys: &KeyPair, creator: &str| {
        let draft = fixtures::draft(parent, creator, Vec::new(), us);
        let signature = Ed25519.sign(&keys.secret, "this block").unwrap();
        draft.sealed(&signature).unwrap()
    };
    let due = parent.header().creator.clone();
    let own = sealed(&stranger, &stranger.public);
    let forged = sealed(&stranger, &due);
    for (block, plugin, words) in [
        (&own, "authority", "not among the keys"),
        (&forged, "ed25519", "signature"),
    ] {
        for node in [&a, &b, &watcher] {
            let refused = node.refuses("/block", block.text());
            assert_eq!(refused["rule"], "seal", "{refused}");
            assert_eq!(refused["plugin"], plugin, "{refused}");
            assert!(
                refused["errmsg"].as_str().unwrap().contains(words),
                "{refused}"
            );
        }
    }
}

#[test]
fn no_signature_is_verified_in_a_block_that_is_not_judged() {
    let keys = alice();
    let first = block(&genesis(), &keys.public, Vec::new(), 10);
    let rules = "--set zeros.zeros=1 --set fifo.n_transactions=9";
    let a = live_with(rules, &keys, std::slice::from_ref(&first));
    let calls = || a.plugin("ed25519")["calls"].as_u64().unwrap();
    let before = calls();
    let pays = |n: i64| vec![pay(&keys, "bob", "0.25", n), pay(&keys, "bob", "0.125", n)];
    let orphan = block(
        &block(&first, &keys.public, Vec::new(), 20),
        &keys.public,
        pays(100),
        30,
    );
    let (status, answer) = a.ask("POST", "/block", orphan.text());
    assert_eq!(status, 202, "{answer}");
    // Its hash is its own, and above the target.
    let draft = fixtures::draft(&first, &keys.public, pays(101), at(40));
    let unsealed = (0..).map(|n| draft.clone().sealed(&fixtures::nonce(n)).unwrap());
    let unsealed = { unsealed }.find(|block| !block.hash().to_string().starts_with('0'));
    assert_eq!(
        a.refuses("/block", unsealed.unwrap().text())["rule"],
        "seal"
    );
    assert_eq!(calls(), before);
    let good = block(&first, &keys.public, pays(102), 40);
    a.takes("/block", good.text());
    assert_eq!(calls(), before + 1, "one batch");
    let again = a.refuses("/block", good.text());
    assert_eq!(again["errmsg"], "Block already exists");
    assert_eq!(calls(), before + 1);
}
