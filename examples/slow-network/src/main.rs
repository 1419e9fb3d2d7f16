//! Experiment: what slow messages cost, in a simulated world.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::sync::Arc;

use plugcoin_core::Config;
use plugcoin_lab::{Link, World};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Event, Storage};
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_testkit::doubles::PlainSigner;
use plugcoin_testkit::fixtures::{SECOND_US, START_US};

/// Five miners, and a network in which every message is this long under way.
///
/// The height after an hour, and how many blocks were mined for nothing.
fn an_hour(delay_us: i64) -> Result<(u64, u64), Error> {
    let link = Link {
        delay_min_us: delay_us,
        delay_max_us: delay_us,
        ..Link::default()
    };
    let mut world = World::new(1, START_US, link);
    for miner in 0..5 {
        let config = Config {
            mine: true,
            mine_interval_us: 10 * SECOND_US,
            reward_to: Some(format!("miner-{miner}")),
            ..Config::default()
        };
        let others: Vec<usize> = (0..5).filter(|other| *other != miner).collect();
        world.add(hooks, None, config, &others)?;
    }
    world.run_us(3_600 * SECOND_US)?;
    let mined = (0..5).flat_map(|miner| world.events(miner));
    let mined = mined.filter(|event| matches!(event, Event::BlockAccepted { own: true, .. }));
    let height = world.node(0).map_or(0, |node| node.tip().nr);
    Ok((height, (mined.count() as u64).saturating_sub(height)))
}

/// The default rules, but signatures and work that cost nothing: here the world says who finds what.
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

fn main() -> Result<(), Error> {
    println!("delay     height   mined for nothing");
    for delay_ms in [1, 10, 100, 1_000] {
        let (height, lost) = an_hour(delay_ms * 1_000)?;
        println!("{delay_ms:>5} ms {height:>7} {lost:>19}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_messages_cost_blocks_and_the_same_seed_tells_the_same() {
        let (_, fast) = an_hour(1_000).unwrap();
        let (_, slow) = an_hour(1_000_000).unwrap();
        assert!(fast < slow, "{fast} blocks were lost, and then {slow}");
        assert_eq!(an_hour(1_000_000).unwrap().1, slow);
    }
}
