//! What comes of the rule, in a simulated world.

use std::sync::Arc;

use plugcoin_core::Config;
use plugcoin_lab::{Link, World};
use plugcoin_sdk::hooks::Storage;
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_testkit::doubles::PlainSigner;
use plugcoin_testkit::fixtures::{SECOND_US, START_US};
use stubborn::Stubborn;

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
        fork_choice: Active::new("stubborn", Arc::new(Stubborn)),
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

#[test]
fn two_sides_of_a_cut_never_agree_again() {
    let mut world = World::new(1, START_US, Link::default());
    for (miner, knows) in [("alice", 1), ("bob", 0)] {
        let config = Config {
            mine: true,
            reward_to: Some(miner.into()),
            ..Config::default()
        };
        world.add(hooks, None, config, &[knows]).unwrap();
    }
    world.cut(0, 1, true);
    world.run_us(60 * SECOND_US).unwrap();
    world.heal();
    world.run_us(1_800 * SECOND_US).unwrap();
    let (alice, bob) = (world.node(0).unwrap(), world.node(1).unwrap());
    assert!(alice.tip().nr > 100 && bob.tip().nr > 100);
    assert_eq!(alice.balance("bob").to_string(), "0");
    assert_eq!(bob.balance("alice").to_string(), "0");
}
