//! Measures of syncing: a whole chain from a peer on this machine.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use journal::Journal;
use plugcoin_core::limits::PAGE_LEVELS;
use plugcoin_sdk::hooks::{Record, Storage as _};
use plugcoin_sdk::ledger::{Block, merkle};
use plugcoin_sdk::{Error, ErrorKind};

use crate::chain::Chain;
use crate::measure::{Measured, Outcome};
use crate::process::{Process, journal};
use crate::rounds::Spread;
use crate::storing::filled;
use crate::verify;
use crate::workbench::Workbench;

/// How long a node may take for the whole chain.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often the node that syncs is asked how far it is.
const LOOK_EACH: Duration = Duration::from_millis(20);

/// Two nodes, each a process of its own: one has the chain, the other one fetches it. Its time begins
/// when it serves, and ends when it says that it has the last block, which is then on disk.
///
/// The parts, one after another in this process: reading and hashing the blocks, and verifying what is
/// in them, both on all cores; appending the blocks, so many at once as a page has. They are measured
/// anew beside each sync, so that a machine that is slow for a while bears on both.
pub(crate) fn of_100k(bench: &Workbench) -> Result<Outcome, Error> {
    let chain = Chain {
        blocks: bench.effort.size(100_000, 10_000),
        transactions: 3,
        signers: 64,
    };
    let mut texts = Vec::new();
    let stored = filled(&journal(bench, "source")?, chain, |block| {
        texts.push(block.text().to_owned());
    })?;
    drop(stored);
    let source = Process::start(bench, "source", &[])?;
    let peer = source.at.to_string();
    let mut rounds = Vec::new();
    let mut memory_bytes = 0;
    for round in 0..bench.effort.size(3, 1) {
        let parts = Parts::measure(&texts, &bench.dir.join(format!("alone-{round}.json")))?;
        let begin = Instant::now();
        let copy = Process::start(bench, &format!("copy-{round}"), &["--peer", &peer])?;
        let started = begin.elapsed();
        while copy.height()? < chain.blocks {
            if begin.elapsed() > PATIENCE {
                return Err(failed("the node did not get the whole chain"));
            }
            thread::sleep(LOOK_EACH);
        }
        rounds.push(((begin.elapsed() - started).as_secs_f64(), parts));
        memory_bytes = memory_bytes.max(copy.memory_max_bytes().unwrap_or(0));
    }
    let spread = |value: fn(&(f64, Parts)) -> f64| Spread::of(rounds.iter().map(value).collect());
    Ok(Outcome::Measured(Measured {
        ratio: spread(|(time, parts)| time / parts.sum().as_secs_f64()),
        absolute: format!(
            "{} blocks in {:.2} s; read {:.2} + verify {:.2} + append {:.2} s; at most {} MB",
            chain.blocks,
            spread(|(time, _)| *time).median,
            spread(|(_, parts)| parts.read.as_secs_f64()).median,
            spread(|(_, parts)| parts.verify.as_secs_f64()).median,
            spread(|(_, parts)| parts.append.as_secs_f64()).median,
            memory_bytes >> 20,
        ),
    }))
}

fn append(journal: &Journal, blocks: Vec<Block>) -> Result<(), Error> {
    let records: Vec<Record> = blocks.into_iter().map(Record::Block).collect();
    journal.append(&records)
}

/// What a sync is made of, measured alone.
struct Parts {
    read: Duration,
    verify: Duration,
    append: Duration,
}

impl Parts {
    fn measure(texts: &[String], path: &Path) -> Result<Self, Error> {
        let begin = Instant::now();
        let blocks = read(texts)?;
        let read = begin.elapsed();
        let begin = Instant::now();
        verify::on_all_cores(&blocks)?;
        let verify = begin.elapsed();
        let journal = Journal::open(path)?;
        journal.replay(&mut |_| Ok(()))?;
        let begin = Instant::now();
        for page in blocks.chunks(PAGE_LEVELS as usize) {
            append(&journal, page.to_vec())?;
        }
        let append = begin.elapsed();
        Ok(Self {
            read,
            verify,
            append,
        })
    }

    fn sum(&self) -> Duration {
        self.read + self.verify + self.append
    }
}

/// Reads blocks and computes their hashes and roots, on all cores.
fn read(texts: &[String]) -> Result<Vec<Block>, Error> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = texts.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = texts
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().map(|text| read_one(text)).collect()))
            .collect();
        let mut all = Vec::with_capacity(texts.len());
        for worker in workers {
            let joined = worker.join();
            let blocks: Result<Vec<Block>, Error> =
                joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.extend(blocks?);
        }
        Ok(all)
    })
}

fn read_one(text: &str) -> Result<Block, Error> {
    let block = Block::parse(text).map_err(|invalid| failed(&invalid.to_string()))?;
    let leaves: Vec<_> = block.transactions().iter().map(|one| one.leaf()).collect();
    let header = block.header();
    match block.computed_hash() == header.hash && merkle::root(&leaves) == header.merkle_root {
        true => Ok(block),
        false => Err(failed("a block of the chain to measure with is bad")),
    }
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported, why.to_owned())
}
