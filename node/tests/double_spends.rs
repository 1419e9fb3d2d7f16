//! Payments that come twice: again, with another signature, against each other; and blocks that are
//! another's twin. What is right is taken all the same.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use plugcoin_sdk::ledger::{Block, Transaction, merkle};
use program::running::Running;
use program::world::{World, alice, block, bob, pay, set};
use serde_json::Value;

fn takes(node: &Running, path: &str, text: &str) {
    let (status, answer) = node.ask("POST", path, text);
    assert_eq!(status, 200, "{path}: {answer}");
}

/// The rule by which something is refused; the words, if it is by none.
fn refusal(node: &Running, path: &str, text: &str) -> String {
    let (status, answer) = node.ask("POST", path, text);
    assert_eq!(status, 400, "{path}: {answer}");
    let error: Value = serde_json::from_str(&answer).unwrap();
    let said = error.get("rule").unwrap_or(&error["errmsg"]);
    said.as_str().unwrap().to_owned()
}

/// What somebody has on the best chain.
fn balance(node: &Running, of: &str) -> f64 {
    let (_, text) = node.ask("GET", "/getblocks", "");
    let chain: Value = serde_json::from_str(&text).unwrap();
    let levels = chain["chain"].as_array().unwrap().iter();
    let transactions = levels.flat_map(|level| level[0]["transactions"].as_array().unwrap());
    transactions
        .map(|signed| {
            let paid = &signed["transaction"];
            let sum = paid["sum"].as_f64().unwrap();
            let got = if paid["to"] == of { sum } else { 0.0 };
            got - if paid["from"] == of { sum } else { 0.0 }
        })
        .sum()
}

/// The same payment under a signature whose number is greater by the order of the group, which means the
/// same to a verifier that does not look.
fn malleated(transaction: &Transaction) -> String {
    // 2^252 + 27742317777372353535851937790883648493, the least byte first.
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let bytes = |hex: &str| -> Vec<u16> {
        let pairs = (0..hex.len()).step_by(2);
        pairs
            .map(|at| u16::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    };
    let signature = transaction.signature();
    let (point, number) = signature.split_at(64);
    let mut carried = 0;
    let sums = bytes(number).into_iter().zip(bytes(order)).map(|(a, b)| {
        let sum = a + b + carried;
        carried = sum >> 8;
        format!("{:02x}", sum & 0xff)
    });
    let number: String = sums.collect();
    assert_eq!(carried, 0);
    let twin = transaction
        .text()
        .replace(signature, &format!("{point}{number}"));
    assert_eq!(Transaction::parse(&twin).unwrap().id(), transaction.id());
    twin
}

#[test]
fn another_signature_of_a_payment_is_none_and_hinders_nothing() {
    let world = World::new();
    let (_dir, node) = world.start("");
    let paid = pay(&alice(), "carol", "0.1", 36);
    let twin = malleated(&paid);
    assert_eq!(refusal(&node, "/inv", &twin), "signature");
    let with = |text: &str| world.next(vec![Transaction::parse(text).unwrap()]);
    assert_eq!(refusal(&node, "/block", with(&twin).text()), "signature");
    takes(&node, "/inv", paid.text());
    assert_eq!(refusal(&node, "/inv", &twin), "Transaction already exists");
    assert_eq!(refusal(&node, "/block", with(&twin).text()), "signature");
    takes(&node, "/block", with(paid.text()).text());
    assert_eq!(node.status()["pool"], 1);
}

#[test]
fn a_payment_counts_once_however_often_it_comes() {
    let world = World::new();
    let (_dir, node) = world.start("");
    let paid = pay(&alice(), "carol", "0.1", 36);
    takes(&node, "/inv", paid.text());
    assert_eq!(
        refusal(&node, "/inv", paid.text()),
        "Transaction already exists"
    );
    let next = world.next(vec![paid.clone()]);
    takes(&node, "/block", next.text());
    assert_eq!(
        refusal(&node, "/inv", paid.text()),
        "Transaction already exists"
    );
    let again = block(&next, &alice().public, vec![paid.clone()], 50);
    assert_eq!(refusal(&node, "/block", again.text()), "transactions");
    // On another branch it is no repetition, and counts there once.
    let rival = block(world.tip(), &bob().public, vec![paid], 45);
    takes(&node, "/block", rival.text());
    let longer = block(&rival, &bob().public, Vec::new(), 55);
    takes(&node, "/block", longer.text());
    assert_eq!(node.status()["tip"], longer.hash().to_string());
    assert!((balance(&node, "carol") - 0.1).abs() < 1e-9);
}

#[test]
fn of_two_payments_of_the_same_coins_one_is_made() {
    let world = World::new();
    let (_dir, node) = world.start("");
    let to_carol = pay(&alice(), "carol", "2", 36);
    let to_dave = pay(&alice(), "dave", "2", 37);
    takes(&node, "/inv", to_carol.text());
    assert_eq!(refusal(&node, "/inv", to_dave.text()), "funds");
    // By bob, so that no reward comes to her.
    let by_bob = |parent: &Block, paid: &[&Transaction], second| {
        let paid = paid.iter().map(|paid| (*paid).clone()).collect();
        block(parent, &bob().public, paid, second)
    };
    let both = by_bob(world.tip(), &[&to_carol, &to_dave], 40);
    assert_eq!(refusal(&node, "/block", both.text()), "funds");
    // Whichever is in a block first; what waits and no longer holds is dropped.
    let next = by_bob(world.tip(), &[&to_dave], 41);
    takes(&node, "/block", next.text());
    assert_eq!(node.status()["pool"], 1);
    let late = by_bob(&next, &[&to_carol], 50);
    assert_eq!(refusal(&node, "/block", late.text()), "funds");
    assert!((balance(&node, "dave") - 2.0).abs() < 1e-9);
    assert!(balance(&node, "carol").abs() < 1e-9);
    assert!(node.log().contains("transaction dropped"));
}

#[test]
fn a_twin_of_a_block_with_its_last_leaf_twice_does_not_shut_it_out() {
    let world = World::new();
    let (_dir, node) = world.start("");
    let paid = [("0.1", 36), ("0.2", 37)].map(|(sum, at)| pay(&alice(), "carol", sum, at));
    let honest = world.next(paid.to_vec());
    // CVE-2012-2459: a level of three leaves repeats its last, so both have the same root.
    let last = honest.transactions().last().unwrap().text();
    let text = honest.text();
    let doubled = format!("{},{last}]}}", &text[..text.len() - 2]);
    for twin in [doubled.clone(), set(&doubled, "count", "4")] {
        let parsed = Block::parse(&twin).unwrap();
        let leaves: Vec<_> = parsed
            .transactions()
            .iter()
            .map(Transaction::leaf)
            .collect();
        assert_eq!(merkle::root(&leaves), honest.header().merkle_root);
        assert_eq!(parsed.hash(), honest.hash(), "it says that it is the other");
        assert_eq!(refusal(&node, "/block", &twin), "hash");
    }
    takes(&node, "/block", honest.text());
    assert_eq!(refusal(&node, "/block", &doubled), "Block already exists");
    let (_, served) = node.ask("GET", &format!("/getdata?id={}", honest.hash()), "");
    assert_eq!(served, honest.text());
}
