//! What nobody should send.

use plugcoin_sdk::ledger::{Amount, Block};
use plugcoin_testkit::fixtures;

use super::client;
use super::load::now_us;
use super::nodes::Member;
use crate::program::running::request;
use crate::program::world::{alice, bob, pay, resealed, sealed, set};

/// Bytes that are no request, or one that no node takes.
const REQUESTS: &[&str] = &[
    "hello\r\n\r\n",
    "\u{16}\u{3}\u{1}\0\u{5}hello\r\n\r\n",
    "\0\0\0\0\r\n\r\n",
    "GET /status HTTP/3.0\r\n\r\n",
    "GET /status HTTP/1.1\r\nHo st: a\r\n\r\n",
    "POST /inv HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "POST /inv HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}",
    "POST /inv HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    "BREW /money HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    "GET /getblocks?nr=-1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "POST /block HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9000000000000\r\n\r\n",
];

/// Sends all of it; how much that was, and what was not refused.
pub(crate) fn send(member: &Member) -> (usize, Vec<String>) {
    let mut all: Vec<Vec<u8>> = REQUESTS
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    let bodies = { shapes().into_iter() }
        .chain(payments())
        .chain(blocks(member));
    all.extend(bodies.map(|(path, body)| request("POST", path, "", body.as_bytes())));
    let accepted = { all.iter() }
        .filter_map(|bytes| {
            let answer = client::raw(&member.address, bytes);
            let refused = matches!(answer, Ok((400..500, _)));
            let sent = String::from_utf8_lossy(bytes);
            (!refused).then(|| format!("{} took {sent:.300}: {answer:?}", member.address))
        })
        .collect();
    (all.len(), accepted)
}

type Body = (&'static str, String);

fn good() -> String {
    pay(&alice(), "carol", "0.1", 36).text().to_owned()
}

fn shapes() -> Vec<Body> {
    let good = good();
    let mut bodies = Vec::new();
    for path in ["/block", "/inv", "/money"] {
        for body in [
            String::new(),
            "hello".into(),
            "null".into(),
            "{}".into(),
            format!("[{good}]"),
            good[..good.len() / 2].into(),
            format!("{good}x"),
            format!("{good}\0"),
            good.replacen('{', "{\"x\": 1,", 1),
            "[".repeat(3_000),
            "{\"a\":".repeat(100_000),
        ] {
            bodies.push((path, body));
        }
    }
    bodies
}

/// Payments that are forged, not funded, or of sums that are none.
fn payments() -> Vec<Body> {
    let good = good();
    let mut bodies: Vec<_> = [
        "1e3",
        "-1",
        "0",
        "NaN",
        "\"1\"",
        "0.123456789",
        "10000000001",
    ]
    .iter()
    .flat_map(|sum| {
        let money = format!("{{\"to\": \"carol\",\"sum\": {sum}}}");
        [("/inv", set(&good, "sum", sum)), ("/money", money)]
    })
    .collect();
    for text in [
        good.clone(),
        set(&good, "sum", "2"),
        set(&good, "sum", "0.10"),
        set(&good, "signature", "\"System\""),
        set(&good, "signature", &format!("\"{}\"", "0".repeat(128))),
        good.replace("carol", "mallory"),
        good.replace(&alice().public, &bob().public),
        good.replace(&alice().public, "System"),
    ] {
        bodies.push(("/inv", text));
    }
    bodies.push(("/money", "{\"to\": \"carol\",\"sum\": 10000000000}".into()));
    bodies
}

/// Blocks on the node's tip, each of which breaks one rule.
fn blocks(member: &Member) -> Vec<Body> {
    let Some(tip) = tip(member) else {
        return Vec::new();
    };
    let (now_us, parent_us) = (now_us(), tip.header().timestamp.us());
    let on = |transactions, time_us| {
        let draft = fixtures::draft(&tip, "mallory", transactions, time_us);
        sealed(&draft).text().to_owned()
    };
    let exactly = |transactions| {
        let draft = fixtures::draft_of(&tip, "mallory", transactions, now_us);
        sealed(&draft).text().to_owned()
    };
    let reward = |coins| fixtures::reward("mallory", Amount::from_coins(coins), now_us);
    let unfunded = pay(&alice(), "carol", "10000000000", 36);
    let good = on(Vec::new(), now_us);
    let zeros = format!("\"{}\"", "0".repeat(64));
    let no_seal = (0..)
        .map(|n| fixtures::block(&tip, "mallory", Vec::new(), now_us, &fixtures::nonce(n)))
        .find(|block| !block.hash().to_string().starts_with('0'));
    [
        no_seal.unwrap().text().to_owned(),
        set(&good, "hash", &zeros),
        set(&good, "creator", "\"eve\""),
        resealed(&set(&good, "nr", "18446744073709551615")),
        resealed(&set(&good, "merkle_root", &zeros)),
        resealed(&set(&good, "count", "0")),
        on(Vec::new(), parent_us),
        on(Vec::new(), now_us + 86_400_000_000),
        exactly(Vec::new()),
        exactly(vec![reward(2)]),
        exactly(vec![reward(1), reward(1)]),
        on(vec![unfunded.clone(), unfunded], now_us),
    ]
    .into_iter()
    .map(|text| ("/block", text))
    .collect()
}

fn tip(member: &Member) -> Option<Block> {
    let hash = member.status()?["tip"].as_str()?.to_owned();
    let path = format!("/getdata?id={hash}");
    let (_, text) = client::ask(&member.address, "GET", &path, b"").ok()?;
    Block::parse(&text).ok()
}
