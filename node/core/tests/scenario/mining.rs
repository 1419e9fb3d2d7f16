use std::sync::Arc;

use plugcoin_core::limits::{MISFITS_MAX, REDRAFT_US};
use plugcoin_core::{Config, Input, Levels, Output, Reply};
use plugcoin_sdk::hooks::{
    BlockContext, Gossip, Item, Origin, PeerView, Record, Signer, Spread, Validity,
};
use plugcoin_sdk::ledger::{BLOCK_TEXT_BYTES_MAX, Block, genesis};
use plugcoin_sdk::plugin::{Active, Schedule, Scheduled};
use plugcoin_sdk::{Error, ErrorKind, Invalid, Verdict};
use plugcoin_testkit::doubles::{MemoryStorage, PlainSigner};
use plugcoin_testkit::fixtures;

use crate::bench::{Bench, OWN, branch, hooks, job, refusal};

fn seal(bench: &mut Bench, id: u64) -> plugcoin_core::Step {
    bench.now_us += 1_000;
    bench.handle(Input::Sealed {
        job: id,
        nonce: fixtures::nonce(7),
    })
}

#[test]
fn two_waiting_payments_make_a_block_and_a_better_tip_ends_the_search() {
    let mut bench = Bench::new();
    let chain = branch(OWN, 2);
    bench.take(&chain);
    assert!(job(&bench.pay("B", "0.5")).is_none());
    let step = bench.pay("C", "0.25");
    let found = job(&step).unwrap();
    assert_eq!((found.draft.nr(), found.draft.count()), (3, 3));
    let old = found.id;
    let rival = fixtures::chain_on(&chain[1], "R", 1);
    let step = bench.block(&rival[0]);
    let new = job(&step).unwrap();
    assert_eq!(new.draft.seed().previous_hash, Some(rival[0].hash()));
    let new = new.id;
    assert_eq!(seal(&mut bench, old).reply, Reply::Nothing, "too late");
    let step = seal(&mut bench, new);
    assert!(matches!(step.reply, Reply::Accepted(_)));

    assert_eq!(
        (bench.balance("B"), bench.balance("C")),
        ("0.5".into(), "0.25".into())
    );
    assert_eq!(bench.balance(OWN), "2.25");
    assert_eq!(bench.node.waiting(), 0);
}

#[test]
fn the_first_coin_is_mined_once_after_the_first_sync() {
    let mut bench = Bench::with_peer(Config::default());
    let step = bench.handle(Input::Ticked);
    assert!(job(&step).is_none(), "not before the peers were asked");
    let step = bench.handle(Input::CallEnded {
        call: 0,
        result: Err("refused".into()),
    });
    let id = job(&step).unwrap().id;
    let step = seal(&mut bench, id);
    assert!(job(&step).is_none(), "one is enough");
    assert_eq!(bench.balance(OWN), "1");
    let mut late = Bench::with(Config::default());
    late.handle(Input::Ticked);
    let step = late.block(&branch("A", 1)[0]);
    assert!(
        step.outputs
            .iter()
            .any(|o| matches!(o, Output::StopSealing))
    );
}

#[test]
fn mining_on_makes_no_storm_of_empty_blocks() {
    let config = Config {
        mine: true,
        first_coin: false,
        ..Config::default()
    };
    let mut bench = Bench::with(config);
    let step = bench.handle(Input::Ticked);
    let id = job(&step).unwrap().id;
    let step = seal(&mut bench, id);
    assert!(job(&step).is_none(), "not before the interval is over");
    assert_eq!(bench.node.wake_us(), Some(bench.now_us + 1_000_000));
    bench.now_us += 1_000_000;
    assert!(job(&bench.handle(Input::Ticked)).is_some());
}

/// Tells nobody of own blocks.
struct Secretive;

impl Gossip for Secretive {
    fn targets(&self, _: &Item, _: &Origin, _: &[PeerView], _: u64) -> Result<Spread, Error> {
        Ok(Spread::Withhold)
    }
}

#[test]
fn a_withheld_block_is_in_no_answer_and_those_before_it_are() {
    let mut bench = Bench::gossiping(Arc::new(Secretive));
    let taken = branch("A", 1);
    let step = bench.block(&taken[0]);
    let id = job(&step).unwrap().id;
    let Reply::Accepted(own) = seal(&mut bench, id).reply else {
        panic!("not accepted");
    };
    assert_eq!(bench.node.tip().hash, own);
    let told = [genesis().hash(), taken[0].hash()];
    let levels = Some(told.map(|hash| vec![hash]).to_vec());
    assert_eq!(bench.node.levels(Levels::All), levels);
    assert_eq!(bench.node.levels(Levels::Best(0, 9)), levels);
    assert_eq!(bench.node.levels(Levels::Best(2, 9)), Some(vec![]));
    assert_eq!(bench.node.levels(Levels::From(told[0], 9)), levels);
    assert_eq!(bench.node.levels(Levels::From(own, 9)), None);
    let served = &bench.served;
    assert!(served.hides(&own));
    assert_eq!(served.page(0, 9), told);
    let place = |hash| bench.node.place(hash).unwrap();
    let walk = served.clone().descendants(place(&told[0]), 9).unwrap();
    assert_eq!(Some(walk.collect()), levels);
    let walk = served.clone().descendants(place(&told[0]), 1).unwrap();
    assert_eq!(walk.collect::<Vec<_>>(), [[told[0]]]);
    assert!(served.clone().descendants(place(&own), 9).is_none());
    assert_eq!(bench.node.contact().tip.unwrap().hash, told[1]);
}

/// Neither the node nor the plugin knows after a restart why it was withheld, and nobody could ever follow a
/// node that went on mining on it in secret.
#[test]
fn what_was_withheld_is_told_of_after_a_restart() {
    let mut bench = Bench::gossiping(Arc::new(Secretive));
    let id = job(&bench.handle(Input::Ticked)).unwrap().id;
    let Reply::Accepted(own) = seal(&mut bench, id).reply else {
        panic!("not accepted");
    };
    let told = vec![vec![genesis().hash()]];
    assert_eq!(bench.node.levels(Levels::All), Some(told));
    let again = bench.restarted().node;
    let told = vec![vec![genesis().hash()], vec![own]];
    assert_eq!(again.levels(Levels::All), Some(told));
}

#[test]
fn a_block_is_filled_and_what_waits_far_beyond_it_is_not_looked_at() {
    let mut bench = Bench::new();
    bench.take(&branch(OWN, 1));
    // So long that what they leave of a block has room for a shorter one.
    let long = "A".repeat(185);
    let mut pay = |to: &str| {
        let step = bench.pay(to, "0.00000001");
        match step.records.as_slice() {
            [Record::Transaction(payment)] => payment.text().len(),
            other => panic!("{other:?}"),
        }
    };
    for _ in 0..BLOCK_TEXT_BYTES_MAX / pay(&long) + MISFITS_MAX {
        pay(&long);
    }
    let short = pay("B");
    bench.now_us += REDRAFT_US;
    let step = bench.handle(Input::Ticked);
    let draft = &job(&step).unwrap().draft;
    let room = BLOCK_TEXT_BYTES_MAX - draft.block_text_bytes(20);
    assert!(draft.count() as usize > BLOCK_TEXT_BYTES_MAX / 1_000);
    assert!((short + 10..1_000).contains(&room), "{room} for {short}");
}

/// Takes no block at all.
struct Never;

impl Validity for Never {
    fn check_block(&self, _: &Block, _: &BlockContext<'_>) -> Result<Verdict, Error> {
        Ok(Invalid::new("never", "no block is good enough").into())
    }
}

#[test]
fn an_own_block_that_is_refused_is_not_tried_again_at_once() {
    let storage = Arc::default();
    let mut hooks = crate::bench::hooks(Arc::clone(&storage) as _);
    hooks
        .validity
        .push(Scheduled::always("never", Arc::new(Never)));
    let config = Config {
        mine: true,
        mine_interval_us: 0,
        ..Config::default()
    };
    let mut bench = Bench::by(hooks, storage, config);
    let step = bench.handle(Input::Ticked);
    let id = job(&step).unwrap().id;
    let step = seal(&mut bench, id);
    assert_eq!(crate::bench::refusal(&step).rule, "never");
    assert!(job(&step).is_none(), "not at once");
    assert!(job(&bench.handle(Input::Ticked)).is_none());
    bench.now_us = bench.node.wake_us().unwrap();
    assert!(
        job(&bench.handle(Input::Ticked)).is_some(),
        "but a moment later"
    );
}

/// Signs nothing with the wallet that is there, and says so with this kind.
struct OtherScheme(ErrorKind);

impl Signer for OtherScheme {
    fn scheme(&self) -> &str {
        "other"
    }

    fn verify(&self, _: &str, _: &str, _: &str) -> Result<bool, Error> {
        Ok(true)
    }

    fn sign(&self, _: &str, _: &str) -> Result<String, Error> {
        Err(Error::new(self.0, "not with this key"))
    }
}

#[test]
fn a_signer_of_another_scheme_from_a_height_on_stops_no_node() {
    for kind in [ErrorKind::Configuration, ErrorKind::Unsupported] {
        let storage = Arc::new(MemoryStorage::new());
        let mut hooks = hooks(storage.clone());
        hooks.signer = Schedule::new(
            Active::new("plain", Arc::new(PlainSigner)),
            vec![Scheduled {
                from_nr: 3,
                active: Active::new("other", Arc::new(OtherScheme(kind))),
            }],
        );
        let config = Config {
            first_coin: false,
            mine: true,
            ..Config::default()
        };
        let mut bench = Bench::by(hooks, storage, config);
        let mut chain = branch(OWN, 2).into_iter();
        bench.block(&chain.next().unwrap());
        let step = bench.block(&chain.next().unwrap());
        let id = job(&step).unwrap().id;
        let text = "what a consensus wants signed".to_owned();
        let step = bench.handle(Input::SealToSign { job: id, text });
        assert_eq!(refusal(&step).rule, "wallet");
        assert!(job(&step).is_none(), "it would fare alike");
        bench.now_us += plugcoin_core::limits::REFUSED_OWN_US;
        assert!(
            job(&bench.handle(Input::Ticked)).is_some(),
            "later it tries again"
        );
        let step = bench.pay("B", "0.5");
        assert_eq!(refusal(&step).rule, "wallet");
        assert_eq!(
            refusal(&step).required.as_deref(),
            Some("a key of the scheme other")
        );
    }
}
