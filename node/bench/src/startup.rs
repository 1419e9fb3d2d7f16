//! Measures of starting: a node opened on a long chain.

use std::fs::{self, File};
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use journal::Journal;
use plugcoin_core::{Config, Node};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Storage;
use plugcoin_sdk::ledger::{Block, Hash, Table};
use plugcoin_testkit::fixtures::{SECOND_US, START_US};

use crate::chain::Chain;
use crate::measure::Outcome;
use crate::rounds::paired;
use crate::storing::{failed, few_rounds, filled, remove};
use crate::workbench::Workbench;

pub(crate) const JOURNAL: &str = "startup.json";
pub(crate) const SNAPSHOT: &str = "startup.snapshot";

/// How many bytes are read at once.
const READ_BYTES: usize = 256 << 10;

pub(crate) fn cold(workbench: &Workbench) -> Result<Outcome, Error> {
    let (path, blocks) = (workbench.dir.join(JOURNAL), length(workbench));
    drop(filled(&path, chain(blocks), |_| ())?);
    let result = paired(
        few_rounds(workbench.effort),
        || parts(&path),
        || start(&path).map(|(seconds, _)| seconds),
    )?;
    remove(&workbench.dir, &[JOURNAL])?;
    let [parts_ms, ours_ms] = [result.baseline, result.ours].map(|seconds| seconds * 1e3);
    Ok(result.told(format!(
        "{ours_ms:.0} ms for {blocks} blocks, its parts {parts_ms:.0} ms"
    )))
}

pub(crate) fn snapshot(workbench: &Workbench) -> Result<Outcome, Error> {
    let (path, blocks) = (workbench.dir.join(JOURNAL), length(workbench));
    drop(filled(&path, chain(blocks), |_| ())?);
    save_snapshot(&path)?;
    let result = paired(
        few_rounds(workbench.effort),
        || read_bytes(&path),
        || start(&path).map(|(seconds, _)| seconds),
    )?;
    remove(&workbench.dir, &[JOURNAL, SNAPSHOT])?;
    let [read_ms, ours_ms] = [result.baseline, result.ours].map(|seconds| seconds * 1e3);
    Ok(result.told(format!(
        "{ours_ms:.0} ms for {blocks} blocks, reading the bytes {read_ms:.0} ms"
    )))
}

fn length(workbench: &Workbench) -> u64 {
    workbench.effort.size(100_000, 20_000)
}

fn chain(blocks: u64) -> Chain {
    Chain {
        blocks,
        transactions: 3,
        signers: 64,
    }
}

/// Keeps a snapshot of this journal beside it.
pub(crate) fn save_snapshot(path: &Path) -> Result<(), Error> {
    let (_, (node, storage)) = start(path)?;
    match (storage.snapshot_position(), node.snapshot()) {
        (Some(position), Some(snapshot)) => storage.save_snapshot(position, &snapshot.to_bytes()),
        _ => Ok(()),
    }
}

/// Seconds until a node is open, and the node.
pub(crate) fn start(path: &Path) -> Result<(f64, (Node, Arc<Journal>)), Error> {
    let begin = Instant::now();
    let storage = Arc::new(Journal::open(path)?);
    let config = Config {
        snapshots_of: Some(Hash::of("the rules of the bench")),
        ..Config::default()
    };
    let now_us = START_US + 1_000_000 * SECOND_US;
    let hooks = crate::hooks(storage.clone())?;
    let (node, _) = Node::open(
        now_us,
        config,
        hooks,
        None,
        plugcoin_core::Journal::SameRules,
    )?;
    Ok((begin.elapsed().as_secs_f64(), (node, storage)))
}

/// Seconds to read a file once, in pieces that stay in the cache.
fn read_bytes(path: &Path) -> Result<f64, Error> {
    let (mut file, mut buffer) = (File::open(path).map_err(failed)?, vec![0; READ_BYTES]);
    let begin = Instant::now();
    while file.read(&mut buffer).map_err(failed)? > 0 {}
    Ok(begin.elapsed().as_secs_f64())
}

/// The sum of what a start can't do without, each measured alone and on all cores where that can be:
/// the bytes read; blocks parsed with their ids, and hashed; ids and places put into their tables, each as a
/// whole.
fn parts(path: &Path) -> Result<f64, Error> {
    let reading = read_bytes(path)?;
    let text = fs::read_to_string(path).map_err(failed)?;
    let lines: Vec<&str> = text.lines().filter(|line| line.len() > 1).collect();
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = lines.len().div_ceil(cores).max(1);
    let begin = Instant::now();
    let hashes: Vec<Vec<[Hash; 4]>> = thread::scope(|scope| {
        let shares: Vec<_> = lines
            .chunks(share)
            .map(|lines| scope.spawn(|| lines.iter().filter_map(|line| parsed(line)).collect()))
            .collect();
        let joined = shares.into_iter().map(|thread| thread.join());
        joined.filter_map(Result::ok).collect()
    });
    let parsing = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let blocks = || (0_u32..).zip(hashes.iter().flatten());
    let tree = Table::of(blocks().map(|(nr, block)| (block[0], [u64::from(nr); 11])));
    let index = Table::of(blocks().map(|(nr, block)| (block[0], [nr; 3])));
    let of_block = |(nr, block): (u32, &[Hash; 4])| [1, 2, 3].map(|place| (block[place], nr));
    let ids = Table::of(blocks().flat_map(of_block));
    let tables = begin.elapsed().as_secs_f64();
    // Letting go of them is no part of a start.
    drop((tree, index, ids));
    Ok(reading + parsing + tables)
}

/// A block's hash and the ids of its transactions, as a start needs them.
fn parsed(line: &str) -> Option<[Hash; 4]> {
    let block = Block::parse(line.strip_suffix(',').unwrap_or(line)).ok()?;
    let mut hashes = [block.computed_hash(); 4];
    for (place, transaction) in hashes[1..].iter_mut().zip(block.transactions()) {
        *place = transaction.id();
    }
    Some(hashes)
}
