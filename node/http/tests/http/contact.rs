//! What a caller says of itself, and what this node says.

use plugcoin_http::{Caller, Settings, Unavailable, router};
use plugcoin_sdk::hooks::{Contact, Tip};
use plugcoin_sdk::ledger::Hash;
use std::sync::Arc;

use crate::support::{Double, Transcript, answer, get, request, with};

/// What the node took a caller's headers for; `Peer-Port: 1` is there to have it introduced.
async fn understood(name: &str, values: &[&[u8]]) -> Contact {
    let double = Arc::new(Double::default());
    let app = router(double.clone(), Settings::default());
    let first = match name {
        "peer-port" => with(get("/getpeers"), "peer-address", b"198.51.100.1:1"),
        _ => with(get("/getpeers"), "peer-port", b"1"),
    };
    let request = values
        .iter()
        .fold(first, |request, value| with(request, name, value));
    assert_eq!(
        answer(&app, request).await.status(),
        200,
        "{name} {values:?}"
    );
    let callers = double.introduced.lock().unwrap();
    let [Caller { ip, contact }] = &callers[..] else {
        panic!("{callers:?}");
    };
    assert_eq!(ip.to_string(), "192.0.2.7");
    contact.clone()
}

#[tokio::test]
async fn headers_that_are_right_are_understood() {
    let hash = Hash::of("x");
    let contact = understood("tip", &[format!("12 {hash}").as_bytes()]).await;
    assert_eq!(contact.tip, Some(Tip { nr: 12, hash }));
    let contact = understood("rules", &[hash.to_string().as_bytes()]).await;
    assert_eq!(contact.rules, Some(hash));
    assert_eq!(
        understood("node", &[b"00ff"]).await.node.as_deref(),
        Some("00ff")
    );
    assert_eq!(understood("peer-port", &[b"6001"]).await.port, Some(6001));
    assert_eq!(understood("peer-port", &[b"65535"]).await.port, Some(65535));
    let contact = understood("peer-address", &[b"Node.example.org:80"]).await;
    assert_eq!(contact.address.unwrap().to_string(), "node.example.org:80");
}

#[tokio::test]
async fn headers_that_are_malformed_are_ignored() {
    let hash = Hash::of("x").to_string();
    let tips = [
        "",
        "1",
        "1 ",
        " ",
        "x x",
        "1  1",
        "12",
        &format!("-1 {hash}"),
        &format!("+1 {hash}"),
        &format!("18446744073709551616 {hash}"),
        &format!("1  {hash}"),
        &format!("1 {hash} 1"),
        &format!("1 {}", hash.to_uppercase()),
        &format!("1,{hash}"),
        &hash,
    ];
    for value in tips {
        assert_eq!(
            understood("tip", &[value.as_bytes()]).await.tip,
            None,
            "{value}"
        );
    }
    for value in ["", "1", &hash[1..], &hash.to_uppercase()] {
        assert_eq!(
            understood("rules", &[value.as_bytes()]).await.rules,
            None,
            "{value}"
        );
    }
    for value in ["", "xyz", "AB", "a b", &"a".repeat(65)] {
        assert_eq!(
            understood("node", &[value.as_bytes()]).await.node,
            None,
            "{value}"
        );
    }
    for value in [
        "",
        "0",
        "-1",
        "+1",
        "65536",
        "6001x",
        "0x10",
        "6001, 6002",
        "1.0",
    ] {
        assert_eq!(
            understood("peer-port", &[value.as_bytes()]).await.port,
            None,
            "{value}"
        );
    }
    for value in [
        "",
        "0.0.0.0:1",
        "1.2.3.4",
        "1.2.3.4:0",
        "http://a:1",
        "a b:1",
        "a:1/x",
    ] {
        let contact = understood("peer-address", &[value.as_bytes()]).await;
        assert_eq!(contact.address, None, "{value}");
    }
    for name in ["tip", "rules", "node", "peer-address"] {
        let told = understood(name, &[b"\xff\xfe"]).await;
        let nothing = Contact {
            port: Some(1),
            ..Contact::default()
        };
        assert_eq!(told, nothing, "{name}");
    }
    assert_eq!(
        understood("peer-port", &[b"1", b"2"]).await.port,
        None,
        "twice"
    );
}

#[tokio::test]
async fn a_plain_client_is_not_introduced() {
    let double = Arc::new(Double::default());
    let app = router(double.clone(), Settings::default());
    let tip = format!("1 {}", Hash::of("x"));
    let request = with(get("/getpeers"), "host", b"192.0.2.7:6001");
    let request = with(request, "tip", tip.as_bytes());
    let request = with(request, "peer-port", b"0");
    assert_eq!(answer(&app, request).await.status(), 200);
    assert!(double.introduced.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_node_is_introduced_whatever_it_asks_and_before_the_answer() {
    let double = Arc::new(Double {
        introduction: Err(Unavailable::Busy),
        ..Double::default()
    });
    let app = router(double.clone(), Settings::default());
    for (method, path) in [("GET", "/getblocks"), ("POST", "/inv"), ("GET", "/nowhere")] {
        let request = with(request(method, path, ""), "peer-port", b"6001");
        assert_eq!(answer(&app, request).await.status(), 503);
    }
    assert_eq!(double.introduced.lock().unwrap().len(), 3);
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn a_mapped_address_is_the_one_it_maps() {
    let double = Arc::new(Double::default());
    let app = router(double.clone(), Settings::default());
    let mut request = with(get("/getpeers"), "peer-port", b"6001");
    let remote: std::net::SocketAddr = "[::ffff:192.0.2.9]:1".parse().unwrap();
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(remote));
    answer(&app, request).await;
    assert_eq!(
        double.introduced.lock().unwrap()[0].ip.to_string(),
        "192.0.2.9"
    );
}

#[tokio::test]
async fn what_the_node_does_not_know_of_itself_it_does_not_say() {
    let mut t = Transcript::default();
    let silent = Double {
        contact: Contact::default(),
        ..Double::default()
    };
    t.ask("silent", silent, get("/getpeers")).await;
    let odd = Double {
        contact: Contact {
            node: Some("a\nb".into()),
            port: Some(6000),
            address: Some("192.0.2.1:6000".parse().unwrap()),
            ..Contact::default()
        },
        ..Double::default()
    };
    t.ask("a name that is no header", odd, get("/getpeers"))
        .await;
    t.check("contact");
}
