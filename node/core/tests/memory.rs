//! What a chain costs in memory: all that grows with it, in the core and in the journal's index.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    unsafe_code,
    reason = "an allocator that counts can be written in no other way"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use journal::Journal;
use plugcoin_core::{Config, Node};
use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Amount, Block, Draft, genesis};
use plugcoin_testkit::fixtures::{MINER, START_US, draft_of, nonce, reward};

#[path = "scenario/bench.rs"]
#[allow(dead_code, reason = "the scenarios use all of it")]
mod bench;

/// The system's allocator, which counts the bytes that are in use.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        USED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the trait's promises, which are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The bounds of a chain's memory, in bytes; bodies stay on disk.
const BLOCK_BYTES_MAX: f64 = 200.0;
const TRANSACTION_BYTES_MAX: f64 = 48.0;

/// The list of the best chain has 8 bytes a block when it has just doubled, and 4 when it is full.
const LIST_SLACK_BYTES: f64 = 4.0;

/// A file with so many blocks of so many transactions, all of which pay the same key.
fn make(path: &Path, blocks: u64, transactions: u64) {
    let storage = Journal::open(path).unwrap();
    storage.replay(&mut |_| Ok(())).unwrap();
    let mut parent = genesis();
    storage.append(&[Record::Block(parent.clone())]).unwrap();
    let mut records = Vec::new();
    for nr in 0..blocks {
        let from_us = START_US + (nr * transactions) as i64;
        let rewards = (0..transactions as i64).map(|n| reward(MINER, Amount::ZERO, from_us + n));
        parent = sealed(draft_of(&parent, MINER, rewards.collect(), from_us), nr);
        records.push(Record::Block(parent.clone()));
    }
    storage.append(&records).unwrap();
}

fn sealed(draft: Draft, nr: u64) -> Block {
    draft.sealed(&nonce(nr)).unwrap()
}

/// What is in use when a node has opened such a chain.
fn used(blocks: u64, transactions: u64) -> f64 {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    make(&path, blocks, transactions);
    let before = USED.load(Ordering::Relaxed);
    let hooks = bench::hooks(Arc::new(Journal::open(&path).unwrap()));
    let rules = plugcoin_core::Journal::SameRules;
    let (node, _) = Node::open(START_US, Config::default(), hooks, None, rules).unwrap();
    assert_eq!(node.tip().nr, blocks);
    (USED.load(Ordering::Relaxed) - before) as f64
}

#[test]
fn a_block_and_a_transaction_cost_what_the_bounds_say() {
    // Whole chunks of rows, just after the tables have doubled: the worst moment.
    let blocks = 15 * 1_024;
    // What doesn't grow, as the bodies of the latest blocks, is in both and falls out.
    let growth = |transactions| {
        (used(2 * blocks, transactions) - used(blocks, transactions)) / blocks as f64
    };
    let (with_one, with_four) = (growth(1), growth(4));
    let a_transaction = (with_four - with_one) / 3.0;
    let a_block = with_one - a_transaction;
    assert!(
        a_transaction <= TRANSACTION_BYTES_MAX && a_transaction > 36.0,
        "{a_transaction} bytes a transaction"
    );
    assert!(
        a_block <= BLOCK_BYTES_MAX - LIST_SLACK_BYTES && a_block > 160.0,
        "{a_block} bytes a block"
    );
    println!("{a_block:.1} bytes a block, {a_transaction:.1} a transaction");
}
