use plugcoin_core::Reply;
use plugcoin_sdk::hooks::Event;
use plugcoin_sdk::ledger::genesis;
use plugcoin_testkit::fixtures;

use crate::bench::{Bench, OWN, branch, events, refusal};

#[test]
fn a_payment_waits_and_is_covered_by_what_is_confirmed_alone() {
    let mut bench = Bench::new();
    bench.take(&branch("A", 2));
    let time_us = bench.now_us;
    let first = fixtures::pay("A", "B", "1.5", time_us);
    assert_eq!(bench.transaction(&first).reply, Reply::Accepted(first.id()));
    assert!(matches!(bench.transaction(&first).reply, Reply::Known(_)));
    let step = bench.transaction(&fixtures::pay("A", "B", "0.6", time_us + 1));
    assert_eq!(refusal(&step).rule, "funds");
    assert_eq!(refusal(&step).penalty, 0, "lack of funds is no offence");
    let step = bench.transaction(&fixtures::pay("B", "C", "0.1", time_us + 2));
    assert_eq!(
        refusal(&step).rule,
        "funds",
        "unconfirmed income doesn't count"
    );
    let system = plugcoin_sdk::ledger::Transaction::parse(
        fixtures::reward("A", plugcoin_sdk::ledger::Amount::from_coins(1), time_us).text(),
    )
    .unwrap();
    assert_eq!(refusal(&bench.transaction(&system)).rule, "signature");
    let again = bench.restarted();
    assert!(
        again.node.is_waiting(&first.id()),
        "the pool outlives a restart"
    );
}

#[test]
fn a_reorganisation_returns_what_still_holds_and_reports_what_does_not() {
    let mut bench = Bench::new();
    let common = branch("A", 2);
    bench.take(&common);
    let time_us = common[1].header().timestamp.us() + 1_000;
    let kept = fixtures::pay("A", "B", "0.5", time_us);
    let spent = fixtures::pay("C", "B", "1", time_us + 1);
    let losing = fixtures::block(
        &common[1],
        "C",
        vec![kept.clone()],
        time_us + 10,
        &fixtures::nonce(1),
    );
    let losing2 = fixtures::block(
        &losing,
        "C",
        vec![spent.clone()],
        time_us + 20,
        &fixtures::nonce(1),
    );
    bench.take(&[losing, losing2]);
    assert_eq!(bench.balance("B"), "1.5");
    let winning = fixtures::chain_on(&common[1], "D", 3);
    bench.take(&winning[..2]);
    let step = if bench.node.tip().nr == 4 && bench.node.tip().hash == winning[1].hash() {
        None
    } else {
        Some(bench.block(&winning[2]))
    };
    assert!(bench.node.is_waiting(&kept.id()));
    assert!(
        !bench.node.is_waiting(&spent.id()),
        "C's coins were on the losing branch alone"
    );
    if let Some(step) = step {
        assert!(events(&step).iter().any(|event| matches!(
            event, Event::TransactionDropped { id, .. } if *id == spent.id()
        )));
    }
    assert_eq!(bench.balance("B"), "0");
}

#[test]
fn the_node_pays_from_its_wallet_and_never_more_than_it_has() {
    let mut bench = Bench::new();
    assert_eq!(bench.pay("B", "1").reply, Reply::NoFunds);
    bench.take(&branch(OWN, 2));
    let (one, two) = (bench.pay("B", "1").reply, bench.pay("B", "1").reply);
    assert!(matches!((&one, &two), (Reply::Accepted(a), Reply::Accepted(b)) if a != b));
    assert_eq!(bench.pay("B", "0.00000001").reply, Reply::NoFunds);
    assert_eq!(refusal(&bench.pay("System", "1")).rule, "form");
    assert_eq!(bench.node.waiting(), 2);
    assert_eq!(genesis().nr(), 0);
}
