//! Who would be all the peers that a node knows.

use plugcoin_core::{Config, Input, Step};
use plugcoin_sdk::hooks::{Contact, Event, PeerAnswer, Tip};
use plugcoin_sdk::ledger::{Address, Hash};

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

/// A node with these peers, which has fetched a lie from the first: the moment of its ban's end.
fn lied_to_by_the_first(bench: &mut Bench) -> i64 {
    let step = bench.handle(Input::Ticked);
    let open: Vec<u64> = calls(&step).iter().map(|call| call.id).collect();
    let tip = Contact {
        tip: Some(Tip {
            nr: 9,
            hash: Hash::of("9"),
        }),
        ..Contact::default()
    };
    let mut sought = None;
    for (call, contact) in open.into_iter().zip([tip, Contact::default()]) {
        let result = reply(&contact, PeerAnswer::Peers(Vec::new()));
        let step = bench.handle(Input::CallEnded { call, result });
        sought = sought.or(calls(&step).first().map(|call| call.id));
    }
    let result = reply(&Contact::default(), PeerAnswer::Blocks(vec!["{}".into()]));
    let step = bench.handle(Input::CallEnded {
        call: sought.unwrap(),
        result,
    });
    let banned = events(&step).into_iter().find_map(|event| match event {
        Event::PeerBanned { until_us, .. } => Some(*until_us),
        _ => None,
    });
    banned.unwrap()
}

#[test]
fn a_liar_is_banned_for_an_hour_and_its_neighbour_at_the_same_address_is_not() {
    let config = Config {
        pinned: ["8.8.8.8:6000", "8.8.8.8:6001"]
            .map(|peer| peer.parse().unwrap())
            .to_vec(),
        first_coin: false,
        ..Config::default()
    };
    let mut bench = Bench::with(config);
    let until_us = lied_to_by_the_first(&mut bench);
    assert_eq!(known(&bench), ["8.8.8.8:6001"]);
    // The neighbour is told and asked as ever, the liar is not.
    let mut asked = Vec::new();
    while bench.now_us <= until_us {
        bench.now_us = bench.node.wake_us().unwrap().max(bench.now_us + 1);
        let step = bench.handle(Input::Ticked);
        for call in calls(&step) {
            asked.push((bench.now_us >= until_us, call.address.port()));
            let result = reply(&Contact::default(), PeerAnswer::Peers(Vec::new()));
            bench.handle(Input::CallEnded {
                call: call.id,
                result,
            });
        }
    }
    assert!(asked.contains(&(false, 6_001)));
    assert!(!asked.contains(&(false, 6_000)));
    assert!(asked.contains(&(true, 6_000)), "the ban is over");
    assert_eq!(known(&bench), ["8.8.8.8:6000", "8.8.8.8:6001"]);
}
