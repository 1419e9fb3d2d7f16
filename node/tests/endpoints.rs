//! Every endpoint's every answer, byte for byte, of a real node in a world of fixed keys, times
//! and nonces.
//!
//! What only a scripted backend gives (408, 429, 500, 503) has its snapshots in `plugcoin-http`.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::fmt::Write as _;

use insta::assert_snapshot;
use plugcoin_sdk::ledger::{Amount, Block, Hash, Transaction, genesis};
use plugcoin_testkit::fixtures;
use program::running::{Running, request};
use program::world::{World, alice, at, block, bob, pay, resealed, sealed, set};
use serde_json::Value;
use tempfile::TempDir;

/// Requests to one node, and its answers.
struct Transcript {
    world: World,
    node: Running,
    _dir: TempDir,
    text: String,
    /// What the node calls itself.
    name: String,
}

impl Transcript {
    fn start() -> Self {
        let world = World::new();
        let (dir, node) = world.start("");
        Self {
            name: node.status()["node"].as_str().unwrap().to_owned(),
            world,
            node,
            _dir: dir,
            text: String::new(),
        }
    }

    fn get(&mut self, path: &str) {
        self.ask("GET", path, "", "");
    }

    fn post(&mut self, title: &str, path: &str, body: &str) {
        let _ = writeln!(self.text, "=== {title}");
        self.ask("POST", path, "", body);
    }

    fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) {
        let _ = writeln!(self.text, "> {method} {path}");
        for sent in headers.lines() {
            let _ = writeln!(self.text, "> {sent}");
        }
        match body.len() {
            0 => {}
            1..=2000 => _ = writeln!(self.text, "> {body}"),
            bytes => _ = writeln!(self.text, "> ({bytes} bytes)"),
        }
        let answer = self
            .node
            .raw(&request(method, path, headers, body.as_bytes()));
        let shown = self.fixed(&answer, method == "HEAD");
        let _ = writeln!(self.text, "{shown}\n");
    }

    /// An answer in which what is another on every run has a fixed text; nothing else has.
    fn fixed(&self, answer: &str, bodiless: bool) -> String {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut shown = body
            .replace(&self.node.address, "127.0.0.1:PORT")
            .replace(&self.name, "NODE");
        for (before, bytes, word) in [
            // A payment's time is now, and so its id is new.
            ("is on the way.\",\"accepted\": \"", 64, "ID"),
            // Two hours from now.
            (
                "2156-06-20T15:47:26.000000\",\"required\": \"at most ",
                26,
                "TIME",
            ),
        ] {
            if let Some((start, rest)) = shown.split_once(before) {
                shown = format!("{start}{before}{word}{}", &rest[bytes..]);
            }
        }
        if shown.contains("\"uptime_s\": ") {
            shown = set(&shown, "uptime_s", "0");
        }
        // How often a plugin was called depends on the clock too.
        for count in ["calls", "time_us", "refused_us"] {
            shown = set_all(&shown, count, "0");
        }
        let head: Vec<String> = head
            .lines()
            .map(|line| match line.split_once(": ") {
                Some(("Date", _)) => "Date: DATE".to_owned(),
                Some(("Node", name)) if name == self.name => "Node: NODE".to_owned(),
                Some(("Content-Length", length)) if !bodiless => {
                    assert_eq!(length, body.len().to_string(), "{answer}");
                    format!("Content-Length: {}", shown.len())
                }
                _ => line.to_owned(),
            })
            .collect();
        format!("{}\n\n{shown}", head.join("\n"))
    }
}

/// A JSON text with this value under every such key.
fn set_all(text: &str, name: &str, value: &str) -> String {
    let key = format!("\"{name}\": ");
    let mut parts = text.split(key.as_str());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let end = part.find([',', '}']).unwrap();
        format!("{shown}{key}{value}{}", &part[end..])
    })
}

#[test]
fn explain() {
    let mut t = Transcript::start();
    let poor = pay(&bob(), "carol", "1000", 36);
    t.post("more than bob has", "/inv", poor.text());
    let unpaid = set(t.world.next(Vec::new()).text(), "count", "9");
    let unpaid = resealed(&unpaid);
    t.post("a lying count", "/block", &unpaid);
    let ids = [
        t.world.best[0].hash(),
        t.world.side.hash(),
        t.world.paid.id(),
        t.world.waiting.id(),
        poor.id(),
        Block::parse(&unpaid).unwrap().hash(),
        genesis().hash(),
        Hash::of("never seen"),
    ];
    for id in ids {
        t.get(&format!("/explain?id={id}"));
    }
    for query in ["", "?id=0", "?nr=1"] {
        t.get(&format!("/explain{query}"));
    }
    t.ask("PUT", "/explain", "", "");
    assert_snapshot!(t.text);
}

#[test]
fn getpeers() {
    let mut t = Transcript::start();
    t.get("/getpeers");
    // Who says that it is a node is believed; at port 1 nobody listens.
    for headers in ["Peer-Port: 0\r\n", "Peer-Port: x\r\n", "Peer-Port: 1\r\n"] {
        t.ask("GET", "/getpeers", headers, "");
    }
    t.get("/getpeers");
    t.get("/getpeers?all=1");
    t.ask("HEAD", "/getpeers", "", "");
    t.ask("POST", "/getpeers", "", "");
    assert_snapshot!(t.text);
}

#[test]
fn getblocks() {
    let mut t = Transcript::start();
    let ids = t.world.best.iter().map(|block| block.hash().to_string());
    let [genesis, first, second, tip] = ids.collect::<Vec<_>>().try_into().unwrap();
    let side = t.world.side.hash();
    for query in [
        String::new(),
        format!("?id={genesis}"),
        format!("?id={genesis}&limit=1"),
        format!("?id={first}&limit=2"),
        format!("?id={second}"),
        format!("?id={side}"),
        format!("?id={tip}&limit=99"),
        format!("?id={}", "0".repeat(64)),
        "?nr=0".into(),
        "?nr=1&limit=1".into(),
        "?limit=2&nr=2".into(),
        "?nr=3".into(),
        "?nr=4".into(),
        "?nr=18446744073709551615&limit=18446744073709551615".into(),
        "?nr=18446744073709551616".into(),
        "?nr=-1".into(),
        "?nr=".into(),
        "?nr=1&limit=0".into(),
        "?nr=1&nr=2".into(),
        "?limit=1".into(),
        "?id=".into(),
        format!("?id={}", tip.to_uppercase()),
        "?id=%22%0d%0aTip:%201".into(),
        format!("?id={tip}&nr=1"),
        "?hash=1".into(),
    ] {
        t.get(&format!("/getblocks{query}"));
    }
    t.ask("POST", "/getblocks", "", "{}");
    assert_snapshot!(t.text);
}

#[test]
fn getdata() {
    let mut t = Transcript::start();
    let ids = [
        t.world.best[0].hash(),
        t.world.best[2].hash(),
        t.world.side.hash(),
        // A transaction is no block.
        t.world.paid.id(),
    ];
    for id in ids {
        t.get(&format!("/getdata?id={id}"));
    }
    for query in ["", "?id=", "?id=0", "?nr=1"] {
        t.get(&format!("/getdata{query}"));
    }
    t.ask("DELETE", "/getdata", "", "");
    assert_snapshot!(t.text);
}

#[test]
fn plugins_and_status() {
    let mut t = Transcript::start();
    for path in ["/status", "/plugins"] {
        t.get(path);
        t.get(&format!("{path}?x"));
        t.ask("PUT", path, "", "");
    }
    assert_snapshot!(t.text);
}

#[test]
fn block_taken() {
    let mut t = Transcript::start();
    let (alice, bob) = (alice().public.clone(), bob().public.clone());
    let fourth = t.world.next(vec![t.world.waiting.clone()]);
    let fifth = block(&fourth, &alice, Vec::new(), 50);
    let sixth = block(&fifth, &alice, Vec::new(), 60);
    let side = block(&t.world.side, &bob, Vec::new(), 31);
    for (title, block) in [
        ("its parent's parent is unknown", &sixth),
        ("again", &sixth),
        ("on a branch that lost", &side),
        ("its parent is unknown", &fifth),
        ("on the tip, and two wait for it", &fourth),
        ("again", &fourth),
        ("what waited", &sixth),
        ("the genesis block", &genesis()),
    ] {
        t.post(title, "/block", block.text());
    }
    t.get("/status");
    assert_snapshot!(t.text);
}

#[test]
fn block_refused() {
    let mut t = Transcript::start();
    let (alice, bob) = (alice(), bob());
    let tip = t.world.tip().clone();
    let good = t.world.next(Vec::new()).text().to_owned();
    let with = |transactions| {
        block(&tip, &alice.public, transactions, 40)
            .text()
            .to_owned()
    };
    let exactly = |transactions| {
        let draft = fixtures::draft_of(&tip, &alice.public, transactions, at(40));
        sealed(&draft).text().to_owned()
    };
    let reward =
        |to: &str, coins, second| fixtures::reward(to, Amount::from_coins(coins), at(second));
    let lying = format!("\"{}\"", "0".repeat(64));
    let short_nonce = (0..)
        .map(|n| fixtures::block(&tip, &alice.public, Vec::new(), at(40), &format!("{n}")))
        .find(|block| block.hash().to_string().starts_with('0'))
        .unwrap();
    let no_work = (0..)
        .map(|n| fixtures::block(&tip, &alice.public, Vec::new(), at(40), &fixtures::nonce(n)))
        .find(|block| !block.hash().to_string().starts_with('0'))
        .unwrap();
    let forged = pay(&alice, "carol", "0.1", 36)
        .text()
        .replace("0.1,", "0.2,");
    let forged = with(vec![Transaction::parse(&forged).unwrap()]);
    let twice = pay(&alice, "carol", "0.1", 36);
    for (title, text) in [
        ("no JSON", "hello".to_owned()),
        ("an unknown key", good.replace("\"count\"", "\"size\"")),
        (
            "another genesis block",
            set(t.world.best[0].text(), "count", "2"),
        ),
        (
            "nr is not its parent's plus one",
            resealed(&set(&good, "nr", "5")),
        ),
        ("a lying hash", set(&good, "hash", &lying)),
        ("no work", no_work.text().to_owned()),
        ("a short nonce", short_nonce.text().to_owned()),
        (
            "not later than its parent",
            block(&tip, &alice.public, Vec::new(), 30).text().to_owned(),
        ),
        (
            "in times to come",
            block(&tip, &alice.public, Vec::new(), 1 << 32)
                .text()
                .to_owned(),
        ),
        ("a lying count", resealed(&set(&good, "count", "2"))),
        ("a lying root", resealed(&set(&good, "merkle_root", &lying))),
        ("nothing at all", exactly(Vec::new())),
        ("no reward", exactly(vec![twice.clone()])),
        (
            "a reward of two",
            exactly(vec![reward(&alice.public, 2, 40)]),
        ),
        (
            "a reward of nothing",
            exactly(vec![reward(&alice.public, 0, 40)]),
        ),
        (
            "another's reward",
            exactly(vec![reward(&bob.public, 1, 40)]),
        ),
        ("an old reward", exactly(vec![reward(&alice.public, 1, 39)])),
        ("two rewards", with(vec![reward(&alice.public, 1, 40)])),
        (
            "a reward that is not the last",
            exactly(vec![reward(&alice.public, 1, 40), twice.clone()]),
        ),
        ("a forged signature", forged),
        ("a payment twice", with(vec![twice.clone(), twice])),
        (
            "a payment of an earlier block",
            with(vec![t.world.paid.clone()]),
        ),
        (
            "a sender without funds",
            with(vec![pay(&bob, "carol", "0.81", 36)]),
        ),
        (
            "funds that come too late",
            with(vec![
                pay(&bob, "carol", "1", 36),
                pay(&alice, &bob.public, "1", 37),
            ]),
        ),
    ] {
        t.post(title, "/block", &text);
    }
    // It is no other block for being refused before, and none of them was kept.
    t.post("no work, again", "/block", no_work.text());
    t.get(&format!("/getdata?id={}", no_work.hash()));
    t.ask("GET", "/block", "", "");
    t.ask("POST", "/block?x=1", "", &good);
    let large = " ".repeat((2 << 20) + 1);
    t.post("over the body's bound", "/block", &large);
    let long = good.replace(
        "[{",
        &format!("[{}{{", format!("{},", t.world.paid.text()).repeat(3000)),
    );
    t.post("over a block's bound", "/block", &long);
    t.post("the good one", "/block", &good);
    assert_snapshot!(t.text);
}

#[test]
fn inv() {
    let mut t = Transcript::start();
    let (alice, bob) = (alice(), bob());
    let good = pay(&alice, "carol", "0.1", 36);
    let text = good.text().to_owned();
    let (paid, waiting) = (
        t.world.paid.text().to_owned(),
        t.world.waiting.text().to_owned(),
    );
    t.post("new", "/inv", &text);
    t.post("again", "/inv", &text);
    let spaced = text.replace(',', " ,\n\t").replace(": ", ":");
    t.post("again, otherwise written", "/inv", &spaced);
    t.post("in the pool since the start", "/inv", &waiting);
    t.post("in a block", "/inv", &paid);
    let other = set(&text, "signature", "\"00\"");
    t.post("again with another signature", "/inv", &other);
    let all = pay(&bob, "carol", "0.3", 37);
    t.post("all that is left", "/inv", all.text());
    let more = pay(&bob, "carol", "0.00000001", 38);
    t.post("more than is left", "/inv", more.text());
    let next = pay(&alice, "carol", "0.1", 38).text().to_owned();
    for (title, body) in [
        ("a key that is none", set(&next, "from", "\"dave\"")),
        ("a forged sum", set(&next, "sum", "0.2")),
        (
            "the same amount, otherwise written",
            set(&next, "sum", "0.10"),
        ),
        ("no signature", set(&next, "signature", "\"\"")),
        (
            "a reward",
            fixtures::reward(&alice.public, Amount::from_coins(1), at(38))
                .text()
                .to_owned(),
        ),
        ("to System", set(&next, "to", "\"System\"")),
        ("empty", String::new()),
        ("a sum that is none", set(&next, "sum", "1e3")),
        ("a sum of zero", set(&next, "sum", "0.0")),
        (
            "a time that is none",
            set(&next, "timestamp", "\"2020-02-30T00:00:00\""),
        ),
        (
            "an unknown key",
            next.replace("\"sum\"", "\"fee\": 1,\"sum\""),
        ),
        ("over the body's bound", " ".repeat((16 << 10) + 1)),
    ] {
        t.post(title, "/inv", &body);
    }
    t.ask("GET", "/inv", "", "");
    t.ask("POST", "/inv?x=1", "", &next);
    t.get("/status");
    assert_snapshot!(t.text);
}

#[test]
fn money() {
    let mut t = Transcript::start();
    for sum in ["2", "0.20", "0.00000001"] {
        let body = format!("{{\"to\": \"{}\",\"sum\": {sum}}}", bob().public);
        t.post("a payment", "/money", &body);
    }
    for (title, body) in [
        ("empty", ""),
        ("an array", "[\"bob\",1]"),
        ("no sum", "{\"to\": \"bob\"}"),
        ("an unknown key", "{\"to\": \"bob\",\"sum\": 1,\"fee\": 0}"),
        ("a repeated key", "{\"to\": \"bob\",\"sum\": 1,\"sum\": 1}"),
        ("a sum as text", "{\"to\": \"bob\",\"sum\": \"1\"}"),
        ("a sum of zero", "{\"to\": \"bob\",\"sum\": 0}"),
        ("to System", "{\"to\": \"System\",\"sum\": 0.1}"),
        ("a quote", "{\"to\": \"b\\\"ob\",\"sum\": 0.1}"),
    ] {
        t.post(title, "/money", body);
    }
    let large = " ".repeat((4 << 10) + 1);
    t.post("over the body's bound", "/money", &large);
    t.ask("GET", "/money", "", "");
    t.ask("POST", "/money?x=1", "", "{}");
    assert_snapshot!(t.text);
}

#[test]
fn no_route() {
    let mut t = Transcript::start();
    for (method, path, headers) in [
        ("GET", "/", ""),
        ("GET", "/getpeers/", ""),
        ("POST", "/blocks", ""),
        ("OPTIONS", "/money", ""),
        ("BREW", "/status", ""),
        ("GET", "/status", "Origin: http://evil.example\r\n"),
        ("GET", "http://evil.example/status", ""),
    ] {
        t.ask(method, path, headers, "");
    }
    assert_snapshot!(t.text);
}

#[test]
fn summary_and_journal() {
    let t = Transcript::start();
    let summary = t.node.summary.replace(t.node.port(), "PORT");
    assert_snapshot!("summary", summary);
    let before = String::from_utf8(t.node.file("blocks")).unwrap();
    // A block that waits and one that is refused are in no journal; what is accepted is, in order.
    let fourth = t.world.next(vec![t.world.waiting.clone()]);
    let fifth = block(&fourth, &bob().public, Vec::new(), 50);
    let paid = pay(&alice(), "carol", "0.1", 36);
    let bad = set(fourth.text(), "count", "9");
    for (path, text, status) in [
        ("/block", fifth.text(), 202),
        ("/inv", paid.text(), 200),
        ("/inv", paid.text(), 400),
        ("/block", &bad, 400),
        ("/block", fourth.text(), 200),
    ] {
        assert_eq!(t.node.ask("POST", path, text).0, status, "{text}");
    }
    let after = String::from_utf8(t.node.file("blocks")).unwrap();
    assert!(after.starts_with(before.trim_end_matches("\n]\n")));
    let whole: Value = serde_json::from_str(&after).unwrap();
    assert_eq!(whole.as_array().unwrap().len(), 10);
    assert_snapshot!("journal", after);
}
