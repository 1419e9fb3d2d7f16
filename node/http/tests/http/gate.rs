//! Web pages must not drive a node.

use axum::Router;
use plugcoin_http::{Settings, router};
use std::sync::Arc;

use crate::support::{Double, Transcript, answer, get, post, with};

fn node(advertise: Option<&str>) -> (Arc<Double>, Router) {
    let double = Arc::new(Double::default());
    let settings = Settings {
        advertise: advertise.map(|text| text.parse().unwrap()),
        ..Settings::default()
    };
    (double.clone(), router(double, settings))
}

async fn asked(app: &Router, headers: &[(&str, &str)]) -> u16 {
    let request = headers
        .iter()
        .fold(get("/getpeers"), |request, (name, value)| {
            with(request, name, value.as_bytes())
        });
    answer(app, request).await.status().as_u16()
}

#[tokio::test]
async fn a_host_is_an_address_or_localhost_or_the_advertised_name() {
    let (_, app) = node(Some("node.example.org:6000"));
    for host in [
        "127.0.0.1:6000",
        "127.0.0.1",
        "192.0.2.1:6000",
        "[::1]:6000",
        "[2001:db8::1]",
        "localhost:6000",
        "LocalHost",
        "node.example.org:6000",
        "NODE.example.org",
        "node.example.org:80",
    ] {
        assert_eq!(asked(&app, &[("host", host)]).await, 200, "{host}");
    }
    for host in [
        "evil.example.org",
        "evil.example.org:6000",
        "node.example.org.evil.org",
        "localhost.evil.org",
        "127.0.0.1.evil.org",
        "127.0.0.1@evil.org",
        "evil.org@evil.org:1",
        "0x7f.1",
        "localhost.",
        "",
        "a b",
        "\u{e9}",
        "[::1",
    ] {
        assert_eq!(asked(&app, &[("host", host)]).await, 403, "{host}");
    }
    let two = [("host", "127.0.0.1"), ("host", "evil.org")];
    assert_eq!(asked(&app, &two).await, 403);
    // An old client of HTTP/1.0 sends none; a browser always sends one.
    assert_eq!(asked(&app, &[]).await, 200);
    let absolute = answer(&app, get("http://evil.org/getpeers")).await;
    assert_eq!(absolute.status(), 403);
    let absolute = answer(&app, get("http://127.0.0.1:6000/getpeers")).await;
    assert_eq!(absolute.status(), 200);
    let (_, app) = node(None);
    assert_eq!(asked(&app, &[("host", "node.example.org:6000")]).await, 403);
}

#[tokio::test]
async fn an_origin_is_this_node_itself() {
    let (_, app) = node(Some("node.example.org:6000"));
    for (host, origin) in [
        ("127.0.0.1:6000", "http://127.0.0.1:6000"),
        ("localhost:6000", "http://localhost:6000"),
        ("localhost:6000", "http://127.0.0.1:6000"),
        ("[::1]:6000", "http://[::1]:6000"),
        ("192.0.2.1:6000", "http://192.0.2.1:6000"),
        ("node.example.org", "https://node.example.org"),
        ("192.0.2.1:6000", "http://Node.Example.org:6000"),
    ] {
        let headers = [("host", host), ("origin", origin)];
        assert_eq!(asked(&app, &headers).await, 200, "{origin} at {host}");
    }
    for (host, origin) in [
        ("127.0.0.1:6000", "http://evil.org"),
        ("127.0.0.1:6000", "http://evil.org:6000"),
        ("127.0.0.1:6000", "http://127.0.0.1:6001"),
        ("127.0.0.1:6000", "http://127.0.0.1"),
        ("127.0.0.1:6000", "http://192.0.2.9:6000"),
        ("192.0.2.1:6000", "http://localhost:6000"),
        ("127.0.0.1:6000", "null"),
        ("127.0.0.1:6000", ""),
        ("127.0.0.1:6000", "127.0.0.1:6000"),
        ("127.0.0.1:6000", "http://127.0.0.1:6000@evil.org"),
        ("127.0.0.1:6000", "file://"),
        ("127.0.0.1:6000", "\u{e9}"),
    ] {
        let headers = [("host", host), ("origin", origin)];
        assert_eq!(asked(&app, &headers).await, 403, "{origin} at {host}");
    }
    // Without a Host there is nothing that an Origin could be.
    assert_eq!(asked(&app, &[("origin", "http://127.0.0.1")]).await, 403);
    let two = [
        ("host", "127.0.0.1"),
        ("origin", "http://127.0.0.1"),
        ("origin", "http://evil.org"),
    ];
    assert_eq!(asked(&app, &two).await, 403);
}

#[tokio::test]
async fn what_is_shut_out_reaches_nothing() {
    let (double, app) = node(None);
    let request = post("/money", r#"{"to": "eve","sum": 2}"#);
    let request = with(request, "origin", b"http://evil.org");
    let request = with(request, "peer-port", b"6001");
    assert_eq!(answer(&app, request).await.status(), 403);
    assert!(double.asked().is_empty() && double.introduced.lock().unwrap().is_empty());

    let mut t = Transcript::default();
    let request = with(get("/getpeers"), "origin", b"http://evil.org");
    t.ask("origin", Double::default(), request).await;
    let request = with(get("/nowhere"), "host", b"evil.org");
    t.ask("host", Double::default(), request).await;
    t.check("gate");
}
