//! [`Growth`]: what things cost with a chain of some length.

use std::path::Path;

use journal::Journal;
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Storage as _;
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::core::{Rig, World};
use crate::rounds::{Effort, Spread};
use crate::serving;
use crate::startup::{JOURNAL, SNAPSHOT, save_snapshot, start};
use crate::storing::{APPENDS, appends, failed, filled, records, remove};
use crate::workbench::Workbench;

/// Blocks of a round in the core.
const CORE_BLOCKS: u64 = 100;

/// What things cost with a chain of some length, in the middle of some rounds.
///
/// * The blocks have a reward alone, so that a million fit on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// The chain's length.
    pub blocks: u64,
    /// The journal's length, in bytes.
    pub journal_bytes: u64,
    /// A block appended and made durable, in microseconds.
    pub append_us: f64,
    /// A block of two payments in the core, in microseconds; signatures are believed.
    pub block_us: f64,
    /// A payment in the core, in microseconds.
    pub payment_us: f64,
    /// From the files to an open node, without a snapshot, in milliseconds.
    pub cold_ms: f64,
    /// The same with a snapshot.
    pub snapshot_ms: f64,
    /// CPU time of the server for a block that is asked for by its hash, in microseconds; none if the
    /// system doesn't say.
    pub getdata_us: Option<f64>,
    /// The memory of a node that has started on it and served these blocks, in bytes; none if the system
    /// doesn't say.
    pub memory_bytes: Option<u64>,
}

impl Growth {
    /// The lengths of which a table is made; the last one only if there is time.
    pub fn lengths(effort: Effort) -> &'static [u64] {
        effort.size(&[1_000, 10_000, 100_000, 1_000_000], &[1_000, 10_000])
    }

    /// What each cell of [`row`](Self::row) is.
    pub const HEAD: [&str; 9] = [
        "blocks",
        "journal",
        "append",
        "core: a block",
        "a payment",
        "start",
        "with snapshot",
        "serve a block",
        "memory",
    ];

    /// The cells of a row, for people.
    pub fn row(&self) -> [String; 9] {
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let us = |us: f64| format!("{us:.1} µs");
        let ms = |ms: f64| format!("{ms:.1} ms");
        [
            self.blocks.to_string(),
            megabytes(self.journal_bytes),
            us(self.append_us),
            us(self.block_us),
            us(self.payment_us),
            ms(self.cold_ms),
            ms(self.snapshot_ms),
            self.getdata_us.map_or("?".to_owned(), us),
            self.memory_bytes.map_or("?".to_owned(), megabytes),
        ]
    }

    /// The same as an object, each figure under its own name.
    pub fn json(&self) -> Value {
        json!({
            "blocks": self.blocks,
            "journal_bytes": self.journal_bytes,
            "append_us": self.append_us,
            "block_us": self.block_us,
            "payment_us": self.payment_us,
            "cold_ms": self.cold_ms,
            "snapshot_ms": self.snapshot_ms,
            "getdata_us": self.getdata_us,
            "memory_bytes": self.memory_bytes,
        })
    }

    /// Measures with a chain of so many blocks, of which a few hundred are the least: each of the keys
    /// that pay in the core has mined one.
    ///
    /// # Errors
    /// Whatever went wrong.
    pub fn measure(bench: &Workbench, blocks: u64) -> Result<Self, Error> {
        let chain = Chain {
            blocks,
            transactions: 1,
            signers: 64,
        };
        let path = bench.dir.join(JOURNAL);
        drop(filled(&path, chain, |_| ())?);
        let journal_bytes = std::fs::metadata(&path).map_err(failed)?.len();
        let rounds = bench.effort.rounds.min(7);
        let cold = median(rounds, || start(&path).map(|(seconds, _)| seconds))?;
        save_snapshot(&path)?;
        let snapshot = median(rounds, || start(&path).map(|(seconds, _)| seconds))?;
        let append = append_to(&path, chain, rounds)?;
        remove(&bench.dir, &[JOURNAL, SNAPSHOT])?;

        let mut rig = Rig::new(World {
            waiting: 1_000,
            ..World::plain(blocks)
        })?;
        let mut payments_us = Vec::with_capacity(rounds);
        let block_us = median(rounds, || {
            rig.round(CORE_BLOCKS)?;
            payments_us.push(rig.payment_us);
            Ok(rig.block_us)
        })?;
        drop(rig);

        let (getdata_ns, memory_bytes) = serving::alone(bench, chain)?;
        Ok(Self {
            blocks,
            journal_bytes,
            append_us: append * 1e6,
            block_us,
            payment_us: Spread::of(payments_us).median,
            cold_ms: cold * 1e3,
            snapshot_ms: snapshot * 1e3,
            getdata_us: getdata_ns.map(|ns| ns / 1e3),
            memory_bytes,
        })
    }
}

/// Seconds to append a block to this journal, each made durable.
fn append_to(path: &Path, chain: Chain, rounds: usize) -> Result<f64, Error> {
    let journal = Journal::open(path)?;
    journal.replay(&mut |_| Ok(()))?;
    // A storage keeps what it is given: what comes need not stand on what is there.
    let further = records(Chain {
        blocks: APPENDS as u64,
        ..chain
    })?;
    median(rounds, || appends(&journal, &further, 1))
}

/// The middle of so many rounds, after one to warm up.
fn median(rounds: usize, mut round: impl FnMut() -> Result<f64, Error>) -> Result<f64, Error> {
    round()?;
    let values = (0..rounds).map(|_| round()).collect::<Result<_, _>>()?;
    Ok(Spread::of(values).median)
}
