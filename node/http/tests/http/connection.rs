//! Connections: slow, idle, old, greedy and broken clients, over real sockets.

use plugcoin_http::Settings;
use plugcoin_sdk::ledger::Hash;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Double, PATIENCE, Running, Transcript, Wire, block, transaction};

/// Bounds so short that a test can wait for them.
fn short() -> Settings {
    Settings {
        header_ms: 100,
        request_ms: 100,
        stall_ms: 100,
        shutdown_ms: 100,
        ..Settings::default()
    }
}

async fn start(settings: Settings) -> (Running, Wire) {
    let node = Running::start(Double::default(), settings).await;
    let wire = node.connect().await;
    (node, wire)
}

#[tokio::test]
async fn the_bytes_on_the_wire() {
    let mut t = Transcript::default();
    for (title, sent) in [
        (
            "HTTP/1.1",
            "GET /getpeers HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        ),
        ("HTTP/1.0", "GET /getpeers HTTP/1.0\r\n\r\n"),
        (
            "HEAD",
            "HEAD /getpeers HTTP/1.1\r\nConnection: close\r\n\r\n",
        ),
        (
            "absolute",
            "GET http://127.0.0.1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        ),
        (
            "CONNECT",
            "CONNECT evil.org:80 HTTP/1.1\r\nHost: evil.org:80\r\nConnection: close\r\n\r\n",
        ),
        (
            "asterisk",
            "OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n",
        ),
        (
            "pipelined",
            "GET /getpeers HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\nGET /status HTTP/1.1\r\nConnection: close\r\n\r\n",
        ),
        ("no HTTP", "hello\r\n\r\n"),
        (
            "two lengths",
            "POST /inv HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ),
        ("HTTP/2 by knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ] {
        let (_node, mut wire) = start(Settings::default()).await;
        wire.send(sent).await;
        t.line(&format!("=== {title}"));
        t.line(&wire.read_to_end().await.replace('\r', ""));
    }
    t.check("wire");
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    for begun in ["", "GET /getpe", "GET /getpeers HTTP/1.1\r\nHost: a"] {
        let (_node, mut wire) = start(short()).await;
        wire.send(begun).await;
        assert_eq!(wire.read_to_end().await, "", "{begun}");
    }
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let (_node, mut wire) = start(short()).await;
    wire.send("GET /getpeers HTTP/1.1\r\n\r\n").await;
    assert!(
        wire.read_until("]}")
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );
    assert_eq!(wire.read_to_end().await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_timed_out_in_the_error_form() {
    let (node, mut wire) = start(short()).await;
    wire.send("POST /inv HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
        .await;
    let got = wire.read_to_end().await;
    assert!(got.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{got}");
    assert!(got.ends_with(
        r#"{"errcode": 408,"errmsg": "the request was not received and answered within 100 ms"}"#
    ));
    assert!(node.double.asked().is_empty());
}

#[tokio::test]
async fn a_body_that_breaks_off_reaches_nothing() {
    let (node, mut wire) = start(Settings::default()).await;
    let text = transaction().text().to_owned();
    let head = format!(
        "POST /inv HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
        text.len() + 1
    );
    wire.send(&format!("{head}{text}")).await;
    wire.0.shutdown().await.unwrap();
    let got = wire.read_to_end().await;
    assert!(!got.contains(" 200 "), "{got}");
    assert!(node.double.asked().is_empty());
}

#[tokio::test]
async fn a_client_that_closes_its_side_gets_its_answer() {
    for version in ["1.0", "1.1"] {
        let (_node, mut wire) = start(Settings::default()).await;
        wire.send(&format!("GET /getpeers HTTP/{version}\r\n\r\n"))
            .await;
        wire.0.shutdown().await.unwrap();
        let got = wire.read_to_end().await;
        assert!(got.ends_with("{\"peers\": [\"127.0.0.1:6000\"]}"), "{got}");
    }
}

#[tokio::test]
async fn a_body_may_come_in_pieces() {
    let (node, mut wire) = start(Settings::default()).await;
    wire.send("POST /block HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        .await;
    for byte in block("C").text().chars() {
        wire.send(&format!("1\r\n{byte}\r\n")).await;
    }
    wire.send("0\r\n\r\n").await;
    let got = wire.read_to_end().await;
    assert!(got.contains("HTTP/1.1 200 OK\r\n"), "{got}");
    assert_eq!(node.double.asked(), ["block 1 from 127.0.0.1"]);
}

#[tokio::test]
async fn a_body_that_is_too_large_gets_its_answer_though_it_is_not_read() {
    let filler = " ".repeat(3 << 20);
    let whole = format!("Content-Length: {}\r\n\r\n{filler}", filler.len());
    let chunked = format!(
        "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{filler}\r\n0\r\n\r\n",
        filler.len()
    );
    for rest in [whole, chunked] {
        let (_node, mut wire) = start(Settings::default()).await;
        wire.send("POST /block HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            .await;
        wire.send(&rest).await;
        let got = wire.read_to_end().await;
        assert!(
            got.starts_with("HTTP/1.1 413 Payload Too Large\r\n"),
            "{got}"
        );
        assert!(got.contains("\r\nTip: 7 "), "{got}");
        assert!(got.ends_with(
            r#"{"errcode": 413,"errmsg": "the body is over 2097152 bytes, which is the most this path takes"}"#
        ));
    }
}

#[tokio::test]
async fn long_bodies_share_their_memory_and_short_ones_need_none() {
    let node = Running::start(Double::default(), Settings::default()).await;
    let half = format!(
        "POST /block HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}",
        2 << 20,
        " ".repeat((2 << 20) - 1)
    );
    let mut held = JoinSet::new();
    for _ in 0..17 {
        let mut wire = node.connect().await;
        wire.send(&half).await;
        held.spawn(async move { wire.read_until("}").await });
    }
    // There is room for all but one of them, whichever it is.
    let full = held.join_next();
    let full = tokio::time::timeout(PATIENCE, full).await.unwrap();
    let full = full.unwrap().unwrap();
    assert!(full.starts_with("HTTP/1.1 503 "), "{full}");
    let short = [
        ("/inv", transaction().text().to_owned()),
        ("/block", block("C").text().to_owned()),
    ];
    for (path, text) in short {
        let mut wire = node.connect().await;
        let length = text.len();
        wire.send(&format!(
            "POST {path} HTTP/1.1\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        ))
        .await;
        let got = wire.read_to_end().await;
        assert!(got.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {got}");
    }
    held.shutdown().await;
    let long = async || {
        let mut wire = node.connect().await;
        wire.send(&half).await;
        wire.send(" ").await;
        wire.read_until("}").await
    };
    let free = async { while long().await.starts_with("HTTP/1.1 503 ") {} };
    tokio::time::timeout(PATIENCE, free).await.unwrap();
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_need_not_be_sent() {
    let (_node, mut wire) = start(Settings::default()).await;
    wire.send(
        "POST /inv HTTP/1.1\r\nContent-Length: 9000000000000\r\nExpect: 100-continue\r\n\r\n",
    )
    .await;
    let got = wire.read_until("}").await;
    assert!(
        got.starts_with("HTTP/1.1 413 Payload Too Large\r\n"),
        "{got}"
    );
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_to_go_on_is_told() {
    let (_node, mut wire) = start(Settings::default()).await;
    let text = transaction().text().to_owned();
    let head = format!(
        "POST /inv HTTP/1.1\r\nContent-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        text.len()
    );
    wire.send(&head).await;
    assert_eq!(
        wire.read_until("\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    wire.send(&text).await;
    assert!(wire.read_to_end().await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_head_has_its_bound() {
    let (_node, mut wire) = start(Settings::default()).await;
    let long = "x".repeat(64 << 10);
    wire.send(&format!("GET /getpeers HTTP/1.1\r\nX: {long}\r\n\r\n"))
        .await;
    let got = wire.read_to_end().await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
}

#[tokio::test]
async fn who_has_waited_longest_makes_room_for_the_next() {
    let settings = Settings {
        connections_max: 3,
        ..Settings::default()
    };
    let (node, mut silent) = start(settings).await;
    // Each is there for certain before the next comes.
    let mut half = node.connect().await;
    half.send("GET /getpeers HTTP/1.1\r\n\r\n").await;
    half.read_until("]}").await;
    half.send("POST /inv HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        .await;
    half.read_until("100 Continue\r\n\r\n").await;
    let mut idle = node.connect().await;
    idle.send("GET /getpeers HTTP/1.1\r\n\r\n").await;
    idle.read_until("]}").await;
    let mut next = Vec::new();
    for gone in [&mut silent, &mut half] {
        let mut wire = node.connect().await;
        wire.send("GET /getpeers HTTP/1.1\r\n\r\n").await;
        wire.read_until("]}").await;
        assert_eq!(gone.read_to_end().await, "");
        next.push(wire);
    }
    // What is left is served on.
    for wire in next.iter_mut().chain([&mut idle]) {
        wire.send("GET /getpeers HTTP/1.1\r\n\r\n").await;
        wire.read_until("]}").await;
    }
}

#[tokio::test]
async fn who_is_being_answered_makes_no_room() {
    let settings = Settings {
        connections_max: 1,
        ..Settings::default()
    };
    let double = Double {
        permits: Semaphore::new(0),
        ..Double::default()
    };
    let node = Running::start(double, settings).await;
    let mut first = node.connect().await;
    first.send("GET /status HTTP/1.1\r\n\r\n").await;
    node.double.began.acquire().await.unwrap().forget();
    let mut second = node.connect().await;
    second
        .send("GET /getpeers HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await;
    node.double.permits.add_permits(1);
    first.read_until("{\"height\": 7}").await;
    // Only now that it waits for another request.
    assert!(second.read_to_end().await.ends_with("]}"));
    assert_eq!(first.read_to_end().await, "");
}

#[tokio::test]
async fn a_thousand_that_hold_connections_keep_nobody_out() {
    let settings = Settings {
        connections_max: 20,
        ..Settings::default()
    };
    let node = Running::start(Double::default(), settings).await;
    let begun = [
        "",
        "G",
        "GET /getpeers HTTP/1.1\r\nA: ",
        "POST /block HTTP/1.1\r\nContent-Length: 999\r\n\r\n{",
        "POST /inv HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];
    let mut held = std::collections::VecDeque::new();
    for n in 0..1_000 {
        let mut wire = node.connect().await;
        wire.send(begun[n % begun.len()]).await;
        held.push_back(wire);
        if held.len() > 100 {
            held.pop_front();
        }
        if n % 50 == 0 {
            let mut honest = node.connect().await;
            honest
                .send("GET /getpeers HTTP/1.1\r\nConnection: close\r\n\r\n")
                .await;
            assert!(honest.read_to_end().await.ends_with("]}"), "{n}");
        }
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let mut double = Double::default();
    // More than any socket buffer holds, from one block over and over.
    let text = vec![b'7'; 1 << 20];
    double.texts.insert(Hash::of("b"), Ok(text));
    double.levels = Ok(Some(vec![vec![Hash::of("b")]; 200]));
    let settings = Settings {
        streams_max: 1,
        stall_ms: 100,
        ..Settings::default()
    };
    let node = Running::start(double, settings).await;
    let mut greedy = node.connect().await;
    greedy.send("GET /getblocks HTTP/1.1\r\n\r\n").await;
    greedy.read_until("\r\n\r\n").await;
    // One chain is sent at once, so this is answered only when the other is cut off.
    let mut next = node.connect().await;
    next.send("GET /getblocks HTTP/1.1\r\n\r\n").await;
    next.read_until("\r\n\r\n").await;
}

#[tokio::test]
async fn whole_chains_wait_for_each_other_and_pages_for_none() {
    let mut double = Double::default();
    double.texts.insert(Hash::of("b"), Ok(vec![b'7'; 1 << 20]));
    double.levels = Ok(Some(vec![vec![Hash::of("b")]; 50]));
    let settings = Settings {
        streams_max: 1,
        ..Settings::default()
    };
    let node = Running::start(double, settings).await;
    let mut first = node.connect().await;
    first.send("GET /getblocks HTTP/1.1\r\n\r\n").await;
    first.read_until("\r\n\r\n").await;
    let mut second = node.connect().await;
    second
        .send("GET /getblocks HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await;
    let mut page = node.connect().await;
    page.send("GET /getblocks?nr=0 HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await;
    assert!(page.read_to_end().await.ends_with("]}\r\n0\r\n\r\n"));
    assert_eq!(
        node.double
            .asked()
            .iter()
            .filter(|asked| *asked == "All")
            .count(),
        1
    );
    drop(first);
    assert!(second.read_to_end().await.ends_with("]}\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn many_clients_at_once_are_all_answered() {
    let node = Running::start(Double::default(), Settings::default()).await;
    let ask = async || {
        let mut wire = node.connect().await;
        wire.send("GET /getpeers HTTP/1.1\r\nConnection: close\r\n\r\n")
            .await;
        wire.read_to_end().await
    };
    let all = async {
        let mut answers = 0;
        for _ in 0..50 {
            let four = tokio::join!(ask(), ask(), ask(), ask());
            for got in [four.0, four.1, four.2, four.3] {
                assert!(got.starts_with("HTTP/1.1 200 OK\r\n"));
                answers += 1;
            }
        }
        answers
    };
    assert_eq!(tokio::time::timeout(PATIENCE, all).await.unwrap(), 200);
}
