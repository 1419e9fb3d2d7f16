//! Storage: in memory, gone when the node stops.

use std::sync::{Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::Hash;

/// Keeps all records in memory.
#[derive(Debug, Default)]
pub struct MyRule(Mutex<Vec<Record>>);

impl MyRule {
    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MyRule {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        self.records().extend_from_slice(records);
        Ok(())
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        // Copied first: the visitor may read what it was shown, which takes the lock again.
        let records = self.records().clone();
        records.into_iter().try_for_each(visit)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        // One after the other; a real storage remembers where each block is.
        let is_it = |record: &&Record| match record {
            Record::Block(block) => block.hash() == *hash,
            Record::Transaction(_) => false,
        };
        let records = self.records();
        let found = records.iter().find(is_it);
        Ok(found.map(|record| record.text().as_bytes().to_vec()))
    }
}

plugcoin_sdk::register!(Storage, "my-rule", |_| Ok(MyRule::default()));
