//! The same blocks in any order leave the same chain.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use plugcoin_core::{Config, Input, Journal, Node};
use plugcoin_sdk::hooks::{Origin, Storage};
use plugcoin_sdk::ledger::{Amount, Block, genesis};
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_testkit::doubles::{MemoryStorage, PlainSigner};
use plugcoin_testkit::fixtures::{self, SECOND_US, START_US};
use proptest::prelude::*;

const NOW_US: i64 = START_US + 1_000_000 * SECOND_US;

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

fn node() -> (Node, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    let config = Config {
        first_coin: false,
        ..Config::default()
    };
    let (mut node, records) = Node::open(
        NOW_US,
        config,
        hooks(storage.clone()),
        None,
        Journal::SameRules,
    )
    .unwrap();
    storage.append(&records).unwrap();
    node.committed();
    (node, storage)
}

fn feed(order: &[Block]) -> (Node, Arc<MemoryStorage>) {
    let (mut node, storage) = node();
    for block in order {
        let input = Input::BlockReceived {
            block: block.clone(),
            origin: Origin::Client,
        };
        let step = node.handle(NOW_US, input).unwrap();
        if !step.records.is_empty() {
            storage.append(&step.records).unwrap();
        }
        node.committed();
    }
    (node, storage)
}

/// A tree of blocks: each stands on an earlier one; some pay, some break a rule.
fn tree(shape: &[(usize, u8, u8)]) -> Vec<Block> {
    let mut blocks = vec![genesis()];
    for (n, &(on, kind, payee)) in shape.iter().enumerate() {
        let parent = blocks[on % blocks.len()].clone();
        let creator = format!("key-{}", n % 3);
        let time_us = parent.header().timestamp.us().max(START_US) + SECOND_US + n as i64;
        let to = format!("key-{}", payee % 3);
        let payments = match kind % 4 {
            0 | 1 => vec![],
            // Holds if the creator of the parent has a coin on this branch, and breaks a rule else.
            2 => vec![fixtures::pay(&creator, &to, "0.5", time_us)],
            _ => vec![fixtures::pay("nobody", &to, "1", time_us)],
        };
        blocks.push(fixtures::block(
            &parent,
            &creator,
            payments,
            time_us,
            &fixtures::nonce(n as u64),
        ));
    }
    blocks.split_off(1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_same_blocks_in_any_order_leave_the_same_tip_and_balances(
        (shape, order) in prop::collection::vec((0usize..40, any::<u8>(), any::<u8>()), 1..40)
            .prop_flat_map(|shape| {
                let order: Vec<usize> = (0..shape.len()).collect();
                (Just(shape), Just(order).prop_shuffle())
            }),
    ) {
        let blocks = tree(&shape);
        let shuffled: Vec<Block> = order.iter().map(|&at| blocks[at].clone()).collect();
        let (straight, _) = feed(&blocks);
        let (mixed, storage) = feed(&shuffled);
        prop_assert_eq!(straight.tip(), mixed.tip());
        prop_assert_eq!(straight.balances(), mixed.balances());
        prop_assert_eq!(straight.blocks(), mixed.blocks());
        prop_assert_eq!(mixed.total(), Amount::from_coins(50 + mixed.tip().nr));
        let config = Config { first_coin: false, ..Config::default() };
        for journal in [Journal::SameRules, Journal::Judge] {
            let again = Arc::new(MemoryStorage::with(storage.records()));
            let (again, _) =
                Node::open(NOW_US, config.clone(), hooks(again), None, journal).unwrap();
            prop_assert_eq!(again.tip(), mixed.tip());
            prop_assert_eq!(again.balances(), mixed.balances());
        }
    }
}
