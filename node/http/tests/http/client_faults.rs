//! The default transport against peers that are none.

use plugcoin_http::{HttpOptions, HttpTransport};
use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerReply, PeerRequest, Transport};
use plugcoin_sdk::ledger::{Address, Hash};
use plugcoin_sdk::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{PATIENCE, Transcript, Wire, block};

/// A peer that reads a request's head and then does what it likes; counts its callers.
async fn peer<F>(then: impl Fn(TcpStream) -> F + Send + 'static) -> (Address, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let callers = Arc::new(AtomicUsize::new(0));
    let count = callers.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut wire = Wire(stream);
            wire.read_until("\r\n\r\n").await;
            tokio::spawn(then(wire.0));
        }
    });
    (Address::new(at.ip(), at.port()), callers)
}

/// A peer that answers these bytes and closes.
async fn saying(bytes: impl Into<Vec<u8>>) -> Address {
    let bytes: Arc<[u8]> = bytes.into().into();
    let then = move |mut stream: TcpStream| {
        let bytes = bytes.clone();
        async move {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            // What the client still sends would reset the connection otherwise.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    };
    peer(then).await.0
}

/// A peer that answers this status and this body with its length.
async fn answering(status: &str, body: &str) -> Address {
    saying(format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await
}

async fn ask_within(ms: u64, to: &Address, request: PeerRequest) -> Result<PeerReply, Error> {
    let options = HttpOptions {
        timeout_ms: ms,
        page_timeout_ms: ms,
        ..HttpOptions::default()
    };
    let transport = HttpTransport::new(&options).unwrap();
    let me = Contact {
        port: Some(6001),
        ..Contact::default()
    };
    timeout(PATIENCE, transport.call(to, &me, request))
        .await
        .unwrap()
}

async fn ask(to: &Address, request: PeerRequest) -> Result<PeerReply, Error> {
    ask_within(15_000, to, request).await
}

/// The error of an answer that is none, without the port.
async fn fault(to: &Address, request: PeerRequest) -> String {
    let error = ask(to, request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Peer);
    error.to_string().replace(&to.to_string(), "PEER")
}

fn page() -> PeerRequest {
    PeerRequest::Page { nr: 0, limit: 2 }
}

fn post() -> PeerRequest {
    PeerRequest::PostBlock(block("C"))
}

#[tokio::test]
async fn answers_that_are_none_are_errors_that_name_the_peer_and_the_fault() {
    let hash = Hash::of("x");
    let block = || PeerRequest::Block(hash);
    let nested = format!("{{\"a\": {}", "[".repeat(100_000));
    let endless = format!(
        "{{\"errcode\": 400,\"errmsg\": \"{}\"}}",
        "x".repeat(70_000)
    );
    let mut t = Transcript::default();
    for (title, status, body, request) in [
        ("no JSON", "200 OK", "<html>", PeerRequest::Peers),
        ("empty", "200 OK", "", PeerRequest::Peers),
        ("an array", "200 OK", "[[\"a\"]]", PeerRequest::Peers),
        (
            "other keys",
            "200 OK",
            "{\"chain\": []}",
            PeerRequest::Peers,
        ),
        (
            "other types",
            "200 OK",
            "{\"peers\": [1]}",
            PeerRequest::Peers,
        ),
        ("not found", "404 Not Found", "", PeerRequest::Peers),
        (
            "busy",
            "503 Service Unavailable",
            "{\"errcode\": 503,\"errmsg\": \"later\\u0007!\"}",
            page(),
        ),
        (
            "forbidden",
            "403 Forbidden",
            "{\"errcode\": 403,\"errmsg\": \"no\"}",
            PeerRequest::Plugins,
        ),
        ("half a chain", "200 OK", "{\"chain\": [[{}],[{}", page()),
        ("an empty level", "200 OK", "{\"chain\": [[]]}", page()),
        (
            "a level that is none",
            "200 OK",
            "{\"chain\": [{}]}",
            page(),
        ),
        (
            "more levels than asked",
            "200 OK",
            "{\"chain\": [[1],[2],[3]]}",
            page(),
        ),
        (
            "a page not found",
            "404 Not Found",
            "{\"errcode\": 404,\"errmsg\": \"what?\"}",
            page(),
        ),
        ("a block that is no object", "200 OK", "7", block()),
        ("half a block", "200 OK", "{\"nr\": ", block()),
        ("plugins too deep", "200 OK", &nested, PeerRequest::Plugins),
        ("posted, no content", "204 No Content", "", post()),
        ("posted, something else", "200 OK", "{\"ok\": true}", post()),
        (
            "posted, a page of a proxy",
            "400 Bad Request",
            "<html>",
            post(),
        ),
        (
            "posted, faulty",
            "500 Internal Server Error",
            "{\"errcode\": 500,\"errmsg\": \"oh\"}",
            post(),
        ),
        (
            "posted, timed out",
            "408 Request Timeout",
            "{\"errcode\": 408,\"errmsg\": \"oh\"}",
            post(),
        ),
        ("posted, redirected", "302 Found", "", post()),
        ("posted, endless words", "400 Bad Request", &endless, post()),
    ] {
        let to = answering(status, body).await;
        t.line(&format!("{title}: {}", fault(&to, request).await));
    }
    for (title, bytes, request) in [
        ("no HTTP", &b"hello\r\n\r\n"[..], PeerRequest::Peers),
        ("nothing", b"", PeerRequest::Peers),
        (
            "half a head",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            PeerRequest::Peers,
        ),
        (
            "no UTF-8",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{\xff}",
            PeerRequest::Peers,
        ),
        (
            "a length too long",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"peers\": []}",
            PeerRequest::Peers,
        ),
        (
            "a length too short",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"peers\": []}",
            PeerRequest::Peers,
        ),
        (
            "a length over the bound",
            b"HTTP/1.1 200 OK\r\nContent-Length: 524289\r\n\r\n{",
            PeerRequest::Peers,
        ),
        (
            "a length that is none",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
            PeerRequest::Peers,
        ),
        (
            "chunks that break off",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"pe",
            page(),
        ),
        (
            "chunks that are none",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            page(),
        ),
    ] {
        let to = saying(bytes).await;
        t.line(&format!("{title}: {}", fault(&to, request).await));
    }
    t.check("client_faults");
}

#[tokio::test]
async fn an_answer_without_end_is_left_at_the_bound() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (request, bytes_max) in [
        (PeerRequest::Peers, 512 << 10),
        (PeerRequest::Plugins, 1 << 20),
        (PeerRequest::Block(Hash::of("x")), 2 << 20),
        (page(), 4 << 20),
        (post(), 64 << 10),
    ] {
        let endless = move |mut stream: TcpStream| async move {
            let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
        };
        let (to, _) = peer(endless).await;
        let error = fault(&to, request).await;
        let expected =
            format!("the peer's answer is too long (peer PEER, bytes at most {bytes_max})");
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn a_head_without_end_is_left() {
    let endless = |mut stream: TcpStream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream
            .write_all(b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")
            .await
            .is_ok()
        {}
    };
    let (to, _) = peer(endless).await;
    assert!(fault(&to, PeerRequest::Peers).await.contains("PEER"));
}

#[tokio::test]
async fn a_peer_that_is_slow_or_silent_is_left_in_time() {
    let slow = |mut stream: TcpStream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await;
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(10));
        while stream.write_all(b"1\r\n \r\n").await.is_ok() {
            tick.tick().await;
        }
    };
    let silent = |stream: TcpStream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    };
    let (slow, _) = peer(slow).await;
    let (silent, _) = peer(silent).await;
    for to in [slow, silent] {
        for request in [PeerRequest::Peers, page(), post()] {
            let error = ask_within(100, &to, request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Peer);
            assert_eq!(error.message(), "the peer did not answer in time");
        }
    }
}

#[tokio::test]
async fn an_answer_may_come_byte_by_byte() {
    let bytewise = |mut stream: TcpStream| async move {
        stream.set_nodelay(true).unwrap();
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        for byte in "{\"chain\": [[{\"a\": 1},2],[{ }]]}".chars() {
            let chunk = format!("1\r\n{byte}\r\n");
            stream.write_all(chunk.as_bytes()).await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    };
    let (to, _) = peer(bytewise).await;
    let reply = ask(&to, page()).await.unwrap();
    let blocks = vec!["{\"a\": 1}".to_owned(), "{ }".to_owned()];
    assert_eq!(reply.answer, PeerAnswer::Blocks(blocks));
    assert_eq!(reply.contact, Contact::default());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, callers) = peer(|_| async {}).await;
    for status in ["301", "302", "303", "307", "308"] {
        let to = saying(format!(
            "HTTP/1.1 {status} Away\r\nLocation: http://{elsewhere}/getpeers\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        for request in [PeerRequest::Peers, page(), post()] {
            assert_eq!(ask(&to, request).await.unwrap_err().kind(), ErrorKind::Peer);
        }
    }
    assert_eq!(callers.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn odd_headers_of_an_answer_are_ignored() {
    let to = saying(
        "HTTP/1.1 200 OK\r\nTip: x\r\nRules: \u{e9}\r\nNode: \r\nPeer-Port: 9\r\n\
         Peer-Address: 192.0.2.1:9\r\nContent-Encoding: gzip\r\nContent-Length: 13\r\n\r\n{\"peers\": []}",
    )
    .await;
    let reply = ask(&to, PeerRequest::Peers).await.unwrap();
    assert_eq!(reply.contact, Contact::default());
    assert_eq!(reply.answer, PeerAnswer::Peers(Vec::new()));
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_an_error_that_names_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let to = Address::new(at.ip(), at.port());
    let error = ask(&to, PeerRequest::Peers).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Peer);
    let words = error.to_string();
    let expected = format!("the peer can't be reached (peer {to})");
    assert!(words.starts_with(&expected), "{words}");
}

#[tokio::test]
async fn a_name_that_is_another_spelling_of_an_ip_address_is_not_called() {
    let (to, callers) = peer(|_| async {}).await;
    for name in ["0x7f.0x0.0x0.0x1", "0x7f000001", "127.0x1"] {
        let Ok(odd) = format!("{name}:{}", to.port()).parse::<Address>() else {
            continue;
        };
        let error = ask(&odd, PeerRequest::Peers).await.unwrap_err();
        assert_eq!(error.message(), "the peer's address is none");
    }
    assert_eq!(callers.load(Ordering::SeqCst), 0);
}
