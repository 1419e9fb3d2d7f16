//! Floods: of connections, of requests at once, of blocks and payments. The node answers on, its memory
//! has a bound, its chain is right.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use plugcoin_sdk::ledger::{Block, Hash, Transaction, genesis};
use plugcoin_testkit::fixtures;
use program::peer::FakePeer;
use program::running::{Running, request, until};
use program::unmoved::{Unmoved, good};
use program::world::{RULES, alice, at, block, bob, pay, sealed, set};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a node of a few blocks may take at the most, whatever is sent to it, in bytes: some 30 MB for
/// itself, 32 MiB for long bodies, the orphans' 16 MiB, 24 MB of heads, and the allocator's waste. Without the
/// bound for long bodies alone, these tests come to twice as much.
const MEMORY_MAX: u64 = 160 << 20;

/// How many files these tests need at least: two thousand connections, seen from both ends in the worst case.
const FILES_MIN: u64 = 4_096;

/// Lets this process, and the node that it starts next, have as many connections as these tests need.
fn many_files() {
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.map_or(8_192, |most| most.min(8_192));
    assert!(
        enough >= FILES_MIN,
        "these tests open two thousand connections from one process, which may not have more than \
         {enough} files open here, and needs {FILES_MIN}: raise the hard limit (ulimit -Hn {FILES_MIN}, as \
         root; LimitNOFILE of a service; --ulimit nofile of a container)"
    );
    if limit.current.is_some_and(|current| current < enough) {
        let raised = Rlimit {
            current: Some(enough),
            ..limit
        };
        setrlimit(Resource::Nofile, raised).unwrap();
    }
}

fn assert_bounded(node: &Running) {
    let peak = node.memory_peak_bytes();
    assert!(peak < MEMORY_MAX, "it took {} MB", peak >> 20);
}

/// The statuses of the answers to so many equal requests that are all under way at once.
fn at_once(node: &Running, count: usize, bytes: &[u8]) -> BTreeMap<u16, usize> {
    answers(asked(node, count, &[bytes]))
}

/// Asks these questions in turn so many times, each through a connection of its own.
fn asked(node: &Running, count: usize, questions: &[&[u8]]) -> Vec<TcpStream> {
    let ask = |bytes: &&[u8]| {
        let mut stream = node.connect();
        stream.write_all(bytes).unwrap();
        stream
    };
    questions.iter().cycle().take(count).map(ask).collect()
}

/// The statuses of the answers.
fn answers(connections: Vec<TcpStream>) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    for mut stream in connections {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer[9..12].parse().unwrap();
        *statuses.entry(status).or_default() += 1;
    }
    statuses
}

/// What came of it: taken once, and otherwise known or too much.
fn assert_taken_once(statuses: &BTreeMap<u16, usize>, count: usize) {
    assert_eq!(statuses.get(&200), Some(&1), "{statuses:?}");
    let told = [200, 400, 429, 503]
        .iter()
        .filter_map(|status| statuses.get(status));
    assert_eq!(told.sum::<usize>(), count, "{statuses:?}");
}

#[test]
fn twenty_and_two_thousand_at_once_are_all_answered_and_one_is_taken() {
    many_files();
    for count in [20, 2_000] {
        let world = program::world::World::new();
        let (_dir, node) = world.start("");
        let [(_, next), (_, payment), _] = good(&world);
        for (path, body) in [("/inv", payment), ("/block", next)] {
            let bytes = request("POST", path, "", body.as_bytes());
            assert_taken_once(&at_once(&node, count, &bytes), count);
        }
        let status = node.status();
        assert_eq!(status["height"], 4);
        assert_eq!(status["pool"], 2);
        assert_bounded(&node);
    }
}

#[test]
fn among_two_thousand_that_only_ask_a_payment_is_taken() {
    many_files();
    let world = program::world::World::new();
    let (_dir, node) = world.start("");
    let [_, (_, payment), _] = good(&world);
    let explain = format!("/explain?id={}", world.tip().hash());
    let questions = ["/getpeers", "/status", &explain].map(|path| request("GET", path, "", b""));
    let held = asked(&node, 2_000, &questions.each_ref().map(|bytes| &**bytes));
    // None of the answers has been taken yet.
    let (status, said) = node.ask("POST", "/inv", &payment);
    assert_eq!(status, 200, "{said}");
    let statuses = answers(held);
    let told = { [200, 429, 503].iter() }.filter_map(|status| statuses.get(status));
    assert_eq!(told.sum::<usize>(), 2_000, "{statuses:?}");
    assert_eq!(node.status()["pool"], 2);
    assert_bounded(&node);
}

#[test]
fn a_thousand_idle_and_half_open_connections_keep_nobody_out() {
    many_files();
    let t = Unmoved::start("");
    let heads = format!("GET /status HTTP/1.1\r\nA: {}", "a".repeat(30_000));
    let length: usize = 2 << 20;
    let body = format!(
        "POST /block HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{}",
        " ".repeat(length - 1)
    );
    let greedy = "GET /getblocks HTTP/1.1\r\n\r\n".repeat(200);
    let begun = ["", "G", &heads, &body, &greedy];
    let mut held = Vec::new();
    for n in 0..1_000 {
        let mut stream = node_connection(&t.node);
        // Whoever is refused early need not take it all.
        let _ = stream.write_all(begun[n % begun.len()].as_bytes());
        held.push(stream);
        if n % 100 == 99 {
            assert_eq!(t.node.ask("GET", "/getpeers", "").0, 200);
        }
    }
    t.check();
    assert_bounded(&t.node);
    drop(held);
}

#[test]
fn connections_that_make_room_leave_a_node_its_files() {
    many_files();
    let dir = tempfile::tempdir().unwrap();
    let mut few = Command::new("sh");
    let script = "ulimit -n 1024; exec \"$0\" \"$@\"";
    few.args(["-c", script, env!("CARGO_BIN_EXE_node")]);
    let node = Running::try_start_by(few, dir.path(), &format!("--port 0 {RULES}")).unwrap();
    // Each is answered at once, and then lingers.
    let too_long = b"POST /block HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n";
    let address = &node.address;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for _ in 0..5 {
                    let held: Vec<TcpStream> = (0..500)
                        .map(|_| {
                            let mut stream = TcpStream::connect(address).unwrap();
                            // Who makes room for others need not take it.
                            let _ = stream.write_all(too_long);
                            stream
                        })
                        .collect();
                    drop(held);
                }
            });
        }
    });
    assert_eq!(node.ask("GET", "/getpeers", "").0, 200);
    let log = node.log();
    assert!(!log.contains("no connection can be accepted"), "{log}");
}

/// A connection on which nothing waits for ever, neither to be read nor to be written.
fn node_connection(node: &Running) -> TcpStream {
    let stream = node.connect();
    stream.set_nonblocking(true).unwrap();
    stream
}

/// Sends many requests through one connection; the statuses of the answers.
fn one_after_another(
    node: &Running,
    path: &str,
    bodies: impl IntoIterator<Item = String>,
) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    let mut stream = node.connect();
    for body in bodies {
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let (_, length) = head.split_once("Content-Length: ").unwrap();
        let length = length.lines().next().unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).unwrap();
        *statuses.entry(head[9..12].parse().unwrap()).or_default() += 1;
    }
    statuses
}

#[test]
fn orphans_without_end_are_held_in_bounds() {
    let peer = FakePeer::quiet();
    let t = Unmoved::start(&format!("--peer {}", peer.address));
    // Each has 60 KB of payments that nobody looks at yet: with no bound they would have 36 MB.
    let payments: Vec<Transaction> = (0..280)
        .map(|n| fixtures::pay(&"x".repeat(60), "carol", "0.01", at(36) + n))
        .collect();
    let mut bytes_min = usize::MAX;
    let orphans: Vec<String> = (0..600)
        .map(|n| {
            let nowhere = Hash::of(&format!("nowhere {n}"));
            let parent = set(t.world.tip().text(), "hash", &format!("\"{nowhere}\""));
            let parent = Block::parse(&parent).unwrap();
            let draft = fixtures::draft(&parent, "mallory", payments.clone(), at(40));
            let text = sealed(&draft).text().to_owned();
            bytes_min = bytes_min.min(text.len());
            text
        })
        .collect();
    assert!(bytes_min > 60_000, "{bytes_min}");
    let statuses = one_after_another(&t.node, "/block", orphans);
    assert_eq!(statuses, BTreeMap::from([(202, 600)]));
    let held = t.node.status()["orphans"].as_u64().unwrap();
    assert!((1..(16 << 20) / 60_000).contains(&held), "{held}");
    assert_bounded(&t.node);
    // The peer that was asked for what they lack, and has none of it, is still one.
    assert_eq!(t.node.status()["peers"], 1);
}

#[test]
fn cheap_branches_from_genesis_never_win_and_are_all_kept() {
    let world = program::world::World::new();
    let (_dir, node) = world.start("");
    let tip = node.status()["tip"].clone();
    let mut cheap = Vec::new();
    for n in 0..100 {
        let first = block(&genesis(), &bob().public, Vec::new(), 100 + n);
        let second = block(&first, &bob().public, Vec::new(), 300 + n);
        cheap.extend([first, second]);
    }
    let texts = cheap.iter().map(|block| block.text().to_owned());
    let statuses = one_after_another(&node, "/block", texts);
    assert_eq!(statuses, BTreeMap::from([(200, 200)]));
    let status = node.status();
    assert_eq!((&status["tip"], &status["height"]), (&tip, &3.into()));
    assert_eq!(status["blocks"], 5 + 200);
    // The best chain grows on as ever.
    let next = world.next(Vec::new());
    assert_eq!(node.ask("POST", "/block", next.text()).0, 200);
    assert_bounded(&node);
}

#[test]
fn payments_without_funds_leave_nothing_behind() {
    let t = Unmoved::start("");
    let poor = {
        use plugcoin_sdk::hooks::Signer as _;
        ed25519::Ed25519.generate(&[9; 32]).unwrap()
    };
    let payments = (0..1_500).map(|n| {
        let (from, sum) = if n % 2 == 0 {
            (&poor, "0.1")
        } else {
            (&alice(), "5000")
        };
        pay(from, "carol", sum, 100 + n).text().to_owned()
    });
    let statuses = one_after_another(&t.node, "/inv", payments);
    assert_eq!(statuses, BTreeMap::from([(400, 1_500)]));
    assert_bounded(&t.node);
    // What each of them was is not in the log, which would fill the disk.
    let log = t.node.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("transaction refused"))
        .count();
    assert!((100..1_500).contains(&lines), "{lines}");
}

/// A peer that answers everything with this head, and then with a piece of a body over and over.
fn endless(head: &'static str, piece: Vec<u8>) -> FakePeer {
    FakePeer::start(move |_, mut stream| {
        let mut open = stream.write_all(head.as_bytes()).is_ok();
        let mut sent = 0;
        while open && sent < 2_u64 << 30 {
            open = stream.write_all(&piece).is_ok();
            sent += piece.len() as u64;
        }
    })
}

#[test]
fn peers_that_send_a_gigabyte_are_left_before_it_is_here() {
    let zeros = vec![b'0'; 1 << 20];
    let mut chunk = b"100000\r\n".to_vec();
    chunk.extend(&zeros);
    chunk.extend(b"\r\n");
    let bytes = b"1\r\n \r\n".repeat(10_000);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let peers = [
        endless(
            "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
            zeros.clone(),
        ),
        endless("HTTP/1.1 200 OK\r\n\r\n", zeros.clone()),
        endless("HTTP/1.1 200 OK\r\nA: ", zeros),
        endless(chunked, chunk),
        endless(chunked, bytes),
    ];
    let args: String = peers
        .iter()
        .map(|peer| format!(" --peer {}", peer.address))
        .collect();
    let t = Unmoved::start(&format!("--log info,plugcoin_node=debug {args}"));
    for peer in &peers {
        let failed = |line: &str| line.contains("a call failed") && line.contains(&peer.address);
        until(&peer.address, || {
            t.node.log().lines().any(failed).then_some(())
        });
    }
    assert_bounded(&t.node);
}
