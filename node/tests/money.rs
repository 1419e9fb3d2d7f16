//! Who makes a node pay, and how much: real nodes on loopback and on all networks.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use insta::assert_snapshot;
use plugcoin_sdk::ledger::{Amount, Transaction};
use program::running::{PATIENCE, Running, request};
use program::world::{World, alice};
use serde_json::Value;
use tempfile::tempdir;

const TOKEN: &str = "correct-horse-battery";

fn token_file(dir: &Path, content: &str, mode: u32) -> String {
    let path = dir.join("token");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

/// Asks for a payment; the status and the words.
fn ask(node: &Running, headers: &str, to: &str, sum: &str) -> (u16, String) {
    ask_at(&node.address, headers, to, sum)
}

fn ask_at(address: &str, headers: &str, to: &str, sum: &str) -> (u16, String) {
    let body = format!("{{\"to\": \"{to}\",\"sum\": {sum}}}");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let asked = request("POST", "/money", headers, body.as_bytes());
    stream.write_all(&asked).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[test]
fn on_all_networks_nobody_is_paid_unless_the_owner_says_who() {
    let world = World::new();
    let (_dir, node) = world.start("--host 0.0.0.0");
    let (status, words) = ask(&node, "", "bob", "0.1");
    assert_eq!(status, 403);
    assert!(
        words.contains("--faucet") && words.contains("--money-token"),
        "{words}"
    );
    assert!(
        node.log().contains("POST /money pays nobody"),
        "{}",
        node.log()
    );

    let (_dir, node) = world.start("--host 0.0.0.0 --faucet");
    assert_eq!(ask(&node, "", "bob", "0.1").0, 200);
    assert!(node.log().contains("pays everybody"), "{}", node.log());
    // Whatever else is open: a page of another site is not let in.
    let (status, _) = ask(&node, "Origin: http://evil.example\r\n", "eve", "0.1");
    assert_eq!(status, 403);
}

#[test]
fn with_a_token_its_owner_alone_is_paid_on_loopback_too() {
    let world = World::new();
    let dir = tempdir().unwrap();
    let file = token_file(dir.path(), &format!("{TOKEN}\n"), 0o600);
    let in_file = format!("@{file}");
    for (host, given) in [
        ("127.0.0.1", &*in_file),
        ("0.0.0.0", &in_file),
        ("0.0.0.0", TOKEN),
    ] {
        let (_dir, node) = world.start(&format!("--host {host} --money-token {given}"));
        let named = format!("Authorization: Bearer {TOKEN}\r\n");
        assert_eq!(ask(&node, "", "bob", "0.1").0, 401);
        assert_eq!(
            ask(&node, "Authorization: Bearer x\r\n", "bob", "0.1").0,
            401
        );
        assert_eq!(ask(&node, &named, "bob", "0.1").0, 200);
        assert!(!node.log().contains(TOKEN) && !node.summary.contains(TOKEN));
        let is_warned = node.log().contains("can see the token");
        assert_eq!(is_warned, given == TOKEN, "{}", node.log());
    }
}

#[test]
fn the_options_may_stand_in_the_file() {
    let dir = tempdir().unwrap();
    let config =
        "host = \"0.0.0.0\"\nfaucet = true\nmoney-per-client = \"0.5/1h\"\nmoney-rate = \"2/1h\"";
    fs::write(dir.path().join("c.toml"), config).unwrap();
    let config = format!("--config {}", dir.path().join("c.toml").display());
    let world = World::new();
    let (_dir, node) = world.start(&config);
    assert_eq!(ask(&node, "", "bob", "0.1").0, 200);
    let (status, words) = ask(&node, "", "bob", "0.6");
    assert_eq!(status, 400);
    assert!(
        words.contains("\"required\": \"at most 0.5 in 1h\""),
        "{words}"
    );
    assert_eq!(ask(&node, "", "bob", "0.4").0, 200);
    let (status, words) = ask(&node, "", "bob", "0.00000001");
    assert_eq!(status, 429);
    assert!(
        words.contains("at most 0.5 coins in 1h; ask again in "),
        "{words}"
    );

    let (_dir, node) = world.start(&format!("{config} --faucet=false"));
    assert_eq!(ask(&node, "", "bob", "0.1").0, 403);
}

#[test]
fn what_was_not_paid_does_not_count() {
    let (_dir, node) = World::new().start("--money-rate 1/1h");
    // Alice has 2.2.
    assert_eq!(ask(&node, "", "bob", "3").0, 400);
    assert_eq!(ask(&node, "", "bob", "3").0, 400);
    assert_eq!(ask(&node, "", "bob", "1").0, 200);
    let (status, words) = ask(&node, "", "bob", "1");
    assert_eq!(status, 429);
    assert!(words.contains("at most 1 payment in 1h"), "{words}");
}

#[test]
fn a_token_that_is_none() {
    let dir = tempdir().unwrap();
    for (name, content, mode, more) in [
        ("money_token_short", "secret", 0o600, ""),
        (
            "money_token_space",
            "correct horse battery staple",
            0o600,
            "",
        ),
        ("money_token_lines", "correct-horse-battery\nx\n", 0o600, ""),
        ("money_token_open", "correct-horse-battery", 0o644, ""),
        (
            "money_token_and_faucet",
            "correct-horse-battery",
            0o600,
            "--faucet",
        ),
    ] {
        token_file(dir.path(), content, mode);
        let run = program::node(dir.path(), &format!("--port 0 --money-token @token {more}"));
        assert!(!run.text().contains("horse"), "{}", run.text());
        assert_snapshot!(name, run.text());
    }
    let run = program::node(dir.path(), "--port 0 --money-token secret");
    assert_snapshot!("money_token_itself", run.text());
    let run = program::node(dir.path(), "--port 0 --money-token @gone");
    assert_snapshot!("money_token_gone", run.text());
}

/// Asks for as many payments at once; the ids of those that were acknowledged.
fn drain(node: &Running, requests: usize, sum: &str) -> BTreeSet<String> {
    let address = &node.address;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..requests)
            .map(|n| scope.spawn(move || (n, ask_at(address, "", &format!("drain{n}"), sum))))
            .collect();
        let answers = threads.into_iter().map(|thread| thread.join().unwrap());
        answers
            .filter_map(|(n, (status, words))| {
                if status == 200 {
                    let answer: Value = serde_json::from_str(&words).unwrap();
                    return Some(answer["accepted"].as_str().unwrap().to_owned());
                }
                let refused = words.contains("Not enough funds") || status == 429;
                assert!(refused, "{n}: {words}");
                None
            })
            .collect()
    })
}

/// The ids and the sum of what alice pays in the node's journal to those who drain her.
fn drained(node: &Running) -> (BTreeSet<String>, Amount) {
    let journal = String::from_utf8(node.file("blocks")).unwrap();
    let lines = journal.lines().map(|line| line.trim_matches(','));
    let paid: Vec<Transaction> = lines
        .filter_map(|line| Transaction::parse(line).ok())
        .filter(|paid| paid.from() == alice().public && paid.to().starts_with("drain"))
        .collect();
    let sum = paid.iter().fold(Amount::ZERO, |sum, paid| {
        sum.checked_add(paid.amount()).unwrap()
    });
    (paid.iter().map(|paid| paid.id().to_string()).collect(), sum)
}

#[test]
fn drained_by_a_hundred_at_once_it_pays_what_it_has_and_what_it_acknowledged() {
    let (_dir, node) = World::new().start("");
    let acknowledged = drain(&node, 100, "0.05");
    assert_eq!(acknowledged.len(), 44, "alice has 2.2");
    assert_eq!(
        drained(&node),
        (acknowledged, Amount::from_units(220_000_000))
    );
    assert_eq!(node.status()["pool"], 45, "with bob's, which waited");
    assert_eq!(ask(&node, "", "bob", "0.00000001").0, 400);
}

#[test]
fn drained_at_once_no_address_is_paid_more_than_it_may_be() {
    let (_dir, node) = World::new().start("--money-per-client 1/1h");
    let acknowledged = drain(&node, 100, "0.05");
    assert_eq!(acknowledged.len(), 20);
    assert_eq!(drained(&node), (acknowledged, Amount::from_coins(1)));
}
