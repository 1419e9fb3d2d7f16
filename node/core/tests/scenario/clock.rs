//! Clocks that jump.

use plugcoin_core::{Config, Input};
use plugcoin_sdk::hooks::{Contact, Event, PeerAnswer, PeerRequest};

use crate::bench::{Bench, branch, events, job, requests};
use crate::network::{asked, calls, reply};

const HOUR_US: i64 = 3_600_000_000;

#[test]
fn set_back_by_hours_it_goes_on_asking_and_mining() {
    let mut bench = Bench::with_peer(Config {
        mine: true,
        ..Config::default()
    });
    let step = bench.handle(Input::Ticked);
    let id = job(&step).unwrap().id;
    bench.handle(Input::CallEnded {
        call: calls(&step)[0].id,
        result: reply(&Contact::default(), PeerAnswer::Peers(Vec::new())),
    });
    let nonce = plugcoin_testkit::fixtures::nonce(1);
    bench.handle(Input::Sealed { job: id, nonce });
    bench.now_us -= 3 * HOUR_US;
    bench.handle(Input::Ticked);
    let soon_us = bench.now_us + 1_000_000;
    assert!(bench.node.wake_us().unwrap() <= soon_us);
    bench.now_us = soon_us;
    assert!(job(&bench.handle(Input::Ticked)).is_some());
    bench.now_us += 14_000_000;
    let step = bench.handle(Input::Ticked);
    assert!(requests(&step).contains(&&PeerRequest::Peers));
}

#[test]
fn set_forward_by_days_it_drops_no_peer() {
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    asked(&mut bench);
    let ip = "127.0.0.1".parse().unwrap();
    let contact = Contact {
        port: Some(7002),
        ..Contact::default()
    };
    bench.handle(Input::PeerIntroduced { ip, contact });
    for jump_us in [48 * HOUR_US, -72 * HOUR_US, 24_000 * HOUR_US] {
        bench.now_us += jump_us;
        let step = bench.handle(Input::Ticked);
        let gone = |event: &&Event| matches!(event, Event::PeerDropped { .. });
        assert!(!events(&step).iter().any(gone));
        assert_eq!(bench.node.peer_count(), 2);
        assert!(bench.node.wake_us().unwrap() <= bench.now_us + 15_000_000);
    }
    // A day that really goes by is another thing.
    let end_us = bench.now_us + 25 * HOUR_US;
    while let Some(wake_us) = bench.node.wake_us().filter(|us| *us < end_us) {
        bench.now_us = wake_us.max(bench.now_us + 1_000);
        bench.handle(Input::Ticked);
    }
    assert_eq!(bench.node.peer_count(), 1, "the other is pinned");
}

#[test]
fn blocks_that_came_too_early_for_a_clock_that_was_set_back_are_taken_when_it_is_right() {
    let mut bench = Bench::new();
    let right_us = bench.now_us;
    let chain = branch("A", 2);
    bench.now_us = chain[0].header().timestamp.us() - 3 * HOUR_US;
    let refused = bench.block(&chain[0]);
    let reason = crate::bench::refusal(&refused);
    assert!(reason.transient && reason.penalty == 0, "{reason:?}");
    bench.now_us = right_us;
    bench.take(&chain);
}
