//! A network in which one node runs other rules, and what each says and does about it.

use serde_json::Value;

use crate::live::{Live, acquainted, agreed, live};
use crate::program::running::until;

const RULES: &str = "--set zeros.zeros=0 --set fifo.n_transactions=1";
const OTHERS: &str = "--set fixed-reward.reward=2 --mine --mine-interval 20ms";
const HERE: &str = r#"reward: here fixed-reward (reward="1"), there fixed-reward (reward="2")"#;
const THERE: &str = r#"reward: here fixed-reward (reward="2"), there fixed-reward (reward="1")"#;

/// Waits until a node says how it differs from these peers, and from no others.
fn tells(node: &Live, peers: &[&Live], words: &str) {
    until("what differs", || {
        let status = node.status();
        let told = status["other_rules"].as_array().unwrap();
        let of = |peer: &&Live| {
            told.iter().any(|told| {
                told["address"] == peer.address
                    && told["rules"] == peer.status()["fingerprint"]
                    && told["differences"] == Value::from(vec![words])
            })
        };
        (told.len() == peers.len() && peers.iter().all(of)).then_some(())
    });
    let log = until("the log", || {
        let log = node.log();
        let lines = log
            .lines()
            .filter(|line| line.contains("peer runs other rules"));
        (lines.count() >= peers.len()).then_some(log)
    });
    for peer in peers {
        let line = log
            .lines()
            .find(|line| line.contains("peer runs other rules") && line.contains(&peer.address));
        // The log quotes what has quotes.
        let line = line.unwrap().replace('\\', "");
        assert!(line.contains(words) && line.contains("WARN"), "{line}");
    }
}

/// The rewards of a node's blocks.
fn rewards(node: &Live) -> Vec<String> {
    let chain = node.chain();
    let rewards = chain[1..].iter().map(|block| block.transactions().last());
    rewards
        .map(|reward| reward.unwrap().amount().to_string())
        .collect()
}

#[test]
fn one_of_other_rules_is_kept_and_each_side_keeps_its_chain() {
    let a = live(RULES);
    a.reach(1);
    let b = live(format!("{RULES} --peer {}", a.address));
    agreed(&[&a, &b], 1);
    let other = live(format!(
        "{RULES} {OTHERS} --peer {} --peer {}",
        a.address, b.address
    ));
    tells(&other, &[&a, &b], THERE);
    tells(&a, &[&other], HERE);
    tells(&b, &[&other], HERE);
    acquainted(&[&a, &b, &other]);
    // Far more of what the others must refuse than a peer of their own rules could afford.
    other.reach(30);
    for height in 2..5 {
        a.pay("bob", "0.125");
        agreed(&[&a, &b], height);
    }
    let foreign = other.tip();
    for node in [&a, &b] {
        let refused = until("a refusal", || {
            let (status, text) = node.ask("GET", &format!("/explain?id={foreign}"), "");
            let known = status == 200 && text.contains("\"verdict\"");
            known.then(|| serde_json::from_str::<Value>(&text).unwrap())
        });
        // It lacks its parents, which were refused, or is refused itself.
        assert_ne!(refused["verdict"], "on-best-chain", "{refused}");
    }
    let first = other.chain()[1].hash();
    let asked = a.asked(first, "reward");
    assert_eq!(asked["plugin"], "fixed-reward");
    assert_eq!(
        (&asked["observed"], &asked["required"]),
        (&"2".into(), &"1".into())
    );
    assert_eq!(rewards(&a), ["1"; 4]);
    assert!(rewards(&other).iter().all(|reward| reward == "2"));
    for node in [&a, &b, &other] {
        let status = node.status();
        assert_eq!(status["peers"], 2, "{status}");
        assert!(!node.log().contains("banned"), "{}", node.log());
    }
}

#[test]
fn who_refuses_other_rules_tells_them_nothing_and_fetches_nothing() {
    let refuse = format!("{RULES} --on-other-rules refuse");
    let a = live(&refuse);
    a.reach(1);
    let other = live(format!("{refuse} {OTHERS} --peer {}", a.address));
    tells(&a, &[&other], HERE);
    tells(&other, &[&a], THERE);
    let b = live(format!(
        "{refuse} --peer {} --peer {}",
        a.address, other.address
    ));
    tells(&b, &[&other], HERE);
    acquainted(&[&a, &b, &other]);
    for height in 2..5 {
        a.pay("bob", "0.125");
        agreed(&[&a, &b], height);
    }
    other.reach(20);
    for node in [&a, &b] {
        for block in &other.chain()[1..] {
            assert!(!node.knows(block.hash()));
        }
    }
    for block in &a.chain()[1..] {
        assert!(!other.knows(block.hash()));
    }
}

#[test]
fn who_allows_other_rules_says_nothing_of_them() {
    let a = live(format!("{RULES} --on-other-rules allow"));
    a.reach(1);
    let other = live(format!("{RULES} {OTHERS} --peer {}", a.address));
    tells(&other, &[&a], THERE);
    let first = until("the first block", || {
        other.chain().get(1).map(|block| block.hash())
    });
    // It is judged by the rules here all the same.
    until("its refusal", || a.knows(first).then_some(()));
    assert_eq!(a.asked(first, "reward")["required"], "1");
    a.pay("bob", "0.125");
    a.reach(2);
    let status = a.status();
    assert!(!a.log().contains("other rules"), "{}", a.log());
    assert_eq!(status["peers"], 1);
    let told = status["other_rules"].as_array().unwrap();
    assert!(
        told.iter()
            .all(|told| told["differences"] == Value::Array(Vec::new())),
        "{status}"
    );
}
