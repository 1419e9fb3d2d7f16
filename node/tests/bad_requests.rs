//! Requests that are none, strange, half or endless change nothing, and hold up nobody.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use program::running::request;
use program::unmoved::{Unmoved, good};
use serde_json::Value;

/// What hyper can't read it answers by itself, with an empty body: no route ever sees it, and so
/// the error form can't be given.
const UNREADABLE: &[(&str, &str, u16)] = &[
    ("no HTTP", "hello\r\n\r\n", 400),
    ("HTTP/0.9", "GET /status\r\n\r\n", 400),
    ("HTTP/3", "GET /status HTTP/3.0\r\n\r\n", 400),
    ("TLS", "\u{16}\u{3}\u{1}\0\u{5}hello\r\n\r\n", 400),
    ("zeros", "\0\0\0\0\r\n\r\n", 400),
    (
        "a space in a name",
        "GET /status HTTP/1.1\r\nHo st: a\r\n\r\n",
        400,
    ),
    ("no colon", "GET /status HTTP/1.1\r\nHost\r\n\r\n", 400),
    (
        "a folded line",
        "GET /status HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        400,
    ),
    (
        "two lengths",
        "POST /inv HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        400,
    ),
    (
        "no length",
        "POST /inv HTTP/1.1\r\nContent-Length: x\r\n\r\n{}",
        400,
    ),
    (
        "a negative length",
        "POST /inv HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}",
        400,
    ),
    (
        "a signed length",
        "POST /inv HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}",
        400,
    ),
    (
        "a length beyond numbers",
        "POST /inv HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n{}",
        400,
    ),
    (
        "an unknown encoding",
        "POST /inv HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        400,
    ),
    (
        "a length just below",
        "POST /inv HTTP/1.1\r\nContent-Length: 18446744073709551614\r\n\r\n{}",
        431,
    ),
];

/// What is read, and the status of each answer, which is JSON.
const READABLE: &[(&str, &str, &[u16])] = &[
    (
        "a method of no path",
        "BREW /money HTTP/1.1\r\nConnection: close\r\n\r\n",
        &[405],
    ),
    (
        "CONNECT",
        "CONNECT evil.example:80 HTTP/1.1\r\n\r\n",
        &[403],
    ),
    (
        "TRACE",
        "TRACE /inv HTTP/1.1\r\nConnection: close\r\n\r\n",
        &[405],
    ),
    (
        "a foreign Host",
        "GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        &[403],
    ),
    (
        "a strange Host",
        "GET /status HTTP/1.1\r\nHost: 127.0.0.1@evil.example:\u{e9}/\r\nConnection: close\r\n\r\n",
        &[403],
    ),
    (
        "two Hosts",
        "GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        &[403],
    ),
    (
        "no Host",
        "GET /status HTTP/1.1\r\nConnection: close\r\n\r\n",
        &[200],
    ),
    ("HTTP/1.0", "GET /status HTTP/1.0\r\n\r\n", &[200]),
    (
        "HTTP/1.0 with a body",
        "POST /inv HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
        &[400],
    ),
    (
        "line feeds alone",
        "GET /status HTTP/1.1\nConnection: close\n\n",
        &[200],
    ),
    (
        "no body",
        "POST /inv HTTP/1.1\r\nConnection: close\r\n\r\n",
        &[400],
    ),
    (
        "pipelined",
        "GET /status HTTP/1.1\r\n\r\nPOST /inv HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /no HTTP/1.1\r\n\r\n\
         GET /getpeers HTTP/1.1\r\nConnection: close\r\n\r\nGET /status HTTP/1.1\r\n\r\n",
        &[200, 400, 404, 200],
    ),
    (
        "a body that is a request",
        "POST /inv HTTP/1.1\r\nContent-Length: 28\r\nConnection: close\r\n\r\nGET /status HTTP/1.1\r\nA: b\r\n\r\n",
        &[400],
    ),
    (
        "both lengths",
        "POST /inv HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\n{}\r\n0\r\n\r\nGET /status HTTP/1.1\r\nConnection: close\r\n\r\n",
        &[400],
    ),
    (
        "a chunk without a size",
        "POST /inv HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n",
        &[400],
    ),
    (
        "a chunk of more than there is",
        "POST /inv HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n",
        &[400],
    ),
];

/// The status and the body of every answer in what came back.
fn answers(mut bytes: &str) -> Vec<(u16, &str)> {
    let mut answers = Vec::new();
    while let Some((head, rest)) = bytes.split_once("\r\n\r\n") {
        let length = head.split_once("Content-Length: ").unwrap().1;
        let length = length.lines().next().unwrap().parse().unwrap();
        answers.push((head[9..12].parse().unwrap(), &rest[..length]));
        bytes = &rest[length..];
    }
    assert_eq!(bytes, "");
    answers
}

#[test]
fn requests_that_are_none_or_strange() {
    let t = Unmoved::start("");
    let long = "x".repeat(100_000);
    let many: String = (0..200).map(|n| format!("A{n}: b\r\n")).collect();
    let large = [
        ("a long path", format!("GET /{long} HTTP/1.1\r\n\r\n")),
        (
            "a long header",
            format!("GET /status HTTP/1.1\r\nA: {long}\r\n\r\n"),
        ),
        (
            "many headers",
            format!("GET /status HTTP/1.1\r\n{many}\r\n"),
        ),
    ];
    let large = large.iter().map(|(title, bytes)| (*title, &**bytes, 431));
    for (title, bytes, status) in UNREADABLE.iter().copied().chain(large) {
        let got = t.node.raw(bytes.as_bytes());
        assert_eq!(answers(&got), [(status, "")], "{title}");
    }
    for (title, bytes, statuses) in READABLE {
        let got = t.node.raw_and_end(bytes.as_bytes());
        let got = answers(&got);
        let status = |(status, _): &(u16, &str)| *status;
        assert_eq!(
            got.iter().map(status).collect::<Vec<_>>(),
            *statuses,
            "{title}"
        );
        for (status, body) in got {
            let body: Value = serde_json::from_str(body).unwrap();
            let errcode = Some(status).filter(|status| *status != 200);
            assert_eq!(body["errcode"].as_u64(), errcode.map(u64::from), "{title}");
        }
    }
}

#[test]
fn nonsense_about_who_asks_adds_nobody() {
    let t = Unmoved::start("");
    let hex = "0".repeat(64);
    for header in [
        "Peer-Port: 0",
        "Peer-Port: -1",
        "Peer-Port: +80",
        "Peer-Port: 65536",
        "Peer-Port: 1e3",
        "Peer-Port: 80, 81",
        "Peer-Port: 80\r\nPeer-Port: 81",
        "Peer-Port:",
        "Peer-Port: 0x50",
        "Peer-Port: 127.0.0.1:80",
        "Peer-Port: \u{661}",
        "Peer-Address: 127.0.0.1",
        "Peer-Address: :80",
        "Peer-Address: http://127.0.0.1:80",
        "Peer-Address: 127.1:80",
        "Peer-Address: user@127.0.0.1:80",
        "Peer-Address: 127.0.0.1:0",
        "Tip: x",
        "Tip: 1",
        "Tip: -1 00",
        "Rules: x",
        "Node: \u{1f600}",
        "Node: x\r\nNode: y",
        &format!("Tip: 99999999999999999999 {hex}"),
        &format!("Tip: 9 {hex}"),
    ] {
        for (method, path) in [("GET", "/getpeers"), ("POST", "/inv")] {
            let bytes = request(method, path, &format!("{header}\r\n"), b"");
            let got = t.node.raw(&bytes);
            let status = if method == "GET" { 200 } else { 400 };
            let (answered, body) = answers(&got)[0];
            assert_eq!(answered, status, "{header}");
            assert!(
                method == "POST" || body == "{\"peers\": []}",
                "{header}: {body}"
            );
        }
    }
}

#[test]
fn clients_that_break_off_or_never_end_hold_up_nobody() {
    let t = Unmoved::start("");
    let mut held: Vec<TcpStream> = Vec::new();
    for (path, good) in good(&t.world) {
        let whole = request("POST", path, "", good.as_bytes());
        let chunked =
            format!("POST {path} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{{\"x\"");
        for bytes in [
            &whole[..1],
            &whole[..20],
            &whole[..whole.len() - good.len()],
            &whole[..whole.len() - 1],
            chunked.as_bytes(),
        ] {
            for ending in ["held", "half closed", "closed", "reset"] {
                let mut stream = t.node.connect();
                stream.write_all(bytes).unwrap();
                match ending {
                    "held" => held.push(stream),
                    "half closed" => {
                        stream.shutdown(Shutdown::Write).unwrap();
                        let mut got = String::new();
                        stream.read_to_string(&mut got).unwrap();
                        assert!(!got.contains(" 200 "), "{path}: {got}");
                    }
                    "reset" => {
                        // Closed with its answer unread, the connection is reset.
                        stream.write_all(b"\0\r\n\r\n").unwrap();
                    }
                    _ => {}
                }
            }
        }
    }
    // Connections that say nothing, and one that takes nothing of its many answers.
    held.extend((0..100).map(|_| t.node.connect()));
    let mut greedy = t.node.connect();
    greedy
        .write_all("GET /getblocks HTTP/1.1\r\n\r\n".repeat(1_000).as_bytes())
        .unwrap();
    t.check();
    drop((held, greedy));
}
