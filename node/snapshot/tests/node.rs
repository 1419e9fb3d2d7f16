//! The fixed world under all sorts of rules.

#![allow(clippy::unwrap_used, reason = "a test")]

use authority as _;
use difficulty5 as _;
use halving as _;
use journal as _;
use mempool_limits as _;
use p192 as _;
use plugcoin_sdk::hooks::{Reward, Signer, Validity};
use plugcoin_sdk::ledger::{Amount, Transaction};
use plugcoin_sdk::{Error, ErrorKind, Invalid, Verdict};
use plugcoin_snapshot::{Builder, Recording, Request, TestNode};
use retarget as _;
use serde_json::Value;

/// Alice's public key of the scheme ed25519.
const ALICE: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

/// A node under the default difficulty, where blocks cost next to nothing.
fn quick() -> Builder {
    TestNode::builder().set("zeros.zeros", 1)
}

fn record(builder: Builder) -> Recording {
    Recording::of(builder.start().unwrap()).unwrap()
}

fn status(node: &TestNode) -> Value {
    let answer = node.ask(&Request::get("/status")).unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

/// Why no node can be made, or asked.
fn fault(builder: Builder) -> String {
    let recorded = builder.start().and_then(Recording::of);
    recorded.unwrap_err().to_string()
}

/// The endpoints that answer otherwise, and all that is otherwise.
fn changes(old: &Recording, new: &Recording) -> (Vec<String>, String) {
    let changed = old.changes(new, "old".as_ref());
    let diff = changed
        .iter()
        .map(|changed| changed.diff.as_str())
        .collect();
    let endpoints = changed.into_iter().map(|changed| changed.endpoint);
    (endpoints.collect(), diff)
}

#[test]
fn it_answers_the_same_on_every_run() {
    let first = record(quick());
    assert_eq!(first, record(quick()));
    assert_eq!(changes(&first, &first).0, Vec::<String>::new());
    let endpoints: Vec<&String> = first.files().keys().collect();
    let wanted = "block explain getblocks getdata getpeers inv money other plugins status";
    assert_eq!(endpoints, wanted.split(' ').collect::<Vec<_>>());
}

#[test]
fn it_begins_with_a_world_and_moves_when_it_is_told_to() {
    let node = quick().start().unwrap();
    let before = status(&node);
    let said = |name: &str| before[name].as_u64().unwrap();
    // Block 2 is there twice, and bob's payment waits.
    assert_eq!([said("height"), said("blocks"), said("pool")], [3, 5, 1]);
    assert_eq!(before["mining"], false);
    let now_us = node.now_us();
    assert_eq!(node.mine().unwrap(), None, "fifo wants two to wait");
    node.wait(1_000_000).unwrap();
    assert_eq!(node.now_us() - now_us, 601_000_000);
    let body = r#"{"to": "carol","sum": 0.5}"#;
    let paid = node.ask(&Request::post("/money", body)).unwrap();
    assert_eq!(paid.status, 200, "{}", paid.body);
    assert_eq!(status(&node)["mining"], true);
    let mined = node.mine().unwrap().unwrap();
    assert_eq!(mined, node.tip());
    assert_eq!(status(&node)["height"], 4);
}

#[test]
fn five_zeros_are_seen_in_every_hash() {
    let four = record(TestNode::builder());
    let five = Recording::of(TestNode::with_plugin("difficulty5").unwrap()).unwrap();
    let hashes = |recording: &Recording, zeros: &str| {
        let text = &recording.files()["getblocks"];
        let hashes = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("\"hash\": \""));
        let genesis = "00008c26";
        { hashes }.all(|hash| hash.starts_with(zeros) || hash.starts_with(genesis))
    };
    assert!(hashes(&four, "0000") && !hashes(&four, "00000"));
    assert!(hashes(&five, "00000"));
    let (endpoints, diff) = changes(&four, &five);
    assert!(endpoints.contains(&"getblocks".to_owned()));
    let required = |zeros: &str| format!("\"required\": \"at most {zeros}ffff");
    let line = |sign: char, zeros: &str| {
        let wanted = required(zeros);
        diff.lines()
            .any(|line| line.starts_with(sign) && line.contains(&wanted))
    };
    assert!(line('-', "0000") && line('+', "00000"), "{diff}");
}

#[test]
fn a_changed_option_is_seen() {
    let halving = |coins: &str| quick().plugin("halving").set("halving.first_reward", coins);
    let (endpoints, diff) = changes(&record(halving("2")), &record(halving("3")));
    assert!(endpoints.contains(&"getblocks".to_owned()));
    assert!(diff.contains("\n-          \"sum\": 2,") || diff.contains("\"sum\": 2,"));
    assert!(diff.contains("\"required\": \"3\""), "{diff}");
    // What is no rule has no other fingerprint, and is seen where it counts.
    let one = record(quick().set("fifo.n_transactions", 1));
    let (_, diff) = changes(&record(quick()), &one);
    assert!(diff.contains("-  \"mining\": false"), "{diff}");
}

#[test]
fn all_sorts_of_rules() {
    let keys = format!("authority.keys={ALICE}");
    let (_, key) = keys.split_once('=').unwrap();
    for (builder, words) in [
        (quick().plugin("journal"), "\"name\": \"journal\""),
        (quick().plugin("p192"), "\"plugin\": \"p192\""),
        (quick().plugin("p192@3"), "a key of the scheme p192"),
        (
            quick().plugin("mempool-limits"),
            "\"name\": \"mempool-limits\"",
        ),
        (
            quick().plugin("no-payments"),
            "this network is for blocks alone",
        ),
        (
            quick().plugin("verifier"),
            "this node has no wallet that can sign",
        ),
        (
            TestNode::builder()
                .plugin("retarget")
                .set("retarget.zeros", 2),
            "\"plugin\": \"retarget\"",
        ),
        (
            quick().plugin("authority").set("authority.keys", key),
            "\"plugin\": \"authority\"",
        ),
    ] {
        let name = builder.clone();
        let files = record(builder);
        let all: String = files.files().values().map(String::as_str).collect();
        assert!(
            all.contains(words) || all.contains(&words.replace("plugin", "name")),
            "{name:?}: {all}"
        );
    }
}

#[test]
fn rules_under_which_there_is_no_world() {
    let none = fault(TestNode::builder().plugin("authority"));
    assert!(
        none.contains("authority.keys is empty") && none.contains(ALICE),
        "{none}"
    );
    let others = fault(
        TestNode::builder()
            .plugin("authority")
            .set("authority.keys", "bob"),
    );
    assert!(
        others.contains("must list the key") && others.contains(ALICE),
        "{others}"
    );
    let failing = fault(quick().plugin("failing"));
    assert!(failing.contains("the moon is full"), "{failing}");
    let unknown = fault(TestNode::builder().plugin("dificulty5"));
    assert!(unknown.contains("did you mean difficulty5?"), "{unknown}");
    let option = fault(quick().set("halving", 3));
    assert!(option.contains("is no setting"), "{option}");
}

#[test]
fn what_is_recorded_can_be_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let recording = record(quick());
    let nothing = Recording::folders(dir.path()).unwrap_err().to_string();
    assert!(nothing.contains("nothing is recorded there"), "{nothing}");
    let folder = recording.write(dir.path()).unwrap();
    assert_eq!(Recording::read(&folder).unwrap().files(), recording.files());
    std::fs::write(folder.join("gone.txt"), "an endpoint of old").unwrap();
    assert_eq!(recording.write(dir.path()).unwrap(), folder);
    assert!(!folder.join("gone.txt").exists());
    for named in [dir.path(), &folder] {
        assert_eq!(
            Recording::folders(named).unwrap(),
            std::slice::from_ref(&folder)
        );
    }

    let again = Recording::read(&folder).unwrap();
    let node = TestNode::builder().asked(again.asked().clone()).start();
    assert_eq!(again.files(), Recording::of(node.unwrap()).unwrap().files());

    // The mempool is no rule: the folder would be the same one.
    let other = record(quick().plugin("mempool-limits"));
    let refused = other.write(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("other plugins or options"), "{refused}");
    std::fs::write(folder.join("plugins.json"), "{}").unwrap();
    let torn = Recording::read(&folder).unwrap_err();
    assert_eq!(torn.kind(), ErrorKind::Corrupt);
}

#[test]
fn a_plugin_that_is_linked_has_snapshots() {
    let node = quick().plugin("no-payments").start().unwrap();
    let recording = Recording::of(node).unwrap();
    assert_eq!(recording.asked().name(), "no-payments");
    assert_eq!(record(quick()).asked().name(), "defaults");
}

/// A rule by which nobody pays.
struct NoPayments;

impl Validity for NoPayments {
    fn check_transaction(
        &self,
        _transaction: &Transaction,
        _context: &plugcoin_sdk::hooks::TransactionContext,
    ) -> Result<Verdict, Error> {
        Ok(Invalid::new("payments", "this network is for blocks alone").into())
    }
}

plugcoin_sdk::register!(Validity, "no-payments", |_| Ok(NoPayments));

/// A scheme that only verifies.
struct Verifier;

impl Signer for Verifier {
    fn scheme(&self) -> &str {
        "verifier"
    }

    fn verify(&self, key: &str, _text: &str, signature: &str) -> Result<bool, Error> {
        Ok(key == signature)
    }
}

plugcoin_sdk::register!(Signer, "verifier", |_| Ok(Verifier));

/// A rule that fails.
struct Failing;

impl Reward for Failing {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        match nr {
            0..5 => Ok(Amount::from_coins(1)),
            _ => Err(Error::new(ErrorKind::Plugin, "the moon is full")),
        }
    }
}

plugcoin_sdk::register!(Reward, "failing", |_| Ok(Failing));
