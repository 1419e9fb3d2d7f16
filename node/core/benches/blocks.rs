//! What a block costs on its way through the node: read, hashed, its root, judged and taken.
//!
//! * Signatures are believed and storage is memory, so that the core's own work is seen.

#![allow(clippy::expect_used, reason = "a bench")]
#![allow(missing_docs, reason = "what criterion's macros make")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use plugcoin_core::{Config, Input, Journal, Node, Reply};
use plugcoin_sdk::hooks::{Origin, Storage as _};
use plugcoin_sdk::ledger::{Block, genesis, merkle};
use plugcoin_testkit::doubles::MemoryStorage;
use plugcoin_testkit::fixtures::{SECOND_US, START_US, draft, nonce, pay};

#[path = "../tests/scenario/bench.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "the scenarios use all of it")]
mod bench;

/// How many blocks are taken at once, so that opening a node is not seen.
const BLOCKS: u64 = 200;

/// Blocks of so many transactions each; the first has a reward alone, which is what the others spend.
fn chain(transactions: u64) -> Vec<Block> {
    let mut chain = vec![genesis()];
    for nr in 1..=BLOCKS {
        let time_us = START_US + SECOND_US * nr.cast_signed();
        let payments = match nr {
            1 => 0,
            _ => transactions - 1,
        };
        let payments = (0..payments)
            .map(|n| pay("A", "B", "0.00000001", time_us + n.cast_signed()))
            .collect();
        let parent = &chain[chain.len() - 1];
        let block = draft(parent, "A", payments, time_us).sealed(&nonce(nr));
        chain.push(block.expect("a nonce"));
    }
    chain.split_off(1)
}

fn blocks(criterion: &mut Criterion) {
    for transactions in [1, 3, 100] {
        let chain = chain(transactions);
        let texts: Vec<String> = chain.iter().map(|block| block.text().to_owned()).collect();
        let text = &texts[texts.len() - 1];
        let name = format!("a block of {transactions}");
        let mut group = criterion.benchmark_group(&name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("read", |bench| {
            bench.iter(|| Block::parse(black_box(text)).expect("a block"));
        });
        // What was computed once is remembered, so that each is read anew.
        let read = || Block::parse(text).expect("a block");
        group.bench_function("hash", |bench| {
            bench.iter_batched(read, |block| block.computed_hash(), BatchSize::SmallInput);
        });
        group.bench_function("leaves and root", |bench| {
            bench.iter_batched(
                read,
                |block| {
                    let leaves = block.transactions().iter().map(|one| one.leaf());
                    merkle::root(&leaves.collect::<Vec<_>>())
                },
                BatchSize::SmallInput,
            );
        });
        group.throughput(Throughput::Elements(BLOCKS));
        group.bench_function("taken by the core", |bench| {
            bench.iter_batched(
                || {
                    (
                        open(),
                        texts.iter().map(|text| Block::parse(text)).collect(),
                    )
                },
                |(mut opened, blocks): (_, Vec<_>)| {
                    for block in blocks {
                        take(&mut opened, block.expect("a block"));
                    }
                    opened
                },
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

fn open() -> (Node, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    let hooks = bench::hooks(storage.clone());
    let now_us = START_US + 1_000_000 * SECOND_US;
    let (node, records) = Node::open(now_us, Config::default(), hooks, None, Journal::SameRules)
        .expect("a node opens");
    storage.append(&records).expect("memory takes it");
    (node, storage)
}

fn take((node, storage): &mut (Node, Arc<MemoryStorage>), block: Block) {
    let now_us = START_US + 1_000_000 * SECOND_US;
    let origin = Origin::Client;
    let step = node
        .handle(now_us, Input::BlockReceived { block, origin })
        .expect("no fault");
    assert!(matches!(step.reply, Reply::Accepted(_)), "{:?}", step.reply);
    storage.append(&step.records).expect("memory takes it");
    node.committed();
}

criterion_group!(benches, blocks);
criterion_main!(benches);
