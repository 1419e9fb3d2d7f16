//! The default transport against the real routes.

use plugcoin_http::{HttpOptions, HttpTransport, Settings, Submitted, Unavailable};
use plugcoin_sdk::hooks::{Contact, HookKind, PeerAnswer, PeerReply, PeerRequest, Tip, Transport};
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::plugin::{Setup, compiled_in};
use plugcoin_sdk::{Error, ErrorKind, Invalid};
use serde_json::json;

use crate::support::{Double, Running, block, transaction};

fn transport() -> HttpTransport {
    HttpTransport::new(&HttpOptions::default()).unwrap()
}

async fn call(double: Double, request: PeerRequest) -> Result<PeerReply, Error> {
    let node = Running::start(double, Settings::default()).await;
    transport()
        .call(&node.address(), &Contact::default(), request)
        .await
}

#[test]
fn it_is_registered() {
    let all = compiled_in();
    let http = all.iter().find(|plugin| plugin.name == "http").unwrap();
    assert_eq!(http.hooks, [HookKind::Transport]);
    assert!((http.options)().iter().all(|option| !option.consensus));
    let setup = Setup {
        plugin: "http".into(),
        values: vec![("timeout_ms".into(), json!(5))],
        ..Setup::default()
    };
    assert!((http.create)(&setup).unwrap().transport.is_some());
}

#[tokio::test]
async fn it_reads_what_the_routes_answer() {
    let double = Double {
        peers: Ok(vec![
            "127.0.0.1:6000".parse().unwrap(),
            "[::1]:1".parse().unwrap(),
        ]),
        ..Double::default()
    };
    let reply = call(double, PeerRequest::Peers).await.unwrap();
    let peers = vec!["127.0.0.1:6000".to_owned(), "[::1]:1".to_owned()];
    assert_eq!(reply.answer, PeerAnswer::Peers(peers));
    assert_eq!(reply.contact, Double::default().contact);

    let genesis = genesis();
    let (other, side) = (block("C"), block("D"));
    let chain = || {
        Double::with_chain(&[
            &[("g", genesis.text())],
            &[("c", other.text()), ("d", side.text())],
        ])
    };
    let page = PeerRequest::Page { nr: 0, limit: 2 };
    let reply = call(chain(), page).await.unwrap();
    let texts = vec![genesis.text().to_owned(), other.text().to_owned()];
    assert_eq!(reply.answer, PeerAnswer::Blocks(texts));

    let reply = call(chain(), PeerRequest::Block(Hash::of("d")))
        .await
        .unwrap();
    assert_eq!(
        reply.answer,
        PeerAnswer::Blocks(vec![side.text().to_owned()])
    );
    let reply = call(chain(), PeerRequest::Block(Hash::of("e")))
        .await
        .unwrap();
    assert_eq!(reply.answer, PeerAnswer::Blocks(vec![]));
    let empty = Double::with_chain(&[]);
    let page = PeerRequest::Page { nr: 9, limit: 2 };
    let reply = call(empty, page).await.unwrap();
    assert_eq!(reply.answer, PeerAnswer::Blocks(vec![]));

    let reply = call(Double::default(), PeerRequest::Plugins).await.unwrap();
    let plugins = json!({"plugins": [{"name": "zeros", "options": {"zeros": 4}}]});
    assert_eq!(reply.answer, PeerAnswer::Plugins(plugins));
}

#[tokio::test]
async fn a_full_page_arrives() {
    let mut double = Double::default();
    let text = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    double
        .texts
        .insert(Hash::of("b"), Ok(text.clone().into_bytes()));
    double.levels = Ok(Some(vec![vec![Hash::of("b")]; 9]));
    let page = PeerRequest::Page { nr: 0, limit: 500 };
    let reply = call(double, page).await.unwrap();
    assert!(reply.answer == PeerAnswer::Blocks(vec![text; 3]));
}

#[tokio::test]
async fn it_says_who_asks() {
    let node = Running::start(Double::default(), Settings::default()).await;
    let me = Contact {
        tip: Some(Tip {
            nr: 3,
            hash: Hash::of("mine"),
        }),
        rules: Some(Hash::of("my rules")),
        node: Some("beef".into()),
        port: Some(6001),
        address: None,
    };
    let transport = transport();
    transport
        .call(&node.address(), &me, PeerRequest::Peers)
        .await
        .unwrap();
    let block = PeerRequest::PostBlock(block("C"));
    transport.call(&node.address(), &me, block).await.unwrap();
    // An address takes the port's place.
    let behind = Contact {
        address: Some("node.example.org:80".parse().unwrap()),
        ..me.clone()
    };
    transport
        .call(&node.address(), &behind, PeerRequest::Plugins)
        .await
        .unwrap();
    let silent = Contact::default();
    transport
        .call(&node.address(), &silent, PeerRequest::Peers)
        .await
        .unwrap();
    let callers = node.double.introduced.lock().unwrap();
    let told: Vec<_> = callers
        .iter()
        .map(|caller| caller.contact.clone())
        .collect();
    let without_port = Contact {
        port: None,
        ..behind
    };
    assert_eq!(told, [me.clone(), me, without_port]);
}

#[tokio::test]
async fn what_is_posted_is_taken_or_refused_or_comes_too_early() {
    let seal = Invalid::new("seal", "the hash is\nabove the target").by("proof-of-work", "0.1.0");
    let taken = Some(PeerAnswer::Taken);
    let refused = |message: &str| {
        Some(PeerAnswer::Refused {
            status: 400,
            message: message.into(),
        })
    };
    for (outcome, expected) in [
        (Ok(Submitted::Accepted(Hash::of("b"))), taken.clone()),
        (Ok(Submitted::Waiting(Hash::of("b"))), taken.clone()),
        (Ok(Submitted::Known), taken),
        (
            Ok(Submitted::Refused(seal)),
            refused("the hash isabove the target"),
        ),
        (
            Ok(Submitted::Refused(Invalid::new("x", "y".repeat(9999)))),
            refused(&"y".repeat(300)),
        ),
        (Ok(Submitted::NoFunds), refused("Sorry! Not enough funds.")),
        (Ok(Submitted::TooMany), None),
        (Err(Unavailable::Busy), None),
        (Err(Unavailable::Fault), None),
    ] {
        for request in [
            PeerRequest::PostBlock(block("C")),
            PeerRequest::PostTransaction(transaction()),
        ] {
            let reply = call(Double::submitting(outcome.clone()), request).await;
            match &expected {
                Some(answer) => assert_eq!(&reply.unwrap().answer, answer),
                None => assert_eq!(reply.unwrap_err().kind(), ErrorKind::Peer),
            }
        }
    }
}

#[tokio::test]
async fn what_is_posted_arrives_as_it_is() {
    let node = Running::start(Double::default(), Settings::default()).await;
    let me = Contact::default();
    let request = PeerRequest::PostTransaction(transaction());
    transport()
        .call(&node.address(), &me, request)
        .await
        .unwrap();
    let request = PeerRequest::PostBlock(block("C"));
    transport()
        .call(&node.address(), &me, request)
        .await
        .unwrap();
    let id = transaction().id();
    let asked = [
        format!("transaction {id} from 127.0.0.1"),
        "block 1 from 127.0.0.1".into(),
    ];
    assert_eq!(node.double.asked(), asked);
}

#[tokio::test]
async fn a_peer_that_stopped_is_not_reached_over_an_old_connection() {
    let node = Running::start(Double::default(), Settings::default()).await;
    let (transport, me, to) = (transport(), Contact::default(), node.address());
    transport.call(&to, &me, PeerRequest::Peers).await.unwrap();
    node.stop.send(()).unwrap();
    node.served.await.unwrap().unwrap();
    let error = transport
        .call(&to, &me, PeerRequest::Peers)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Peer);
}
