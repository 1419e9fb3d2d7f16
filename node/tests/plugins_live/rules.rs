//! `halving`, `timestamps` and `ghost`: what a block pays, when it comes, and which branch wins.

use plugcoin_sdk::ledger::{Amount, Block, Timestamp};
use plugcoin_testkit::fixtures::{self, SECOND_US};
use rustix::process::Signal;

use crate::live::{Live, agreed, coins, live, live_with, on};
use crate::program::node;
use crate::program::world::alice;

#[test]
fn rewards_are_halved_and_add_up() {
    let rules = "--set zeros.zeros=0 --plugin halving --set halving.first_reward=9 \
                 --set halving.interval_blocks=2 --reward-to miner";
    let a = live(format!("{rules} --mine --mine-interval 20ms"));
    a.reach(1);
    let b = live(format!("{rules} --peer {}", a.address));
    b.reach(6);
    assert_eq!(a.stop(Signal::TERM).0, 0);
    let chain = b.chain();
    let mut sum = Amount::ZERO;
    for block in &chain[1..] {
        let paid = block.transactions().last().unwrap().amount();
        let halvings = u32::try_from(block.nr() / 2).unwrap();
        assert_eq!(paid.units(), 900_000_000 >> halvings, "{block:?}");
        sum = sum.checked_add(paid).unwrap();
    }
    let args = format!("wallet balance --of miner --node {}", b.address);
    assert_eq!(node(b.dir.path(), &args).out.trim(), sum.to_string());
    // What the default pays is not what is due now.
    let tip = chain.last().unwrap();
    let us = tip.header().timestamp.us() + SECOND_US;
    let one = fixtures::block(tip, "miner", Vec::new(), us, &fixtures::nonce(1));
    let refused = b.refuses("/block", one.text());
    assert_eq!(
        (&refused["rule"], &refused["plugin"]),
        (&"reward".into(), &"halving".into())
    );
    let due = Amount::from_units(900_000_000 >> (one.nr() / 2));
    assert!(
        refused["required"].to_string().contains(&due.to_string()),
        "{refused}"
    );
}

#[test]
fn a_block_too_soon_or_too_far_ahead_is_refused() {
    let blocks = coins(&["miner"]);
    let plain = "--set zeros.zeros=0";
    let strict = format!("{plain} --plugin timestamps --set timestamps.drift_s=100");
    let strict = live_with(strict, &alice(), &blocks);
    let plain = live_with(plain, &alice(), &blocks);
    let tip = &blocks[0];
    let later = |us| fixtures::block(tip, "miner", Vec::new(), us, &fixtures::nonce(1));
    let soon = tip.header().timestamp.us() + SECOND_US - 1;
    let now_us = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_micros();
    let ahead = i64::try_from(now_us).unwrap() + 1_000 * SECOND_US;
    for (us, words) in [(soon, "too soon"), (ahead, "too far ahead")] {
        let block = later(us);
        let refused = strict.refuses("/block", block.text());
        assert_eq!(refused["rule"], "time");
        assert_eq!(refused["plugin"], "timestamps");
        assert!(
            refused["errmsg"].as_str().unwrap().contains(words),
            "{refused}"
        );
        assert_eq!(refused["observed"], Timestamp::from_us(us).to_string());
        // `time` alone has nothing against it.
        plain.takes("/block", block.text());
    }
    let right = later(soon + 1);
    strict.takes("/block", right.text());
    assert_eq!(strict.tip(), right.hash().to_string());
}

/// A branch of three blocks, and one of a block with three children; the tree grows on block 1.
struct Tree {
    root: Vec<Block>,
    long: Vec<Block>,
    broad: Vec<Block>,
}

impl Tree {
    fn new() -> Self {
        let root = coins(&["miner"]);
        let mut long = vec![on(&root[0], "long", 20)];
        for second in [30, 40] {
            long.push(on(long.last().unwrap(), "long", second));
        }
        let stem = on(&root[0], "broad", 21);
        let children = ["first", "second", "third"].map(|creator| on(&stem, creator, 31));
        Self {
            broad: [vec![stem], children.to_vec()].concat(),
            root,
            long,
        }
    }

    fn start(&self, args: &str) -> Live {
        live_with(format!("--set zeros.zeros=0 {args}"), &alice(), &self.root)
    }

    fn post(&self, node: &Live, blocks: &[Block]) -> String {
        for block in blocks {
            node.takes("/block", block.text());
        }
        node.tip()
    }
}

#[test]
fn a_reorganisation_that_only_ghost_makes() {
    let tree = Tree::new();
    let a = tree.start("--plugin ghost");
    let b = tree.start(&format!("--plugin ghost --peer {}", a.address));
    let plain = tree.start("");
    agreed(&[&a, &b], 1);
    crate::live::acquainted(&[&a, &b]);
    let long = tree.long[2].hash().to_string();
    for node in [&a, &plain] {
        assert_eq!(tree.post(node, &tree.long), long);
        // Three blocks against three: who was seen first stays.
        assert_eq!(tree.post(node, &tree.broad[..3]), long);
    }
    agreed(&[&a, &b], 4);
    // The fourth outweighs them for ghost; for the default the branch is one shorter.
    let first = tree.broad[1].hash().to_string();
    assert_eq!(tree.post(&a, &tree.broad[3..]), first);
    assert_eq!(tree.post(&plain, &tree.broad[3..]), long);
    agreed(&[&a, &b], 3);
    assert_eq!(b.tip(), first);
    for (node, count) in [(&a, 1), (&b, 1), (&plain, 0)] {
        assert_eq!(
            node.log().matches("reorganised").count(),
            count,
            "{}",
            node.log()
        );
    }
}
