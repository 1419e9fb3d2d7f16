//! Compression: for those who ask, and the same text for all.

use axum::body::{HttpBody, to_bytes};
use axum::http::{HeaderMap, Request};
use axum::{Router, body::Body};
use flate2::read::GzDecoder;
use plugcoin_http::limits::{COMPRESSED_BYTES_MIN, COMPRESSIONS_MAX};
use plugcoin_http::{Settings, Unavailable, router};
use plugcoin_sdk::ledger::Hash;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::support::{Double, Running, Transcript, answer, get, request, with};

const LEVELS: usize = 200;

/// A chain of blocks whose texts are hashes, as those of true ones mostly are; two texts have their
/// lengths on either side of the bound, and one is very long.
fn chain() -> Double {
    let mut double = Double::default();
    let mut levels = Vec::new();
    for nr in 0..LEVELS {
        let hashes = (0..50).map(|n| Hash::of(&format!("{nr} {n}")).to_string());
        let text = hashes.collect::<String>();
        double.texts.insert(name(nr), Ok(text.into_bytes()));
        levels.push(vec![name(nr)]);
    }
    double.levels = Ok(Some(levels));
    let min = usize::try_from(COMPRESSED_BYTES_MIN).unwrap();
    for (name, bytes) in [("short", min - 1), ("long", min), ("longest", 1 << 20)] {
        let text = vec![b'0'; bytes];
        double.texts.insert(Hash::of(name), Ok(text));
    }
    double
}

fn name(nr: usize) -> Hash {
    Hash::of(&format!("block {nr}"))
}

fn block(name: &str) -> String {
    format!("/getdata?id={}", Hash::of(name))
}

fn node() -> Router {
    router(Arc::new(chain()), Settings::default())
}

fn asking(path: &str, encodings: &str) -> Request<Body> {
    with(get(path), "accept-encoding", encodings.as_bytes())
}

async fn ask(app: &Router, request: Request<Body>) -> (HeaderMap, Vec<u8>) {
    let response = answer(app, request).await;
    assert_eq!(response.status(), 200);
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (parts.headers, body.into())
}

fn decompressed(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    text
}

#[tokio::test]
async fn who_asks_gets_the_same_text_compressed() {
    let app = node();
    let id = name(7);
    for path in [
        "/getblocks",
        &format!("/getblocks?id={id}"),
        "/getblocks?nr=1&limit=3",
        "/getblocks?nr=0",
        &format!("/getdata?id={id}"),
        &block("long"),
        &block("longest"),
    ] {
        let (_, plain) = ask(&app, get(path)).await;
        for encodings in [
            "gzip",
            "GZip",
            "br;q=1.0, gzip;q=0.8, *;q=0",
            "deflate,gzip",
        ] {
            let (headers, body) = ask(&app, asking(path, encodings)).await;
            assert_eq!(headers["content-encoding"], "gzip", "{path} {encodings}");
            assert_eq!(headers["vary"], "accept-encoding", "{path} {encodings}");
            assert!(!headers.contains_key("content-length"), "{path}");
            assert!(body.len() < plain.len() * 2 / 3, "{path}: {}", body.len());
            assert!(decompressed(&body) == plain, "{path} {encodings}");
        }
    }
}

#[tokio::test]
async fn who_does_not_ask_gets_it_as_it_is() {
    let app = node();
    for path in ["/getblocks", "/getblocks?nr=0&limit=9", &block("longest")] {
        let (expected, plain) = ask(&app, get(path)).await;
        assert!(!expected.contains_key("vary"));
        for encodings in [
            "",
            "*",
            "*;q=0",
            "identity",
            "br, zstd",
            "gzip;q=0",
            "gzip; q=0.000",
            "gzip;q=0, identity;q=0",
            "gzip;q=much",
            "gzip;q=NaN",
            "gzip;level=9",
            "gzip;q=0.5, identity",
            "gzipped",
        ] {
            let (headers, body) = ask(&app, asking(path, encodings)).await;
            assert_eq!(headers, expected, "{path} {encodings}");
            assert!(body == plain, "{path} {encodings}");
        }
    }
}

#[tokio::test]
async fn what_is_short_stays_as_it_is() {
    let app = node();
    for path in [&block("short"), "/getpeers", "/getblocks?nr=1000"] {
        let plain = ask(&app, get(path)).await;
        assert_eq!(ask(&app, asking(path, "gzip")).await, plain, "{path}");
    }
    let mut t = Transcript::default();
    t.ask("asking for gzip", chain(), asking("/getdata", "gzip"))
        .await;
    t.check("compression");
}

#[tokio::test]
async fn head_tells_what_get_would() {
    let app = node();
    for path in ["/getblocks", &block("longest"), &block("short")] {
        let head = with(request("HEAD", path, ""), "accept-encoding", b"gzip");
        let (headers, body) = ask(&app, head).await;
        let (expected, _) = ask(&app, asking(path, "gzip")).await;
        assert_eq!(headers, expected, "{path}");
        assert!(body.is_empty());
    }
}

#[tokio::test]
async fn so_many_are_compressed_at_once_and_further_ones_sent_as_they_are() {
    let app = node();
    let is_compressed = async || {
        let response = answer(&app, asking("/getblocks?nr=0", "gzip")).await;
        response.headers().contains_key("content-encoding")
    };
    let mut unread = Vec::new();
    for _ in 0..COMPRESSIONS_MAX {
        // A page, since whole chains have a bound of their own.
        let response = answer(&app, asking("/getblocks?nr=0", "gzip")).await;
        assert!(response.headers().contains_key("content-encoding"));
        unread.push(response);
    }
    assert!(!is_compressed().await);
    unread.pop();
    assert!(is_compressed().await);
}

#[tokio::test]
async fn others_have_the_thread_after_every_chunk() {
    let response = answer(&node(), asking(&block("longest"), "gzip")).await;
    let mut body = response.into_body();
    let mut cx = Context::from_waker(Waker::noop());
    let mut pauses = 0;
    loop {
        match Pin::new(&mut body).poll_frame(&mut cx) {
            Poll::Ready(Some(frame)) => assert!(frame.is_ok()),
            Poll::Ready(None) => break,
            Poll::Pending => pauses += 1,
        }
    }
    assert_eq!(pauses, (1 << 20) / (64 << 10));
}

#[tokio::test]
async fn a_fault_on_the_way_breaks_a_compressed_answer_off_too() {
    let mut double = chain();
    double.texts.insert(name(150), Err(Unavailable::Fault));
    let node = Running::start(double, Settings::default()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/getblocks", node.at);
    let request = client.get(url).header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.bytes().await.is_err());
}
