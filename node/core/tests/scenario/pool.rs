use std::sync::Arc;

use plugcoin_core::{CallFailure, Config, Input, Output, Reply};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{
    Admission, Capacity, Contact, Due, Event, Mempool, PeerAnswer, PeerReply, PeerRequest,
    PoolSummary, Record,
};
use plugcoin_sdk::ledger::{Hash, Transaction, genesis};
use plugcoin_sdk::plugin::Active;
use plugcoin_testkit::doubles::MemoryStorage;
use plugcoin_testkit::fixtures;

use crate::bench::{Bench, OWN, branch, events, refusal, requests};

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

#[test]
fn what_waits_is_sent_to_a_newcomer_bit_by_bit_and_once() {
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    bench.take(&branch("A", 3));
    // The peer is known to be away while these come, so that nobody is told of them.
    let call = |step: &plugcoin_core::Step, wanted: &PeerRequest| {
        step.outputs.iter().find_map(|output| match output {
            Output::Call(call) if call.request == *wanted => Some(call.id),
            _ => None,
        })
    };
    let asked = |bench: &mut Bench| {
        bench.now_us += 15_000_000;
        let step = bench.handle(Input::Ticked);
        call(&step, &PeerRequest::Peers).unwrap()
    };
    let ended = |call, result| Input::CallEnded { call, result };
    let away = asked(&mut bench);
    bench.handle(ended(away, Err("away".into())));
    for n in 0..250 {
        let payment = fixtures::pay("A", "B", "0.01", bench.now_us + n);
        assert!(requests(&bench.transaction(&payment)).is_empty());
    }
    let mut sent = Vec::new();
    for _ in 0..4 {
        let call = asked(&mut bench);
        let reply = PeerReply {
            contact: Contact::default(),
            answer: PeerAnswer::Peers(Vec::new()),
        };
        let step = bench.handle(ended(call, Ok(reply.into())));
        let posts = step.outputs.iter().filter_map(|output| match output {
            Output::Call(call) if matches!(call.request, PeerRequest::PostTransaction(_)) => {
                Some(call.id)
            }
            _ => None,
        });
        let posts: Vec<u64> = posts.collect();
        sent.push(posts.len());
        if let [.., last] = posts[..] {
            // It was never made: the peer is not to blame, and the payment is sent again.
            bench.handle(ended(last, Err(CallFailure::NotMade)));
        }
    }
    assert_eq!(sent, [100, 100, 52, 1]);
}

#[test]
fn what_no_longer_holds_on_opening_is_told_with_the_first_step() {
    let bench = Bench::new();
    let lost = fixtures::pay("A", "B", "1", bench.now_us);
    let mut records = bench.storage.records();
    records.push(Record::Transaction(lost.clone()));
    let mut again = Bench::on(Arc::new(MemoryStorage::with(records)), Config::default());
    let step = again.handle(Input::Ticked);
    assert!(events(&step).iter().any(|event| matches!(
        event,
        Event::TransactionDropped { id, .. } if *id == lost.id()
    )));
    let step = again.handle(Input::Ticked);
    assert!(events(&step).is_empty(), "once");
}

/// A pool of two, the largest first, in which everything may wait for a second.
struct Narrow;

impl Mempool for Narrow {
    fn admit(&self, transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error> {
        Ok(Admission::Accept {
            priority: i64::try_from(transaction.amount().units()).unwrap(),
            expires_us: Some(pool.now_us + 1_000_000),
        })
    }

    fn due(&self, _: &PoolSummary, _: i64) -> Result<Due, Error> {
        Ok(Due::No)
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            transactions: 2,
            bytes: u64::MAX,
        }
    }
}

#[test]
fn what_makes_room_or_has_waited_too_long_is_told_and_nobody_else_need_come() {
    let storage: Arc<MemoryStorage> = Arc::default();
    let mut hooks = crate::bench::hooks(storage.clone());
    hooks.mempool = Active::new("narrow", Arc::new(Narrow));
    let config = Config {
        first_coin: false,
        ..Config::default()
    };
    let mut bench = Bench::by(hooks, storage, config);
    bench.take(&branch("A", 2));
    let now_us = bench.now_us;
    let pays = |sum| fixtures::pay("A", "B", sum, now_us);
    let dropped = |step: &plugcoin_core::Step| -> Vec<(Hash, String)> {
        let events = events(step).into_iter();
        events
            .filter_map(|event| match event {
                Event::TransactionDropped { id, reason } => Some((*id, reason.plugin.to_string())),
                _ => None,
            })
            .collect()
    };
    let narrow = |sum| (pays(sum).id(), "narrow".to_owned());
    for sum in ["0.1", "0.3"] {
        assert!(dropped(&bench.transaction(&pays(sum))).is_empty());
    }
    assert_eq!(dropped(&bench.transaction(&pays("0.2"))), [narrow("0.1")]);
    let step = bench.transaction(&pays("0.15"));
    assert_eq!(&*refusal(&step).plugin, "narrow");
    assert!(dropped(&step).is_empty(), "it never waited");
    // The node itself says when to come back for the rest.
    let wake_us = bench.node.wake_us().unwrap();
    assert_eq!(wake_us, now_us + 1_000_000);
    bench.now_us = wake_us;
    let step = bench.handle(Input::Ticked);
    assert_eq!(dropped(&step).len(), 2);
    assert_eq!((bench.node.waiting(), bench.node.wake_us()), (0, None));
}

#[test]
fn what_a_block_of_the_journal_dropped_is_told_after_a_restart() {
    let mut bench = Bench::new();
    let common = branch("A", 2);
    bench.take(&common);
    let time_us = common[1].header().timestamp.us() + 1_000;
    let (waits, other) = (
        fixtures::pay("A", "B", "1.5", time_us),
        fixtures::pay("A", "C", "2", time_us + 1),
    );
    assert_eq!(bench.transaction(&waits).reply, Reply::Accepted(waits.id()));
    let spends = fixtures::block(
        &common[1],
        "D",
        vec![other],
        time_us + 10,
        &fixtures::nonce(1),
    );
    // The power is cut when the block is on the disk and nobody was told of anything.
    bench.block(&spends);
    let dropped = |step: &plugcoin_core::Step| {
        let is_it = |event: &&&Event| matches!(event, Event::TransactionDropped { id, .. } if *id == waits.id());
        events(step).iter().filter(is_it).count()
    };
    let mut again = bench.restarted();
    assert!(!again.node.is_waiting(&waits.id()));
    assert_eq!(dropped(&again.handle(Input::Ticked)), 1);
    assert_eq!(dropped(&again.handle(Input::Ticked)), 0);
}

#[test]
fn what_a_block_of_the_journal_dropped_is_told_however_much_it_is() {
    let mut bench = Bench::new();
    let common = branch("A", 2);
    bench.take(&common);
    let time_us = common[1].header().timestamp.us() + 1_000;
    for n in 0..2_100 {
        let waits = fixtures::pay("A", "B", "0.0009", time_us + n);
        assert_eq!(bench.transaction(&waits).reply, Reply::Accepted(waits.id()));
    }
    let all = fixtures::pay("A", "C", "2", time_us + 5_000);
    let nonce = fixtures::nonce(1);
    let spends = fixtures::block(&common[1], "D", vec![all], time_us + 9_000, &nonce);
    bench.block(&spends);
    let step = bench.restarted().handle(Input::Ticked);
    let is_dropped = |event: &&Event| matches!(event, Event::TransactionDropped { .. });
    let told = events(&step).into_iter().filter(is_dropped).count();
    assert_eq!(told, 1_000, "the latest of them");
}
