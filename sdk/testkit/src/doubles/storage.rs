//! [`MemoryStorage`] and [`FailingStorage`]: storage that keeps nothing, storage that fails.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Block, Hash};
use plugcoin_sdk::{Error, ErrorKind};

/// Storage in memory, for tests and simulations.
///
/// * Blocks are shared with whoever appended them, not copied.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    records: Vec<Record>,
    blocks: HashMap<Hash, Block>,
}

impl MemoryStorage {
    /// Storage that is empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Storage that holds these records already, as after a restart.
    pub fn with(records: Vec<Record>) -> Self {
        let storage = Self::new();
        storage.keep(&records);
        storage
    }

    /// All records, in the order in which they were appended.
    pub fn records(&self) -> Vec<Record> {
        self.kept().records.clone()
    }

    fn keep(&self, records: &[Record]) {
        let mut kept = self.kept();
        for record in records {
            if let Record::Block(block) = record {
                kept.blocks.insert(block.hash(), block.clone());
            }
            kept.records.push(record.clone());
        }
    }

    /// A thread that panicked can't have left a record half done.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MemoryStorage {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        self.keep(records);
        Ok(())
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.records().into_iter().try_for_each(visit)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let block = self.kept().blocks.get(hash).cloned();
        Ok(block.map(|block| block.text().as_bytes().to_vec()))
    }

    fn block(&self, hash: &Hash) -> Result<Option<Block>, Error> {
        Ok(self.kept().blocks.get(hash).cloned())
    }
}

/// Storage in memory whose disk fails: so many appends succeed, and none after them.
///
/// * The first failing append keeps a prefix of its records if [`tearing`](Self::tearing) says so,
///   as a power cut may.
#[derive(Debug)]
pub struct FailingStorage {
    kept: MemoryStorage,
    left: Mutex<Left>,
}

#[derive(Debug)]
struct Left {
    appends: u64,
    torn_records: usize,
}

impl FailingStorage {
    /// Storage of which so many appends succeed.
    pub fn after(appends: u64) -> Self {
        Self {
            kept: MemoryStorage::new(),
            left: Mutex::new(Left {
                appends,
                torn_records: 0,
            }),
        }
    }

    /// Lets the first failing append keep this many of its records.
    #[must_use]
    pub fn tearing(self, records: usize) -> Self {
        self.left().torn_records = records;
        self
    }

    /// What is found after a restart, on a disk that works again.
    pub fn restarted(&self) -> MemoryStorage {
        MemoryStorage::with(self.kept.records())
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for FailingStorage {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        let mut left = self.left();
        if let Some(appends) = left.appends.checked_sub(1) {
            left.appends = appends;
            return self.kept.append(records);
        }
        let torn = std::mem::take(&mut left.torn_records).min(records.len());
        self.kept.keep(&records[..torn]);
        Err(Error::new(
            ErrorKind::Io,
            "the storage fails, as this test wants it to",
        ))
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.kept.replay(visit)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.kept.read(hash)
    }

    fn block(&self, hash: &Hash) -> Result<Option<Block>, Error> {
        self.kept.block(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::chain;

    #[test]
    fn it_fails_when_its_count_is_down_and_keeps_what_was_torn() {
        let records: Vec<Record> = chain(4).into_iter().map(Record::Block).collect();
        let storage = FailingStorage::after(1).tearing(2);
        storage.append(&records[..1]).unwrap();
        let error = storage.append(&records[1..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(storage.append(&records[1..2]).is_err(), "it stays broken");
        assert_eq!(storage.restarted().records(), records[..3]);
    }
}
