//! What a chain costs in memory: all that grows with it, in the core and in the journal's index.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    unsafe_code,
    reason = "an allocator that counts can be written in no other way"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use journal::Journal;
use plugcoin_core::limits::SIGNATURES_MAX;
use plugcoin_core::{Config, Input, Judging, Node, Reply};
use plugcoin_sdk::hooks::{Origin, Record, Storage};
use plugcoin_sdk::ledger::{Amount, Block, Draft, Transaction, genesis};
use plugcoin_testkit::fixtures::{self, MINER, SECOND_US, START_US, draft_of, nonce, reward};

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

/// What a block costs more when the two tables that have it have just grown: a number in them has 9 to 12 bytes.
const GROWN_BYTES: f64 = 5.0;

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
fn opened(blocks: u64, transactions: u64) -> f64 {
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

/// One test at a time: what others use would be counted too.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn what_a_start_makes_costs_what_the_bounds_say() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Whole chunks of rows. A start fills its tables exactly: the best moment.
    let blocks = 15 * 1_024;
    // What doesn't grow, as the bodies of the latest blocks, is in both and falls out.
    let growth = |transactions| {
        (opened(2 * blocks, transactions) - opened(blocks, transactions)) / blocks as f64
    };
    let (with_one, with_four) = (growth(1), growth(4));
    let a_transaction = (with_four - with_one) / 3.0;
    let a_block = with_one - a_transaction;
    println!("{a_block:.1} bytes a block, {a_transaction:.1} a transaction");
    within_bounds(a_block + GROWN_BYTES, a_transaction);
}

fn within_bounds(a_block: f64, a_transaction: f64) {
    assert!(
        a_transaction <= TRANSACTION_BYTES_MAX && a_transaction > 36.0,
        "{a_transaction} bytes a transaction"
    );
    assert!(
        a_block <= BLOCK_BYTES_MAX && a_block > 160.0,
        "{a_block} bytes a block"
    );
}

/// A node that runs, with its file.
struct Running {
    node: Node,
    storage: Arc<Journal>,
    now_us: i64,
    _dir: tempfile::TempDir,
}

impl Running {
    fn new() -> Self {
        let dir = tempfile::TempDir::new().unwrap();
        let storage = Arc::new(Journal::open(dir.path().join("blocks-6000.json")).unwrap());
        storage.replay(&mut |_| Ok(())).unwrap();
        let rules = plugcoin_core::Journal::SameRules;
        let now_us = START_US + 100_000 * SECOND_US;
        let hooks = bench::hooks(storage.clone());
        let (node, records) = Node::open(now_us, Config::default(), hooks, None, rules).unwrap();
        storage.append(&records).unwrap();
        Self {
            node,
            storage,
            now_us,
            _dir: dir,
        }
    }

    /// Takes blocks that share a write to the disk.
    fn take(&mut self, blocks: &[Block]) {
        let mut records = Vec::new();
        for block in blocks {
            let input = Input::BlockReceived {
                block: block.clone(),
                origin: Origin::Client,
            };
            let step = self.node.handle(self.now_us, input).unwrap();
            assert_eq!(step.reply, Reply::Accepted(block.hash()));
            records.extend(step.records);
        }
        self.storage.append(&records).unwrap();
        self.node.committed();
    }
}

/// A running node is looked at after so many blocks and again: whole chunks of rows are full, their worst moment.
const LOOK_EVERY: u64 = 1_024;

/// From which block on what a block costs is measured; what every chain costs falls out.
const GROWN_FROM: u64 = 2 * LOOK_EVERY;

/// A payment of the miner's that no other is like.
fn payment(number: i64, time_us: i64) -> Transaction {
    fixtures::pay(MINER, "B", "0.01", time_us + number)
}

/// What each block with so many transactions costs when a running node takes them: the least and the most
/// that was seen in the second half of them, in which each table grows some three times.
fn grown(blocks: u64, transactions: i64) -> (f64, f64) {
    let mut running = Running::new();
    // The verifier's memory is bounded: filled twice, it grows no more.
    let verifier = running.node.verifier();
    for from in (0..2 * SIGNATURES_MAX as i64).step_by(1_000) {
        let some = (from..from + 1_000).map(|number| (1, payment(number, 0)));
        verifier.transactions(&some.collect::<Vec<_>>(), &Judging::default());
    }
    // The miner has nothing before its first block.
    let mut parent = fixtures::block(&genesis(), MINER, Vec::new(), START_US, &nonce(0));
    running.take(std::slice::from_ref(&parent));
    let (mut before, mut least, mut most) = (0, f64::MAX, 0.0_f64);
    for taken in (LOOK_EVERY..=blocks).step_by(LOOK_EVERY as usize) {
        let mut batch = Vec::with_capacity(LOOK_EVERY as usize);
        for _ in 0..LOOK_EVERY {
            let nr = parent.nr() + 1;
            let time_us = START_US + SECOND_US * nr as i64;
            let payments = (1..transactions).map(|number| payment(number, time_us));
            parent = fixtures::block(&parent, MINER, payments.collect(), time_us, &nonce(nr));
            batch.push(parent.clone());
        }
        running.take(&batch);
        drop(batch);
        let used = USED.load(Ordering::Relaxed);
        if taken == GROWN_FROM {
            before = used;
        } else if taken >= blocks / 2 {
            let each = (used - before) as f64 / (taken - GROWN_FROM) as f64;
            (least, most) = (least.min(each), most.max(each));
        }
    }
    assert_eq!(running.node.tip().nr, blocks + 1);
    (least, most)
}

/// How long the chains are that a running node takes. Large tables have some 90 KB in any case, the room of
/// their shards: of a block of the first that is 2 bytes in the middle, and 1 at the end.
const GROWN_BLOCKS: u64 = 96 * LOOK_EVERY;
const GROWN_BLOCKS_OF_MANY: u64 = 16 * LOOK_EVERY;

/// How many transactions the blocks of the second have.
const MANY: i64 = 16;

#[test]
fn a_running_node_costs_what_the_bounds_say_also_when_its_tables_have_just_grown() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (least_with_one, most_with_one) = grown(GROWN_BLOCKS, 1);
    let (least_with_many, most_with_many) = grown(GROWN_BLOCKS_OF_MANY, MANY);
    println!("{least_with_one:.1} to {most_with_one:.1} bytes a block of one");
    println!("{least_with_many:.1} to {most_with_many:.1} bytes a block of {MANY}");
    // Each at its worst, whatever the other is at.
    let others = (MANY - 1) as f64;
    let a_transaction = (most_with_many - least_with_one) / others;
    let a_block = most_with_one - (least_with_many - most_with_one) / others;
    println!("{a_block:.1} bytes a block, {a_transaction:.1} a transaction");
    within_bounds(a_block, a_transaction);
}

/// How long the chain is beside which side blocks are taken.
const BEST_BLOCKS: u64 = 100;

/// How many side blocks are taken; what they cost is measured from the two thousandth on.
const SIDE_BLOCKS: u64 = 10_000;
const SIDE_BLOCKS_BEFORE: u64 = 2_000;

/// How many of them share a write to the disk.
const SIDE_BATCH: usize = 250;

/// What a side branch costs beyond its blocks: where it leaves the best chain, and what it weighs.
const HEAD_BYTES_MAX: f64 = 128.0;

/// What each side block costs at the most when a running node takes them;
/// `parent` says on which block each stands, by its number: on one of the best chain, or on the last.
fn side_bytes(parent: impl Fn(u64, &[Block], &Block) -> Block) -> f64 {
    let mut running = Running::new();
    let mut best = vec![genesis()];
    best.extend(fixtures::chain(BEST_BLOCKS));
    running.take(&best[1..]);
    let (mut last, mut before, mut most) = (genesis(), 0, 0.0_f64);
    for from in (0..SIDE_BLOCKS).step_by(SIDE_BATCH) {
        let mut batch = Vec::with_capacity(SIDE_BATCH);
        for number in from..from + SIDE_BATCH as u64 {
            let on = parent(number, &best, &last);
            let time_us = START_US + SECOND_US * (on.nr() as i64 + 1);
            last = fixtures::block(&on, "M", Vec::new(), time_us, &nonce(number));
            batch.push(last.clone());
        }
        running.take(&batch);
        drop(batch);
        let taken = from + SIDE_BATCH as u64;
        let used = USED.load(Ordering::Relaxed);
        if taken == SIDE_BLOCKS_BEFORE {
            before = used;
        } else if taken >= SIDE_BLOCKS / 2 {
            most = most.max((used - before) as f64 / (taken - SIDE_BLOCKS_BEFORE) as f64);
        }
    }
    assert_eq!(running.node.tip().hash, best[BEST_BLOCKS as usize].hash());
    most
}

#[test]
fn a_side_block_costs_no_more_however_cheap_it_is() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let alone = BLOCK_BYTES_MAX + TRANSACTION_BYTES_MAX;
    let head = alone + HEAD_BYTES_MAX;
    let on_genesis = side_bytes(|_, best, _| best[0].clone());
    let on_old_heights = side_bytes(|number, best, _| best[number as usize * 7 % 80].clone());
    let in_branches = side_bytes(|number, best, last| match number % 80 {
        0 => best[0].clone(),
        _ => last.clone(),
    });
    for (what, bytes, most) in [
        ("on genesis", on_genesis, head),
        ("on old heights", on_old_heights, head),
        ("in branches of 80 from genesis", in_branches, alone),
    ] {
        println!("{bytes:.1} bytes a side block {what}");
        assert!(
            bytes <= most && bytes > 100.0,
            "{bytes} bytes a side block {what}"
        );
    }
}
