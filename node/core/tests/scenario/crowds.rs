//! Who would be all the peers that a node knows.

use plugcoin_core::{Config, Input, Step};
use plugcoin_sdk::hooks::{Contact, Event, PeerAnswer};
use plugcoin_sdk::ledger::Address;

use crate::bench::{Bench, events};
use crate::network::{calls, reply};

fn introduce(bench: &mut Bench, ip: &str, port: u16) -> Step {
    let ip = ip.parse().unwrap();
    let contact = Contact {
        port: Some(port),
        ..Contact::default()
    };
    bench.handle(Input::PeerIntroduced { ip, contact })
}

/// A node with a pinned peer, and 999 on the ports of one machine; the calls to them.
fn crowded() -> (Bench, Vec<u64>) {
    let mut bench = Bench::with_peer(Config::default());
    let mut open = Vec::new();
    for port in 8_001..9_000 {
        let step = introduce(&mut bench, "127.0.0.1", port);
        open.extend(calls(&step).iter().map(|call| call.id));
    }
    assert_eq!(bench.node.peer_count(), 1_000);
    (bench, open)
}

fn dropped(step: &Step) -> Vec<String> {
    let told = events(step).into_iter();
    told.filter_map(|event| match event {
        Event::PeerDropped { address, .. } => Some(address.to_string()),
        _ => None,
    })
    .collect()
}

fn known(bench: &Bench) -> Vec<String> {
    let peers = bench.node.peers(bench.now_us);
    peers.iter().map(Address::to_string).collect()
}

#[test]
fn one_caller_that_names_all_its_ports_keeps_nobody_out() {
    let (mut bench, open) = crowded();
    for call in open {
        bench.handle(Input::CallEnded {
            call,
            result: Err("refused".into()),
        });
    }
    let step = introduce(&mut bench, "127.0.0.1", 9_001);
    let peers = known(&bench);
    assert_eq!(peers.len(), 1_000);
    assert_eq!(peers[0], "127.0.0.1:7001", "which is pinned");
    assert_eq!(peers[999], "127.0.0.1:9001");
    assert_eq!(dropped(&step), ["127.0.0.1:8001"], "it never answered");
}

#[test]
fn one_that_answers_on_all_its_ports_keeps_nobody_out() {
    let (mut bench, open) = crowded();
    for call in open {
        bench.handle(Input::CallEnded {
            call,
            result: reply(&Contact::default(), PeerAnswer::Peers(Vec::new())),
        });
    }
    introduce(&mut bench, "127.0.0.1", 9_001);
    assert!(
        !known(&bench).contains(&"127.0.0.1:9001".to_owned()),
        "of its own it has enough"
    );
    let step = introduce(&mut bench, "10.0.0.1", 6_000);
    let peers = known(&bench);
    assert_eq!(peers.len(), 1_000);
    assert_eq!(peers[0], "127.0.0.1:7001", "which is pinned");
    assert_eq!(peers[999], "10.0.0.1:6000");
    assert_eq!(dropped(&step), ["127.0.0.1:8999"], "it came last");
}

#[test]
fn who_names_a_thousand_addresses_keeps_none_waiting_that_another_names() {
    let peers = ["8.8.8.8:6000", "9.9.9.9:6000"];
    let config = Config {
        pinned: peers.map(|peer| peer.parse().unwrap()).to_vec(),
        ..Config::default()
    };
    let mut bench = Bench::with(config);
    let (mut tried, mut named, mut rounds) = (Vec::new(), 0.., 0);
    // The first of the two would fill all the places in a few rounds.
    for _ in 0..240 {
        let step = bench.handle(Input::Ticked);
        for call in calls(&step) {
            let by = peers
                .iter()
                .position(|peer| *peer == call.address.to_string());
            let addresses: Vec<String> = match by {
                Some(0) => named
                    .by_ref()
                    .take(100)
                    .map(|n: u32| format!("1.1.{}.{}:80", n / 250, n % 250))
                    .collect(),
                Some(_) => {
                    rounds += 1;
                    vec![format!("2.2.2.{rounds}:80")]
                }
                None => {
                    tried.push(call.address.to_string());
                    continue;
                }
            };
            let result = reply(&Contact::default(), PeerAnswer::Peers(addresses));
            let step = bench.handle(Input::CallEnded {
                call: call.id,
                result,
            });
            tried.extend(calls(&step).iter().map(|call| call.address.to_string()));
        }
        bench.now_us += 1_000_000;
    }
    let honest = tried.iter().filter(|address| address.starts_with("2.2."));
    assert_eq!(honest.count(), rounds, "{tried:?}");
    assert_eq!(rounds, 16);
}
