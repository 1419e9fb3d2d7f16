//! How serving ends.

use plugcoin_http::Settings;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::support::{Double, PATIENCE, Running};

fn held() -> Double {
    Double {
        permits: Semaphore::new(0),
        ..Double::default()
    }
}

#[tokio::test]
async fn it_ends_at_once_when_nothing_runs() {
    let node = Running::start(Double::default(), Settings::default()).await;
    node.stop.send(()).unwrap();
    timeout(PATIENCE, node.served)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(
        TcpStream::connect(node.at).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let node = Running::start(Double::default(), Settings::default()).await;
    let mut wire = node.connect().await;
    wire.send("GET /getpeers HTTP/1.1\r\n\r\n").await;
    wire.read_until("]}").await;
    node.stop.send(()).unwrap();
    assert_eq!(wire.read_to_end().await, "");
    timeout(PATIENCE, node.served)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_running_answer_is_finished() {
    let settings = Settings {
        shutdown_ms: 10_000,
        ..Settings::default()
    };
    let node = Running::start(held(), settings).await;
    let mut wire = node.connect().await;
    wire.send("GET /status HTTP/1.1\r\n\r\nGET /status HTTP/1.1\r\n\r\n")
        .await;
    let began = node.double.began.acquire();
    timeout(PATIENCE, began).await.unwrap().unwrap().forget();
    node.stop.send(()).unwrap();
    // Once nobody listens the connection has been told to end, or is about to be.
    while TcpStream::connect(node.at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    node.double.permits.add_permits(2);
    let got = wire.read_to_end().await;
    assert!(got.starts_with("HTTP/1.1 200 OK\r\n"), "{got}");
    assert!(got.ends_with("{\"height\": 7}"), "{got}");
    timeout(PATIENCE, node.served)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_cut_off() {
    let settings = Settings {
        shutdown_ms: 100,
        ..Settings::default()
    };
    let node = Running::start(held(), settings).await;
    let mut wire = node.connect().await;
    wire.send("GET /status HTTP/1.1\r\n\r\n").await;
    let began = node.double.began.acquire();
    timeout(PATIENCE, began).await.unwrap().unwrap().forget();
    let stopped = Instant::now();
    node.stop.send(()).unwrap();
    timeout(PATIENCE, node.served)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(stopped.elapsed() >= Duration::from_millis(100));
    assert_eq!(wire.read_to_end().await, "");
}
