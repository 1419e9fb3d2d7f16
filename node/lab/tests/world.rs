//! Whole networks of real cores, from one seed.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use plugcoin_core::{Config, Input, Reply};
use plugcoin_lab::{Link, World};
use plugcoin_sdk::hooks::{Event, Storage};
use plugcoin_sdk::ledger::{Hash, Sum};
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_testkit::doubles::PlainSigner;
use plugcoin_testkit::fixtures::{self, START_US};

const SECOND_US: i64 = 1_000_000;

fn hooks(storage: Arc<dyn Storage>) -> Hooks {
    Hooks {
        storage: Active::new("memory", storage),
        consensus: Schedule::always(
            "proof-of-work",
            Arc::new(proof_of_work::ProofOfWork::default()),
        ),
        signer: Schedule::always("plain", Arc::new(PlainSigner)),
        gossip: Active::new("flood", Arc::new(flood::FloodGossip)),
        difficulty: Schedule::always("zeros", Arc::new(zeros::Zeros::new(0))),
        fork_choice: Active::new("most-work", Arc::new(most_work::MostWork::default())),
        reward: Schedule::always(
            "fixed-reward",
            Arc::new(fixed_reward::FixedReward::default()),
        ),
        merkle: Schedule::always("merkle-tree", Arc::new(merkle_tree::MerkleTree)),
        mempool: Active::new("fifo", Arc::new(fifo::Fifo::default())),
        validity: vec![Scheduled::always(
            "time",
            Arc::new(time::TimeRule::default()),
        )],
        observers: Vec::new(),
    }
}

fn key(node: usize) -> String {
    format!("key-{node}")
}

fn add(world: &mut World, config: Config, knows: &[usize]) -> usize {
    let wallet = fixtures::key_pair(&key(world.len()));
    world.add(hooks, Some(wallet), config, knows).unwrap()
}

fn world(seed: u64, lost_per_mille: u64) -> World {
    let start_us = START_US + 1_000_000 * SECOND_US;
    World::new(
        seed,
        start_us,
        Link {
            lost_per_mille,
            ..Link::default()
        },
    )
}

fn agree(world: &World) -> bool {
    let tip = |node| world.node(node).map(|node| (node.tip(), node.balances()));
    (1..world.len()).all(|node| tip(node) == tip(0))
}

fn pay(world: &mut World, from: usize, to: usize, sum: &str) -> Option<Hash> {
    let sum = Sum::parse(sum).unwrap();
    match world
        .input(from, Input::PaymentRequested { to: key(to), sum })
        .unwrap()
    {
        Reply::Accepted(id) => Some(id),
        Reply::NoFunds => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_nodes_that_start_together_agree_on_one_first_coin() {
    let mut world = world(1, 0);
    for node in 0..3 {
        let others: Vec<usize> = (0..3).filter(|&other| other != node).collect();
        add(&mut world, Config::default(), &others);
    }
    world.run_us(60 * SECOND_US).unwrap();
    assert!(
        agree(&world),
        "{:?}",
        (0..3)
            .map(|n| world.node(n).unwrap().tip())
            .collect::<Vec<_>>()
    );
    assert!(world.node(0).unwrap().tip().nr >= 1);
}

#[test]
fn a_node_that_comes_late_or_was_stopped_catches_up_in_pages() {
    let mut world = world(2, 0);
    let mine = Config {
        mine: true,
        mine_interval_us: 0,
        ..Config::default()
    };
    add(&mut world, mine, &[]);
    world.run_us(400 * SECOND_US).unwrap();
    let height = world.node(0).unwrap().tip().nr;
    assert!(height > 600, "{height}");
    add(&mut world, Config::default(), &[0]);
    world.run_us(20 * SECOND_US).unwrap();
    let gap =
        |world: &World, node| world.node(0).unwrap().tip().nr - world.node(node).unwrap().tip().nr;
    assert!(gap(&world, 1) <= 2, "{}", gap(&world, 1));
    world.stop(1);
    world.run_us(100 * SECOND_US).unwrap();
    world.start(1).unwrap();
    world.run_us(20 * SECOND_US).unwrap();
    assert!(gap(&world, 1) <= 2, "{}", gap(&world, 1));
    assert!(
        !world
            .events(1)
            .iter()
            .any(|event| matches!(event, Event::PeerBanned { .. }))
    );
}

#[test]
fn two_sides_of_a_cut_become_one_chain_and_no_payment_is_lost() {
    let mut world = world(3, 0);
    let mine = Config {
        mine: true,
        mine_interval_us: 2 * SECOND_US,
        ..Config::default()
    };
    add(&mut world, mine.clone(), &[1]);
    add(&mut world, mine, &[0]);
    world.run_us(60 * SECOND_US).unwrap();
    world.cut(0, 1, true);
    world.run_us(30 * SECOND_US).unwrap();
    let paid: Vec<Hash> = [(0, 1), (1, 0)]
        .into_iter()
        .filter_map(|(from, to)| pay(&mut world, from, to, "1"))
        .collect();
    assert_eq!(paid.len(), 2);
    world.run_us(60 * SECOND_US).unwrap();
    world.heal();
    // Far beyond the back-off; then the miners' race is over as well.
    world.run_us(600 * SECOND_US).unwrap();
    for node in 0..2 {
        let core = world.node(node).unwrap();
        assert!(core.tip().nr.abs_diff(world.node(0).unwrap().tip().nr) <= 1);
        for id in &paid {
            let told = |event: &Event| matches!(event, Event::TransactionDropped { id: gone, .. } if gone == id);
            let on_chain = core.transaction_nr(id).is_some() || core.is_waiting(id);
            assert!(
                on_chain || world.events(node).iter().any(told),
                "{node} {id}"
            );
        }
    }
    assert!(
        world
            .events(0)
            .iter()
            .chain(world.events(1))
            .any(|e| matches!(e, Event::Reorganised { .. }))
    );
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_byte() {
    let run = |seed| {
        let mut world = world(seed, 100);
        let mine = Config {
            mine: true,
            ..Config::default()
        };
        add(&mut world, mine.clone(), &[1]);
        add(&mut world, mine, &[0]);
        world.run_us(60 * SECOND_US).unwrap();
        let records = (0..2).flat_map(|node| world.records(node).unwrap());
        records
            .map(|record| record.text().to_owned())
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(run(4), run(4));
    assert_ne!(run(4), run(5));
}

#[test]
fn a_branch_that_leaves_far_down_is_kept_only_where_it_wins() {
    let mut world = world(6, 0);
    let flat_out = Config {
        mine: true,
        mine_interval_us: 0,
        ..Config::default()
    };
    let slower = Config {
        mine_interval_us: 200_000,
        ..flat_out.clone()
    };
    add(&mut world, flat_out, &[1]);
    add(&mut world, slower, &[0]);
    world.cut(0, 1, true);
    world.run_us(700 * SECOND_US).unwrap();
    let (long, short) = (world.node(0).unwrap().tip(), world.node(1).unwrap().tip());
    assert!(
        short.nr > 1_200 && long.nr > short.nr + 500,
        "{} {}",
        long.nr,
        short.nr
    );
    world.heal();
    // Longer than the greatest back-off.
    world.run_us(1_100 * SECOND_US).unwrap();
    let (winner, loser) = (world.node(0).unwrap(), world.node(1).unwrap());
    assert!(
        loser.has_block(&long.hash),
        "the loser took the longer branch"
    );
    assert!(loser.tip().nr.abs_diff(winner.tip().nr) <= 3);
    let reorganised = |event: &Event| matches!(event, Event::Reorganised { fork_nr: 0, left, .. } if *left >= short.nr);
    assert!(world.events(1).iter().any(reorganised));
    assert!(
        !winner.has_block(&short.hash),
        "the winner kept nothing of the shorter one"
    );
    assert!(
        !world
            .events(0)
            .iter()
            .any(|event| matches!(event, Event::PeerBanned { .. }))
    );
}
