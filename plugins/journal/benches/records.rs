//! What the journal costs: appended to, replayed, and read where it is in the system's memory.

#![allow(clippy::expect_used, reason = "a bench")]
#![allow(missing_docs, reason = "what criterion's macros make")]

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use journal::Journal;
use plugcoin_sdk::hooks::{Record, Storage as _};
use plugcoin_sdk::ledger::{Block, Hash, genesis};
use plugcoin_testkit::fixtures::{SECOND_US, START_US, draft, nonce, pay};

/// How many blocks are replayed: long enough that threads take part.
const BLOCKS: u64 = 10_000;

/// How many blocks a part of a page has.
const RUN: usize = 64;

/// Blocks of three transactions; the genesis block is the first.
fn chain() -> Vec<Block> {
    let mut chain = vec![genesis()];
    for nr in 1..=BLOCKS {
        let time_us = START_US + SECOND_US * nr.cast_signed();
        let payments = [1, 2].map(|n| pay("A", "B", "0.00000001", time_us + n));
        let parent = &chain[chain.len() - 1];
        let block = draft(parent, "A", payments.to_vec(), time_us).sealed(&nonce(nr));
        chain.push(block.expect("a nonce"));
    }
    chain
}

fn open(path: &Path) -> Journal {
    let journal = Journal::open(path).expect("a journal");
    journal.replay(&mut |_| Ok(())).expect("its records");
    journal
}

fn journal(criterion: &mut Criterion) {
    let dir = tempfile::TempDir::new().expect("a folder");
    let chain = chain();
    let records: Vec<Record> = chain.iter().cloned().map(Record::Block).collect();
    let bytes: usize = chain.iter().map(|block| block.text().len()).sum();

    let mut group = criterion.benchmark_group("append, and wait for the disk");
    for count in [1, RUN] {
        let appended = open(&dir.path().join(format!("append-{count}.json")));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{count} blocks"), |bench| {
            bench.iter(|| {
                appended
                    .append(&records[..count])
                    .expect("room on the disk")
            });
        });
    }
    group.finish();

    let path = dir.path().join("blocks.json");
    open(&path).append(&records).expect("room on the disk");
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(format!("{BLOCKS} blocks of 3"), |bench| {
        let opened = || Journal::open(&path).expect("a journal");
        bench.iter_batched(
            opened,
            |journal| {
                journal
                    .replay(&mut |record| {
                        black_box(record);
                        Ok(())
                    })
                    .expect("its records");
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();

    let filled = open(&path);
    let hashes: Vec<Hash> = chain.iter().map(Block::hash).collect();
    // Neighbours lie far apart; any prime number that does not divide the length.
    let mut scattered = (0..hashes.len()).map(|n| n * 7_919 % hashes.len()).cycle();
    let mut next = |most: usize| scattered.next().unwrap_or(0).min(hashes.len() - most);
    let mut group = criterion.benchmark_group("read");
    group.bench_function("a block, waiting if need be", |bench| {
        bench.iter(|| filled.read(&hashes[next(1)]).expect("a block"));
    });
    group.bench_function("a block at hand", |bench| {
        bench.iter(|| filled.at_hand(&hashes[next(1)]).expect("a block"));
    });
    group.throughput(Throughput::Elements(RUN as u64));
    group.bench_function(format!("{RUN} neighbours at hand"), |bench| {
        bench.iter(|| {
            let from = next(RUN);
            filled
                .many_at_hand(&hashes[from..from + RUN], &mut |text| {
                    black_box(text);
                    true
                })
                .expect("blocks");
        });
    });
    group.finish();
}

criterion_group!(benches, journal);
criterion_main!(benches);
