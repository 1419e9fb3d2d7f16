//! Measures of storing: records made durable.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use journal::Journal;
use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Block, genesis};
use plugcoin_sdk::{Error, ErrorKind};

use crate::chain::Chain;
use crate::measure::Outcome;
use crate::rounds::{Effort, paired};
use crate::workbench::Workbench;

/// How many appends a side of a round has: one alone is as the disk's mood is.
pub(crate) const APPENDS: usize = 40;

/// How many records a group has.
const GROUP: usize = 64;

/// How many records are appended at once to make a long journal.
const FILL_RECORDS: usize = 4_096;

pub(crate) fn single(workbench: &Workbench) -> Result<Outcome, Error> {
    against_raw(workbench, 1)
}

pub(crate) fn group64(workbench: &Workbench) -> Result<Outcome, Error> {
    against_raw(workbench, GROUP)
}

/// Time a record in groups of so many, against one raw append and fdatasync a record.
fn against_raw(workbench: &Workbench, group: usize) -> Result<Outcome, Error> {
    let records = records(Chain {
        blocks: (APPENDS * group) as u64,
        transactions: 3,
        signers: 64,
    })?;
    let ours = fresh(&workbench.dir.join("append.json"))?;
    let raw_path = workbench.dir.join("append.raw");
    let mut raw = File::create(&raw_path).map_err(failed)?;
    let result = paired(
        workbench.effort,
        || raw_appends(&mut raw, &records[..APPENDS]),
        || appends(&ours, &records, group),
    )?;
    drop((raw, ours));
    remove(&workbench.dir, &["append.json", "append.raw"])?;
    let [raw_us, ours_us] = [result.baseline, result.ours].map(|seconds| seconds * 1e6);
    Ok(result.told(format!("{ours_us:.0} µs a block, raw {raw_us:.0} µs")))
}

pub(crate) fn growth_1m(workbench: &Workbench) -> Result<Outcome, Error> {
    let long = workbench.effort.size(1_000_000, 100_000);
    // Blocks of a reward alone: those of three transactions would be 1.7 GB.
    let chain = |blocks| Chain {
        blocks,
        transactions: 1,
        signers: 64,
    };
    let (short_path, long_path) = (
        workbench.dir.join("short.json"),
        workbench.dir.join("long.json"),
    );
    let (short, long_one) = (
        filled(&short_path, chain(1_000), |_| ())?,
        filled(&long_path, chain(long), |_| ())?,
    );
    // What comes after need not stand on it: a storage keeps what it is given.
    let further = records(chain(APPENDS as u64))?;
    let result = paired(
        workbench.effort,
        || appends(&short, &further, 1),
        || appends(&long_one, &further, 1),
    )?;
    drop((short, long_one));
    remove(&workbench.dir, &["short.json", "long.json"])?;
    let [short_us, long_us] = [result.baseline, result.ours].map(|seconds| seconds * 1e6);
    Ok(result.told(format!(
        "{long_us:.0} µs a block after {long} blocks, {short_us:.0} µs after 1000"
    )))
}

/// Seconds a record, each written alone and made durable.
fn raw_appends(file: &mut File, records: &[Record]) -> Result<f64, Error> {
    file.seek(SeekFrom::End(0)).map_err(failed)?;
    let begin = Instant::now();
    for record in records {
        file.write_all(record.text().as_bytes()).map_err(failed)?;
        file.sync_data().map_err(failed)?;
    }
    Ok(begin.elapsed().as_secs_f64() / records.len() as f64)
}

/// Seconds a record, appended in groups of so many.
pub(crate) fn appends(storage: &Journal, records: &[Record], group: usize) -> Result<f64, Error> {
    let begin = Instant::now();
    for group in records.chunks(group) {
        storage.append(group)?;
    }
    Ok(begin.elapsed().as_secs_f64() / records.len() as f64)
}

pub(crate) fn records(chain: Chain) -> Result<Vec<Record>, Error> {
    let blocks = chain.blocks();
    blocks.map(|block| block.map(Record::Block)).collect()
}

/// An empty journal, ready to be appended to.
fn fresh(path: &Path) -> Result<Journal, Error> {
    let storage = Journal::open(path)?;
    storage.replay(&mut |_| Ok(()))?;
    Ok(storage)
}

/// A journal with this chain in it, of which each block is seen as it passes; the genesis block is none.
pub(crate) fn filled(
    path: &Path,
    chain: Chain,
    mut seen: impl FnMut(&Block),
) -> Result<Journal, Error> {
    let storage = fresh(path)?;
    storage.append(&[Record::Block(genesis())])?;
    let mut group = Vec::new();
    for block in chain.blocks() {
        let block = block?;
        seen(&block);
        group.push(Record::Block(block));
        if group.len() == FILL_RECORDS {
            storage.append(&group)?;
            group.clear();
        }
    }
    storage.append(&group)?;
    Ok(storage)
}

/// Takes these files away again.
pub(crate) fn remove(dir: &Path, names: &[&str]) -> Result<(), Error> {
    for name in names {
        fs::remove_file(dir.join(name)).map_err(failed)?;
    }
    Ok(())
}

pub(crate) fn failed(cause: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the disk can't be measured").because(cause)
}

/// A machine's effort for what takes seconds a round.
pub(crate) fn few_rounds(effort: Effort) -> Effort {
    Effort {
        rounds: effort.rounds.min(7),
        ..effort
    }
}
