use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plugcoin_core::{Config, Input, Levels, Reply};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Consensus, Event, PeerRequest, Seal, SealVerdict, Slice};
use plugcoin_sdk::ledger::{Amount, Draft, Header, Target, genesis};
use plugcoin_sdk::plugin::Schedule;
use plugcoin_testkit::fixtures;
use proof_of_work::ProofOfWork;

use crate::bench::{Bench, branch, events, hooks, refusal, requests};

#[test]
fn a_longer_branch_wins_and_the_balances_follow() {
    let mut bench = Bench::new();
    let (short, long) = (branch("A", 2), branch("B", 3));
    bench.take(&short);
    assert_eq!(bench.balance("A"), "2");
    bench.take(&long[..2]);
    let before = bench.node.tip();
    let step = bench.block(&long[2]);
    assert!(
        events(&step)
            .iter()
            .any(|event| matches!(event, Event::Reorganised { fork_nr: 0, .. }))
            || before.hash == long[1].hash()
    );
    assert_eq!(bench.node.tip().hash, long[2].hash());
    assert_eq!(
        (bench.balance("A"), bench.balance("B")),
        ("0".into(), "3".into())
    );
    assert_eq!(bench.node.total(), Amount::from_coins(53));
    let levels = bench.node.levels(Levels::All).unwrap();
    assert_eq!(levels[1], [long[0].hash(), short[0].hash()]);
    assert_eq!(levels[3], [long[2].hash()]);
    assert_eq!(bench.restarted().node.tip(), bench.node.tip());
    assert_eq!(bench.restarted().node.balances(), bench.node.balances());
}

#[test]
fn equally_long_branches_go_to_the_smaller_hash_whoever_comes_first() {
    let (a, b) = (branch("A", 3), branch("B", 3));
    let winner = if a[0].hash() < b[0].hash() { &a } else { &b };
    for order in [[&a, &b], [&b, &a]] {
        let mut bench = Bench::new();
        bench.take(order[0]);
        bench.take(order[1]);
        assert_eq!(bench.node.tip().hash, winner[2].hash());
    }
}

#[test]
fn a_deep_reorganisation_there_and_back_leaves_the_right_balances() {
    let mut bench = Bench::new();
    let (a, b) = (branch("A", 40), branch("B", 41));
    bench.take(&a);
    bench.take(&b);
    assert_eq!(bench.balance("B"), "41");
    let more = fixtures::chain_on(&a[39], "C", 2);
    bench.take(&more);
    assert_eq!(bench.balance("A"), "40");
    assert_eq!(bench.balance("B"), "0");
    assert_eq!(bench.balance("C"), "2");
    // A branch that leaves in the middle of a branch that lost.
    let late = fixtures::chain_on(&b[20], "D", 30);
    bench.take(&late);
    assert_eq!(
        (bench.balance("B"), bench.balance("D")),
        ("21".into(), "30".into())
    );
    assert_eq!(bench.node.total(), Amount::from_coins(101));
    assert_eq!(bench.restarted().node.balances(), bench.node.balances());
}

#[test]
fn an_orphan_is_held_asked_for_and_connected() {
    let mut bench = Bench::with_peer(Config::default());
    bench.handle(Input::Ticked);
    let chain = branch("A", 4);
    for at in [3, 2, 1] {
        let step = bench.block(&chain[at]);
        assert_eq!(step.reply, Reply::WaitingFor(chain[at - 1].hash()));
        assert!(step.records.is_empty(), "an orphan is not durable");
        let asked = PeerRequest::Block(chain[at - 1].hash());
        assert!(requests(&step).contains(&&asked));
    }
    assert_eq!(
        bench.block(&chain[3]).reply,
        Reply::WaitingFor(chain[0].hash()),
        "again"
    );
    let step = bench.block(&chain[0]);
    assert_eq!(step.records.len(), 4, "all of them are kept");
    let spread = requests(&step).len();
    assert_eq!(spread, 4, "and sent on");
    assert_eq!(bench.node.tip().hash, chain[3].hash());
    assert_eq!(bench.node.orphans(), 0);
}

#[test]
fn the_first_fault_is_the_answer_and_nothing_is_kept() {
    let mut bench = Bench::new();
    let chain = branch("A", 2);
    bench.take(&chain[..1]);
    let text = chain[1].text();
    let time_us = chain[1].header().timestamp.us();
    let other = |change: &str, to: &str| {
        let changed = text.replacen(change, to, 1);
        assert_ne!(changed, text);
        let block = plugcoin_sdk::ledger::Block::parse(&changed).unwrap();
        let true_hash = block.computed_hash().to_string();
        plugcoin_sdk::ledger::Block::parse(&changed.replace(&block.hash().to_string(), &true_hash))
            .unwrap()
    };
    let wrong_reward = {
        let reward = fixtures::reward("A", Amount::from_coins(2), time_us);
        fixtures::draft_of(&chain[0], "A", vec![reward], time_us)
            .sealed(&fixtures::nonce(1))
            .unwrap()
    };
    let early = fixtures::block(
        &chain[0],
        "A",
        vec![],
        chain[0].header().timestamp.us(),
        &fixtures::nonce(1),
    );
    let late = fixtures::block(
        &chain[0],
        "A",
        vec![],
        bench.now_us + 7_201_000_000,
        &fixtures::nonce(1),
    );
    let forged = fixtures::pay("A", "B", "0.5", time_us);
    let forged = forged.text().replace(forged.signature(), "forged");
    let forged = plugcoin_sdk::ledger::Transaction::parse(&forged).unwrap();
    let poor = fixtures::pay("X", "B", "0.5", time_us);
    let twice = fixtures::pay("A", "B", "0.1", time_us);
    let root = chain[1].header().merkle_root.to_string();
    let cases = [
        ("parent", other("\"nr\": 2", "\"nr\": 3")),
        (
            "hash",
            plugcoin_sdk::ledger::Block::parse(&text.replacen(
                "\"creator\": \"A\"",
                "\"creator\": \"B\"",
                1,
            ))
            .unwrap(),
        ),
        ("seal", other(&chain[1].header().nonce, "short")),
        ("time", early),
        ("time", late),
        ("count", other("\"count\": 1", "\"count\": 2")),
        ("merkle_root", other(&root, &"0".repeat(64))),
        ("reward", other("\"creator\": \"A\"", "\"creator\": \"B\"")),
        ("reward", wrong_reward),
        (
            "signature",
            fixtures::block(&chain[0], "A", vec![forged], time_us, &fixtures::nonce(1)),
        ),
        (
            "funds",
            fixtures::block(&chain[0], "A", vec![poor], time_us, &fixtures::nonce(1)),
        ),
        (
            "transactions",
            fixtures::block(
                &chain[0],
                "A",
                vec![twice.clone(), twice],
                time_us,
                &fixtures::nonce(1),
            ),
        ),
    ];
    for (rule, block) in cases {
        let step = bench.block(&block);
        assert_eq!(refusal(&step).rule, rule, "{}", refusal(&step));
        assert_eq!(bench.node.tip().hash, chain[0].hash());
    }
    assert_eq!(bench.node.blocks(), 2);
    bench.take(&chain[1..]);
    assert!(matches!(bench.block(&chain[1]).reply, Reply::Known(_)));
    assert!(matches!(bench.block(&genesis()).reply, Reply::Known(_)));
}

#[test]
fn what_says_the_hash_of_a_known_block_and_stands_on_the_tip_is_refused_and_spoils_nothing() {
    let mut bench = Bench::new();
    let chain = branch("A", 3);
    bench.take(&chain[..2]);
    let liar = chain[2]
        .text()
        .replace(&chain[2].hash().to_string(), &chain[0].hash().to_string());
    let liar = plugcoin_sdk::ledger::Block::parse(&liar).unwrap();
    assert_eq!(liar.header().previous_hash, Some(chain[1].hash()));
    assert_eq!(refusal(&bench.block(&liar)).rule, "hash");
    let explained = bench.node.explain(&chain[0].hash()).unwrap();
    assert_eq!(explained.verdict, plugcoin_core::Outcome::OnBestChain);
    bench.take(&chain[2..]);
    assert_eq!(bench.node.tip().hash, chain[2].hash());
}

#[test]
fn a_block_too_deep_under_the_tip_is_refused_for_now() {
    let mut bench = Bench::with(Config {
        first_coin: false,
        ..Config::default()
    });
    bench.take(&branch("A", 1_002));
    let deep = branch("B", 1);
    let step = bench.block(&deep[0]);
    let invalid = refusal(&step);
    assert_eq!(
        (&*invalid.rule, invalid.transient, invalid.penalty),
        ("depth", true, 0)
    );
}

/// Proof of work that notes whether it is given the parent, and says whether it looks at it.
struct Looking {
    looks: bool,
    given: AtomicBool,
}

impl Consensus for Looking {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        ProofOfWork::default().seal(draft, parent, target, slice)
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        self.given.fetch_or(parent.is_some(), Ordering::Relaxed);
        ProofOfWork::default().check_seal(header, parent, target)
    }

    fn looks_at_parent(&self) -> bool {
        self.looks
    }
}

#[test]
fn a_consensus_that_does_not_look_at_the_parent_is_not_given_it() {
    for looks in [true, false] {
        let consensus = Arc::new(Looking {
            looks,
            given: AtomicBool::new(false),
        });
        let storage = Arc::default();
        let mut on = hooks(Arc::clone(&storage) as _);
        on.consensus = Schedule::always("looking", consensus.clone());
        Bench::by(on, storage, Config::default()).take(&branch("A", 2));
        assert_eq!(consensus.given.load(Ordering::Relaxed), looks);
    }
}
