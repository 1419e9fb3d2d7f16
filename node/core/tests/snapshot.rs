//! A start by a snapshot leaves the same node as a start by the whole journal.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use journal::Journal;
use plugcoin_core::{Config, Input, Levels, Node};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Origin, Record, Storage};
use plugcoin_sdk::ledger::{Block, Hash, genesis};
use plugcoin_testkit::fixtures::{self, SECOND_US, START_US};
use proptest::prelude::*;
use tempfile::TempDir;

#[path = "scenario/bench.rs"]
#[allow(dead_code, reason = "the scenarios use all of it")]
mod bench;

const NOW_US: i64 = START_US + 1_000_000 * SECOND_US;

/// A journal that counts the records that it shows.
struct Counted(Journal, AtomicUsize);

impl Counted {
    fn counting<'a>(
        &'a self,
        visit: &'a mut dyn FnMut(Record) -> Result<(), Error>,
    ) -> impl FnMut(Record) -> Result<(), Error> + 'a {
        |record| {
            self.1.fetch_add(1, Ordering::Relaxed);
            visit(record)
        }
    }
}

impl Storage for Counted {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        self.0.append(records)
    }
    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.0.replay(&mut self.counting(visit))
    }
    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.0.read(hash)
    }
    fn snapshot_position(&self) -> Option<u64> {
        self.0.snapshot_position()
    }
    fn save_snapshot(&self, position: u64, snapshot: &[u8]) -> Result<(), Error> {
        self.0.save_snapshot(position, snapshot)
    }
    fn load_snapshot(&self, show: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        self.0.load_snapshot(show)
    }
    fn replay_rest(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.0.replay_rest(&mut self.counting(visit))
    }
}

struct Opened {
    node: Node,
    storage: Arc<Counted>,
}

impl Opened {
    fn open(path: &Path, rules: &str) -> Self {
        let storage = Arc::new(Counted(Journal::open(path).unwrap(), AtomicUsize::new(0)));
        let config = Config {
            first_coin: false,
            snapshots_of: Some(Hash::of(rules)),
            ..Config::default()
        };
        let (node, records) = Node::open(
            NOW_US,
            config,
            bench::hooks(storage.clone()),
            None,
            plugcoin_core::Journal::SameRules,
        )
        .unwrap();
        storage.append(&records).unwrap();
        Self { node, storage }
    }

    fn handle(&mut self, input: Input) {
        let step = self.node.handle(NOW_US, input).unwrap();
        self.storage.append(&step.records).unwrap();
        self.node.committed();
    }

    fn take(&mut self, blocks: &[Block]) {
        for (n, block) in (0..).zip(blocks) {
            let (block, origin) = (block.clone(), Origin::Client);
            self.handle(Input::BlockReceived { block, origin });
            let transaction = fixtures::pay("key-1", "key-2", "0.01", NOW_US + n);
            let origin = Origin::Client;
            self.handle(Input::TransactionReceived {
                transaction,
                origin,
            });
        }
    }

    fn save(&self) {
        let position = self.storage.snapshot_position().unwrap();
        let snapshot = self.node.snapshot().unwrap();
        self.storage
            .save_snapshot(position, &snapshot.to_bytes())
            .unwrap();
    }

    /// How many records were visited.
    fn visited(&self) -> usize {
        self.storage.1.load(Ordering::Relaxed)
    }

    /// All that can be asked of it.
    fn answers(&self, blocks: &[Block]) -> impl PartialEq + std::fmt::Debug + use<> {
        let node = &self.node;
        let of_blocks = blocks.iter().map(|block| {
            let ids = block
                .transactions()
                .iter()
                .map(|t| node.transaction_nr(&t.id()));
            let from = node.levels(Levels::From(block.hash(), 100));
            (node.has_block(&block.hash()), from, ids.collect::<Vec<_>>())
        });
        let waiting = node.waiting_transactions().into_iter();
        (
            (node.tip(), node.blocks(), node.total(), node.balances()),
            waiting
                .map(|(transaction, _)| transaction)
                .collect::<Vec<_>>(),
            (
                node.levels(Levels::All),
                node.levels(Levels::Best(0, 1_000)),
            ),
            of_blocks.collect::<Vec<_>>(),
        )
    }
}

/// Blocks that stand on one another in any way.
fn tree(shape: &[(usize, u8)]) -> Vec<Block> {
    let mut blocks = vec![genesis()];
    for (n, &(back, payee)) in shape.iter().enumerate() {
        let parent = blocks[blocks.len() - 1 - back % blocks.len().min(5)].clone();
        let creator = format!("key-{}", n % 3);
        let time_us = parent.header().timestamp.us().max(START_US) + SECOND_US + n as i64;
        let to = format!("key-{}", payee % 4);
        let pays = parent.header().creator == creator && payee > 100;
        let payment = pays.then(|| fixtures::pay(&creator, &to, "0.5", time_us));
        let nonce = fixtures::nonce(n as u64);
        blocks.push(fixtures::block(
            &parent,
            &creator,
            payment.into_iter().collect(),
            time_us,
            &nonce,
        ));
    }
    blocks.split_off(1)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_same_node_as_by_the_whole_journal(
        shape in prop::collection::vec((0_usize..5, any::<u8>()), 1..40),
        (at, later) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("blocks-6000.json");
        let blocks = tree(&shape);
        let at = at.index(blocks.len());
        let later = at + later.index(blocks.len() - at);
        let mut node = Opened::open(&path, "rules");
        node.take(&blocks[..at]);
        node.save();
        node.take(&blocks[at..later]);
        let before = node.answers(&blocks);
        drop(node);
        let all = std::fs::read_to_string(&path).unwrap().lines().count() - 2;

        let mut by_snapshot = Opened::open(&path, "rules");
        prop_assert!(by_snapshot.visited() < all);
        prop_assert_eq!(&by_snapshot.answers(&blocks), &before);
        by_snapshot.take(&blocks[later..]);
        let after = by_snapshot.answers(&blocks);
        // Taken of a node that was itself opened by one.
        by_snapshot.save();
        drop(by_snapshot);
        let again = Opened::open(&path, "rules");
        prop_assert_eq!(again.visited(), 0);
        prop_assert_eq!(&again.answers(&blocks), &after);
        drop(again);

        let all = std::fs::read_to_string(&path).unwrap().lines().count() - 2;
        let other_rules = Opened::open(&path, "other rules");
        prop_assert_eq!(other_rules.visited(), all);
        drop(other_rules);
        std::fs::remove_file(path.with_extension("snapshot")).unwrap();
        let cold = Opened::open(&path, "rules");
        prop_assert_eq!(cold.visited(), all);
        prop_assert_eq!(&cold.answers(&blocks), &after);
    }
}

/// A snapshot that its storage shows before it has looked whether it holds.
#[test]
fn what_was_shown_and_does_not_hold_is_thrown_away() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    let blocks = tree(&[(0, 0); 8]);
    let mut node = Opened::open(&path, "rules");
    node.take(&blocks);
    node.save();
    drop(node);
    // A payment that waits becomes a payment to somebody else: the journal's bytes are others now, and no
    // less a journal, since payments of the own journal are believed.
    let text = std::fs::read_to_string(&path).unwrap();
    let line = |line: &str| match line.contains("creator") {
        true => line.to_owned() + "\n",
        false => line.replace("\"key-2\"", "\"key-3\"") + "\n",
    };
    let changed: String = text.lines().map(line).collect();
    assert_ne!(text, changed);
    std::fs::write(&path, changed).unwrap();
    let all = text.lines().count() - 2;
    let again = Opened::open(&path, "rules");
    assert_eq!(again.visited(), all, "the whole journal");
    let waiting = again.node.waiting_transactions();
    assert!(!waiting.is_empty());
    assert!(waiting.iter().all(|(payment, _)| payment.to() == "key-3"));
}
