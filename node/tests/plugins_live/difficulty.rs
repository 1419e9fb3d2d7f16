//! `difficulty5`: five zeros, from the first block on or from a later one.

use plugcoin_sdk::ledger::{Target, genesis};
use plugcoin_testkit::fixtures;
use proof_of_work::ProofOfWork;

use crate::live::{agreed, live};
use crate::program::world::at;

#[test]
fn five_zeros_are_mined_and_demanded() {
    let a = live("--plugin difficulty5");
    a.reach(1);
    let b = live(format!("--plugin difficulty5 --peer {}", a.address));
    agreed(&[&a, &b], 1);
    for node in [&a, &b] {
        let hash = node.tip();
        assert!(hash.starts_with("00000"), "{hash}");
        assert_eq!(node.asked(&hash, "target")["plugin"], "difficulty5");
    }
    // Four are enough for everybody else, and not for these.
    let parent = genesis();
    let four = (0..)
        .map(|second| {
            let draft = fixtures::draft(&parent, "miner", Vec::new(), at(second));
            let target = Target::from_leading_zeros(4);
            fixtures::mine(&ProofOfWork::default(), draft, parent.header(), &target)
        })
        .find(|block| !block.hash().to_string().starts_with("00000"))
        .unwrap();
    let plain = live("--set fifo.n_transactions=9 --reward-to somebody");
    plain.reach(1);
    plain.takes("/block", four.text());
    for node in [&a, &b] {
        let refused = node.refuses("/block", four.text());
        assert_eq!(refused["rule"], "seal", "{refused}");
        assert_eq!(refused["observed"], four.hash().to_string());
        let required = refused["required"].as_str().unwrap();
        assert!(required.contains("00000fff"), "{refused}");
    }
}

#[test]
fn from_a_height_on_and_told_apart_before() {
    let rules = "--set zeros.zeros=1 --set fifo.n_transactions=1";
    let later = format!("{rules} --plugin difficulty5@3");
    let a = live(&later);
    a.reach(1);
    let b = live(format!("{later} --peer {}", a.address));
    let c = live(format!("{rules} --peer {}", a.address));
    agreed(&[&a, &b, &c], 1);
    for (node, other, words) in [
        (&a, &c, "there zeros (zeros=1)"),
        (&c, &a, "difficulty5 from block 3"),
    ] {
        let status = node.wait("the difference", |status| {
            let told = status["other_rules"].as_array().unwrap();
            told.iter()
                .any(|told| told["address"] == other.address && told["differences"][0].is_string())
        });
        let mut told = status["other_rules"].as_array().unwrap().iter();
        let of = told.find(|told| told["address"] == other.address);
        let said = of.unwrap()["differences"].to_string();
        assert!(
            said.contains("difficulty: ") && said.contains(words),
            "{said}"
        );
        assert_eq!(
            status["height"], 1,
            "there is nothing yet to disagree about"
        );
    }
    for height in [2, 3] {
        a.pay("bob", "0.1");
        agreed(&[&a, &b], height);
    }
    for node in [&a, &b] {
        let chain = node.chain();
        let target = |nr: usize| node.asked(chain[nr].hash(), "target")["required"].to_string();
        assert!(target(2).starts_with("\"0fff"), "{}", target(2));
        assert!(target(3).starts_with("\"00000fff"), "{}", target(3));
        assert!(chain[3].hash().to_string().starts_with("00000"));
    }
    assert_ne!(a.status()["fingerprint"], c.status()["fingerprint"]);
    assert_eq!(a.status()["fingerprint"], b.status()["fingerprint"]);
}
