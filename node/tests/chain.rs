//! `node chain show`: a stored chain, read without a node.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::path::Path;

use insta::assert_snapshot;
use plugcoin_sdk::ledger::genesis;
use plugcoin_testkit::fixtures::{self, MINER, START_US};
use program::node;
use serde_json::Value;

/// Two branches of which the first is higher, one payment in it, and one that waits.
fn store(path: &Path) {
    let mut best = vec![genesis()];
    best.extend(fixtures::chain(2));
    let paid = fixtures::pay(MINER, "alice", "0.80", START_US);
    let waiting = fixtures::pay("alice", "bob", "0.5", START_US + 1);
    let third = fixtures::block(
        &best[2],
        MINER,
        vec![paid.clone()],
        START_US + 9_000_000,
        "n3",
    );
    let side = fixtures::chain_on(&best[1], "other", 1);
    let records = [
        best[0].text(),
        best[1].text(),
        side[0].text(),
        paid.text(),
        best[2].text(),
        waiting.text(),
        third.text(),
    ];
    std::fs::write(path, format!("[\n{}\n]\n", records.join(",\n"))).unwrap();
}

#[test]
fn show() {
    let dir = tempfile::tempdir().unwrap();
    store(&dir.path().join("blocks-6000.json"));
    assert_snapshot!("chain_show", node(dir.path(), "chain show").text());
    assert_snapshot!(
        "chain_show_part",
        node(dir.path(), "chain show --from 2 --limit 2").text()
    );
    let named = node(dir.path(), "chain show blocks-6000.json --json");
    let answer: Value = serde_json::from_str(&named.out).unwrap();
    assert_eq!(answer["blocks"].as_array().unwrap().len(), 5);
    assert_eq!(answer["blocks"][3]["side"], true);
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 1);
    assert_eq!(answer["waiting"][0]["sum"], "0.5");
    assert_eq!(answer["torn_bytes"], 0);
}

#[test]
fn show_what_is_torn_or_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blocks-6000.json");
    store(&path);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 40]).unwrap();
    assert_snapshot!(
        "chain_torn",
        node(dir.path(), "chain show --limit 1").text()
    );
    std::fs::write(
        &path,
        text.replacen("\"creator\": \"miner\"", "\"creator\": 7", 1),
    )
    .unwrap();
    assert_snapshot!("chain_damaged", node(dir.path(), "chain show").text());
    std::fs::write(&path, "").unwrap();
    assert_snapshot!("chain_empty", node(dir.path(), "chain show").text());
}
