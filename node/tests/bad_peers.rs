//! Peers that answer garbage, lies, nothing or for ever change nothing, and hold up nobody.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use plugcoin_sdk::ledger::{Block, Hash, Transaction, genesis};
use plugcoin_testkit::fixtures;
use program::peer::{Asked, FakePeer};
use program::running::{Running, request, until};
use program::unmoved::Unmoved;
use program::world::{World, alice, block, bob, pay, set};
use rustix::process::Signal;

/// So short that a test can wait for it.
const TIMEOUTS: &str = "--set http.connect_timeout_ms=500 --set http.timeout_ms=500 \
                        --set http.page_timeout_ms=500";

/// An answer with these headers, each with its end.
fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn args<'a>(peers: impl IntoIterator<Item = &'a FakePeer>) -> String {
    let peers = peers
        .into_iter()
        .map(|peer| format!(" --peer {}", peer.address));
    format!("{TIMEOUTS}{}", peers.collect::<String>())
}

/// A peer that says the same to whatever it is asked.
fn saying(bytes: String) -> FakePeer {
    FakePeer::start(move |_, mut stream| {
        let _ = stream.write_all(bytes.as_bytes());
    })
}

/// A peer that says one thing once and another over and over, until nobody listens any more.
fn saying_for_ever(start: &'static str, more: String, pause_ms: u64) -> FakePeer {
    FakePeer::start(move |_, mut stream| {
        let mut open = stream.write_all(start.as_bytes()).is_ok();
        while open {
            std::thread::sleep(Duration::from_millis(pause_ms));
            open = stream.write_all(more.as_bytes()).is_ok();
        }
    })
}

#[test]
fn what_is_no_answer() {
    let victim = saying(answer("200 OK", "", "{\"peers\": []}"));
    let elsewhere = format!("Location: http://{}/getpeers\r\n", victim.address);
    let deep = "[".repeat(100_000);
    let peers = [
        ("closes", FakePeer::start(|_, stream| drop(stream))),
        (
            "nothing",
            FakePeer::start(|_, mut stream| {
                // Until the node has had enough.
                let _ = stream.read(&mut [0]);
            }),
        ),
        (
            "a head without end",
            saying_for_ever("HTTP/1.1 200 OK\r\n", "A: b\r\n".into(), 20),
        ),
        (
            "a body without end",
            saying_for_ever("HTTP/1.1 200 OK\r\n\r\n", " ".repeat(65_536), 0),
        ),
        (
            "a slow body",
            saying_for_ever(
                "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
                " ".into(),
                20,
            ),
        ),
        (
            "go on, go on",
            saying_for_ever("", "HTTP/1.1 100 Continue\r\n\r\n".into(), 0),
        ),
        ("no HTTP", saying("hello\r\n\r\n".into())),
        ("zeros", saying("\0".repeat(100_000))),
        (
            "half",
            saying(answer("200 OK", "", "{\"peers\": []}").replace("h: 13", "h: 99")),
        ),
        (
            "two lengths",
            saying(answer("200 OK", "Content-Length: 1\r\n", "{\"peers\": []}")),
        ),
        (
            "404",
            saying(answer(
                "404 Not Found",
                "",
                "{\"errcode\": 404,\"errmsg\": \"\\u001b[31mno\\u0007\"}",
            )),
        ),
        ("500", saying(answer("500 Oh", "", "<html>\u{1b}[31m"))),
        ("a page for people", saying(answer("200 OK", "", "<html>"))),
        ("an empty body", saying(answer("200 OK", "", ""))),
        ("null", saying(answer("200 OK", "", "null"))),
        (
            "another shape",
            saying(answer(
                "200 OK",
                "",
                "{\"peers\": {\"a\": [1]},\"chain\": 7}",
            )),
        ),
        ("deep", saying(answer("200 OK", "", &deep))),
        ("elsewhere", saying(answer("302 Found", &elsewhere, ""))),
        (
            "elsewhere, for good",
            saying(answer("308 Permanent Redirect", &elsewhere, "")),
        ),
        (
            "strange headers",
            saying(answer(
                "200 OK",
                "Tip: x\r\nRules: y\r\nNode: z\r\nPeer-Port: 1\r\n",
                "{}",
            )),
        ),
    ];
    let args = args(peers.iter().map(|(_, peer)| peer));
    let t = Unmoved::start(&format!("--log info,plugcoin_node=debug {args}"));
    for (title, peer) in &peers {
        let failed = |line: &str| line.contains("a call failed") && line.contains(&peer.address);
        until(title, || t.node.log().lines().any(failed).then_some(()));
        assert!(peer.was_asked("GET /getpeers"), "{title}");
    }
    assert_eq!(victim.asked(), [""; 0]);
    // What peers say does nothing to the terminal of whoever reads the log.
    let log = t.node.log();
    assert!(log.contains("[31mno"), "{log}");
    assert!(!log.contains(['\u{1b}', '\u{7}']), "{log}");
}

/// A peer that says it has a better chain, and answers for its blocks with what a function makes
/// of the first level and the number of levels that are asked for.
fn liar(tip: (u64, Hash), page: impl Fn(u64, u64) -> String + Send + Sync + 'static) -> FakePeer {
    FakePeer::start(move |asked: &Asked, mut stream: TcpStream| {
        let (nr, hash) = tip;
        let headers = format!("Tip: {nr} {hash}\r\nRules: {}\r\n", asked.rules);
        let number = |name: &str| {
            let (_, value) = asked.line.split_once(name)?;
            value.split('&').next()?.parse().ok()
        };
        let body = match number("nr=") {
            Some(nr) => page(nr, number("limit=").unwrap_or(u64::MAX)),
            None => "{\"peers\": []}".to_owned(),
        };
        let _ = stream.write_all(answer("200 OK", &headers, &body).as_bytes());
    })
}

/// A peer that says it has this chain, and serves it.
fn liar_of(chain: Vec<Block>) -> FakePeer {
    let tip = chain.last().unwrap();
    liar((tip.nr(), tip.hash()), move |nr, limit| {
        let levels = chain.iter().skip(nr as usize).take(limit as usize);
        let texts: Vec<String> = levels.map(|block| format!("[{}]", block.text())).collect();
        format!("{{\"chain\": [{}]}}", texts.join(","))
    })
}

/// The best chain and so many blocks on it, of which the first pays this.
fn longer(world: &World, more: i64, paying: &[Transaction]) -> Vec<Block> {
    let mut chain = world.best.clone();
    for n in 0..more {
        let transactions = if n == 0 { paying.to_vec() } else { Vec::new() };
        let next = block(chain.last().unwrap(), &bob().public, transactions, 40 + n);
        chain.push(next);
    }
    chain
}

#[test]
fn chains_that_are_lies() {
    let world = World::new();
    let far = (999, Hash::of("nothing"));
    let forged = pay(&alice(), "carol", "0.1", 36)
        .text()
        .replace("0.1,", "0.2,");
    let forged = Transaction::parse(&forged).unwrap();
    let no_work: Vec<Block> = [genesis()].into_iter().chain(fixtures::chain(9)).collect();
    let mut gap = longer(&world, 5, &[]);
    gap.remove(4);
    let future = {
        let mut chain = world.best.clone();
        chain.push(block(world.tip(), &bob().public, Vec::new(), 1 << 32));
        chain
    };
    let best = world.best.clone();
    for (title, peer) in [
        ("no pages", liar(far, |_, _| "{\"chain\": []}".into())),
        ("no JSON", liar(far, |_, _| "{\"chain\": [[".into())),
        ("no blocks", liar(far, |_, _| "{\"chain\": [[7]]}".into())),
        (
            "empty levels",
            liar(far, |_, _| "{\"chain\": [[],[]]}".into()),
        ),
        (
            "the same over and over",
            liar(far, move |_, _| {
                format!("{{\"chain\": [[{}]]}}", best[1].text())
            }),
        ),
        (
            "levels without end",
            liar((u64::MAX, Hash::of("nothing")), |_, _| {
                "{\"chain\": []}".into()
            }),
        ),
        (
            "another genesis block",
            liar(far, |_, _| {
                format!(
                    "{{\"chain\": [[{}]]}}",
                    genesis().text().replace("50", "51")
                )
            }),
        ),
        ("no work", liar_of(no_work)),
        ("a gap", liar_of(gap)),
        ("a forged payment", liar_of(longer(&world, 3, &[forged]))),
        (
            "no funds",
            liar_of(longer(&world, 3, &[pay(&alice(), "carol", "9", 36)])),
        ),
        ("tomorrow's", liar_of(future)),
        ("a shorter one", liar_of(world.best[..2].to_vec())),
    ] {
        let t = Unmoved::start(&args([&peer]));
        match title {
            "a shorter one" => until(title, || peer.was_asked("GET /getpeers").then_some(())),
            _ => until(title, || peer.was_asked("GET /getblocks?nr=").then_some(())),
        }
        until("the end of it", || {
            let log = t.node.log();
            let ended = title == "a shorter one" || log.contains("given up");
            ended.then_some(())
        });
    }
}

#[test]
fn among_liars_the_chain_of_one_honest_peer_is_found() {
    let world = World::new();
    let (_dir, honest) = world.start("");
    let next = world.next(Vec::new());
    assert_eq!(honest.ask("POST", "/block", next.text()).0, 200);
    let best = world.best.clone();
    let liars = [
        liar((u64::MAX, Hash::of("1")), |_, _| "{\"chain\": []}".into()),
        liar((u64::MAX >> 1, Hash::of("2")), move |nr, _| {
            let nr = best.len().min(nr as usize + 1) - 1;
            format!("{{\"chain\": [[{}]]}}", best[nr].text())
        }),
        liar_of([genesis()].into_iter().chain(fixtures::chain(9)).collect()),
        saying("hello\r\n\r\n".into()),
        saying_for_ever("HTTP/1.1 200 OK\r\n\r\n", " ".repeat(65_536), 0),
    ];
    let args = format!("{} --peer {}", args(&liars), honest.address);
    let (_dir, node) = world.start(&args);
    node.wait("the honest block", |status| {
        status["tip"] == next.hash().to_string()
    });
    // And it was not by chance that the liars came first.
    for liar in &liars {
        until("the liar to be asked", || {
            liar.was_asked("GET /getpeers").then_some(())
        });
    }
    assert_eq!(node.status()["tip"], next.hash().to_string());
}

/// A node, an honest one that it does not know, and a bad relay at the same address, which speaks in the
/// honest one's name.
#[test]
fn honest_nodes_behind_a_bad_relay_are_heard_and_not_banned() {
    let world = World::new();
    let (_dir, honest) = world.start("");
    let known = longer(&world, 2, &[]);
    for next in &known[4..] {
        assert_eq!(honest.ask("POST", "/block", next.text()).0, 200);
    }
    // What the relay serves itself is held against it alone.
    let forged = pay(&alice(), "carol", "0.1", 36)
        .text()
        .replace("0.1,", "0.2,");
    let forged = Transaction::parse(&forged).unwrap();
    let relay = liar_of(longer(&world, 3, &[forged]));
    let (_dir, node) = world.start("");
    let push = |peer: &str, path: &str, body: &str| {
        let port = peer.rsplit_once(':').unwrap().1;
        let headers = format!("Peer-Port: {port}\r\n");
        let answer = node.raw(&request("POST", path, &headers, body.as_bytes()));
        answer[9..12].to_owned()
    };
    let good = world.next(Vec::new()).text().to_owned();
    let orphan = block(&known[4], "mallory", Vec::new(), 90);
    let orphan = block(&orphan, "mallory", Vec::new(), 91);
    for n in 0..20 {
        let creator = format!("\"mallory {n}\"");
        let said = push(&honest.address, "/block", &set(&good, "creator", &creator));
        assert_eq!(said, "400", "a lying hash");
        let unfunded = pay(&bob(), "carol", "5000", 50 + n);
        assert_eq!(push(&honest.address, "/inv", unfunded.text()), "400");
    }
    assert_eq!(push(&honest.address, "/block", orphan.text()), "202");
    assert_eq!(push(&relay.address, "/block", orphan.text()), "202");
    // All of it came in its name, and its chain is sought and believed all the same.
    let banned = |address: &str| {
        let log = node.log();
        let mut lines = log.lines();
        lines.any(|line| line.contains("banned") && line.contains(address))
    };
    node.wait("the honest chain", |status| {
        status["tip"] == known[5].hash().to_string()
    });
    until("the relay to be banned", || {
        banned(&relay.address).then_some(())
    });
    let last = block(&known[5], &alice().public, Vec::new(), 60);
    assert_eq!(honest.ask("POST", "/block", last.text()).0, 200);
    node.wait("the honest node's next block", |status| {
        status["tip"] == last.hash().to_string()
    });
    until("the line of that block", || {
        node.log().contains(&last.hash().short()).then_some(())
    });
    assert!(!banned(&honest.address), "{}", node.log());
    assert!(peers(&node).contains(&honest.address));
}

fn peers(node: &Running) -> Vec<String> {
    let answer: serde_json::Value =
        serde_json::from_str(&node.ask("GET", "/getpeers", "").1).unwrap();
    let peers = answer["peers"].as_array().unwrap().iter();
    peers
        .map(|peer| peer.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn addresses_that_a_peer_names_are_tried_before_they_are_believed_and_nonsense_never() {
    let victims: Vec<FakePeer> = (0..8).map(|_| saying("not yours\r\n\r\n".into())).collect();
    let port = |n: usize| victims[n].address.rsplit_once(':').unwrap().1.to_owned();
    let witness = saying(answer("200 OK", "", "{\"peers\": []}"));
    let named = [
        format!("localhost:{}", port(0)),
        format!("127.1:{}", port(1)),
        format!("0x7f.0.0.1:{}", port(2)),
        format!("http://127.0.0.1:{}", port(3)),
        format!("user@127.0.0.1:{}", port(4)),
        format!("127.0.0.1:{}/block", port(5)),
        format!("2130706433:{}", port(6)),
        "127.0.0.1:0".into(),
        "\u{1b}[31m".into(),
        // This is an address, but nobody there speaks as a node does.
        victims[7].address.clone(),
        witness.address.clone(),
    ];
    let named = serde_json::json!({ "peers": named }).to_string();
    let introducer = saying(answer("200 OK", "", &named));
    let world = World::new();
    let (_dir, node) = world.start(&args([&introducer]));
    // The last that is named is tried last.
    until("the witness to be tried", || {
        peers(&node).contains(&witness.address).then_some(())
    });
    assert_eq!(peers(&node), [&*introducer.address, &*witness.address]);
    for (n, victim) in victims.iter().enumerate() {
        assert_eq!(victim.asked().len(), usize::from(n == 7), "{n}");
    }
}

#[test]
fn who_says_to_be_elsewhere_is_believed_when_it_answers_there() {
    let world = World::new();
    let (_dir, node) = world.start(TIMEOUTS);
    let victim = saying("not yours\r\n\r\n".into());
    let witness = saying(answer("200 OK", "", "{\"peers\": []}"));
    for peer in [&victim, &witness] {
        let header = format!("Peer-Address: {}\r\n", peer.address);
        node.raw(&request("GET", "/getpeers", &header, b""));
        assert_eq!(peers(&node), [""; 0]);
    }
    until("the witness to be tried", || {
        peers(&node).contains(&witness.address).then_some(())
    });
    assert_eq!(peers(&node), [&*witness.address]);
    assert_eq!(victim.asked(), ["GET /getpeers"]);
}

#[test]
fn a_node_that_waits_for_peers_and_clients_stops_all_the_same() {
    let silent = FakePeer::start(|_, mut stream| {
        let _ = stream.read(&mut [0]);
    });
    let (_dir, node) = World::new().start(&format!("--peer {}", silent.address));
    until("the peer to be asked", || {
        silent.was_asked("GET /getpeers").then_some(())
    });
    let mut half = node.connect();
    half.write_all(b"POST /block HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
        .unwrap();
    let idle = node.connect();
    let (code, took) = node.stop(Signal::INT);
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop((half, idle));
}
