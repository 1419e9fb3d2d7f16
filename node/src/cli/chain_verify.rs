//! `node chain verify`: check a stored chain under these rules.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plugcoin_core::{Journal, Node};
use plugcoin_sdk::hooks::{Record, Signer, Storage};
use plugcoin_sdk::ledger::{Hash, Transaction};
use plugcoin_sdk::plugin::Active;
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::json;

use super::chain_file;
use super::output;
use super::{ExitCode, Failure};
use crate::config::Config;
use crate::run::clock::now_us;

/// Checks every record of a stored chain under the configured rules, and names the first fault.
///
/// # Errors
/// [`ExitCode::Chain`] at the first fault.
pub(super) fn verify(config: &Config, file: &Path, json: bool) -> Result<(), Failure> {
    let plan = config.plan(config.port)?;
    let stored = Arc::new(Stored::new(file, plan.signer()?.hook));
    let resolved = plan.create_on(Active::new("file", stored.clone()))?;
    let core = plugcoin_core::Config::default();
    let (node, missing) = Node::open(now_us(), core, resolved.hooks, None, Journal::Judge)?;
    if !missing.is_empty() {
        return Err(Failure::new(
            ExitCode::Chain,
            format!("{} holds no block, not even the first", file.display()),
        ));
    }
    let tip = node.tip();
    let seen = stored.seen();
    let torn = match seen.torn_bytes {
        0 => String::new(),
        bytes => format!(
            "\nThe end of the file is torn, or a node is writing it: {bytes} bytes follow the last record."
        ),
    };
    match json {
        true => output::answer(json!({
            "file": file.display().to_string(),
            "ok": true,
            "height": tip.nr,
            "tip": tip.hash,
            "blocks": node.blocks(),
            "transactions": seen.transactions,
            "waiting": node.waiting(),
            "fingerprint": resolved.fingerprint,
            "torn_bytes": seen.torn_bytes,
        })),
        false => output::answer(format!(
            "OK: every rule is kept.\n\
             height {}, tip {}\n\
             {} blocks with {} transactions, {} waiting\n\
             rules {}{torn}",
            tip.nr,
            tip.hash,
            node.blocks(),
            seen.transactions,
            node.waiting(),
            resolved.fingerprint,
        )),
    }
    Ok(())
}

/// A stored chain as storage that can only be read.
///
/// * It remembers on which line each block is, not the blocks.
struct Stored {
    path: PathBuf,
    signer: Arc<dyn Signer>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The line of each block, from 1.
    lines: HashMap<Hash, u64>,
    /// Where each line begins, and the last one ends; empty until it is needed.
    starts: Vec<u64>,
    transactions: u64,
    torn_bytes: u64,
}

impl Stored {
    fn new(path: &Path, signer: Arc<dyn Signer>) -> Self {
        Self {
            path: path.to_owned(),
            signer,
            seen: Mutex::default(),
        }
    }

    /// A thread that panicked can't have left it half changed.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node leaves out a waiting transaction that no longer holds; but none was ever unsigned.
    fn check_signature(&self, transaction: &Transaction) -> Result<(), Error> {
        let text = transaction.unsigned_text();
        match self
            .signer
            .verify(transaction.from(), text, transaction.signature())?
        {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::Corrupt,
                "the signature of a stored transaction does not hold",
            )
            .with("transaction", transaction.id())),
        }
    }

    fn read_line(&self, line: u64) -> std::io::Result<Vec<u8>> {
        let mut seen = self.seen();
        let at = usize::try_from(line).unwrap_or(usize::MAX);
        if seen.starts.len() <= at {
            seen.starts = starts(&self.path)?;
        }
        let before = at.checked_sub(1).and_then(|before| seen.starts.get(before));
        let (Some(&from), Some(&to)) = (before, seen.starts.get(at)) else {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        };
        drop(seen);
        let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(0)];
        File::open(&self.path)?.read_exact_at(&mut bytes, from)?;
        let record = bytes.trim_ascii_end();
        let record = record.strip_suffix(b",").unwrap_or(record);
        Ok(record.to_vec())
    }
}

/// Where each line of a file begins, and where the last one ends.
fn starts(path: &Path) -> std::io::Result<Vec<u64>> {
    let mut file = BufReader::with_capacity(256 << 10, File::open(path)?);
    let (mut starts, mut offset) = (vec![0], 0);
    loop {
        let length = file.skip_until(b'\n')? as u64;
        if length == 0 {
            return Ok(starts);
        }
        offset += length;
        starts.push(offset);
    }
}

impl Storage for Stored {
    fn append(&self, _records: &[Record]) -> Result<(), Error> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a chain that is verified is not written to",
        ))
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        let torn = chain_file::visit(&self.path, &mut |line, record| {
            match &record {
                Record::Block(block) => {
                    let mut seen = self.seen();
                    seen.lines.insert(block.hash(), line);
                    seen.transactions += block.transactions().len() as u64;
                }
                Record::Transaction(transaction) => self
                    .check_signature(transaction)
                    .map_err(|error| error.with("line", line))?,
            }
            visit(record).map_err(|error| error.with("line", line))
        })?;
        self.seen().torn_bytes = torn.map_or(0, |torn| torn.bytes);
        Ok(())
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let Some(line) = self.seen().lines.get(hash).copied() else {
            return Ok(None);
        };
        self.read_line(line).map(Some).map_err(|error| {
            Error::new(ErrorKind::Io, "the stored chain can't be read")
                .with("file", self.path.display())
                .with("line", line)
                .because(error)
        })
    }
}
