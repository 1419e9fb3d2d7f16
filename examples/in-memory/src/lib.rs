//! Storage: in memory, gone when the node stops.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::Hash;

/// Keeps all records in memory, and where among them each block is.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    records: Vec<Record>,
    blocks: HashMap<Hash, usize>,
}

impl InMemory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for InMemory {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        let mut kept = self.kept();
        for record in records {
            if let Record::Block(block) = record {
                let place = kept.records.len();
                kept.blocks.insert(block.hash(), place);
            }
            kept.records.push(record.clone());
        }
        Ok(())
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        // Copied first: the visitor may read what it was shown, which takes the lock again.
        let records = self.kept().records.clone();
        records.into_iter().try_for_each(visit)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let kept = self.kept();
        let place = kept.blocks.get(hash);
        Ok(place.map(|place| kept.records[*place].text().as_bytes().to_vec()))
    }
}

plugcoin_sdk::register!(Storage, "in-memory", |_| Ok(InMemory::default()));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::suite;
    use std::sync::Arc;

    #[test]
    fn it_keeps_the_laws_of_its_hook_while_the_process_lives() {
        suite::storage::check(&|| {
            let storage = Arc::new(InMemory::default());
            Box::new(move || storage.clone())
        });
    }
}
