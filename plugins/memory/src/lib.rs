//! Storage: in memory, gone when the process ends.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Block, Hash};

/// The storage in this process's memory.
///
/// * It keeps the laws of its hook but one: nothing outlives the process.
/// * Blocks are shared with whoever appended them, not copied.
#[derive(Debug, Default)]
pub struct Memory(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    records: Vec<Record>,
    /// Where among the records a block is.
    blocks: HashMap<Hash, usize>,
}

impl Memory {
    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn block(&self, hash: &Hash) -> Option<&Block> {
        match self.records.get(*self.blocks.get(hash)?)? {
            Record::Block(block) => Some(block),
            Record::Transaction(_) => None,
        }
    }
}

impl Storage for Memory {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
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
        // Copied first: the visitor may read what it was shown, while another thread appends.
        let records = self.kept().records.clone();
        records.into_iter().try_for_each(visit)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let kept = self.kept();
        Ok(kept.block(hash).map(|block| block.text().into()))
    }

    fn at_hand(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.read(hash)
    }

    fn block(&self, hash: &Hash) -> Result<Option<Block>, Error> {
        Ok(self.kept().block(hash).cloned())
    }
}

plugcoin_sdk::register!(Storage, "memory", |_| Ok(Memory::default()));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::chain;

    #[test]
    fn a_block_is_shared_and_not_copied() {
        let memory = Memory::default();
        let block = chain(1).remove(0);
        memory.append(&[Record::Block(block.clone())]).unwrap();
        let kept = memory.block(&block.hash()).unwrap().unwrap();
        assert!(std::ptr::eq(kept.text(), block.text()));
    }

    #[test]
    fn all_blocks_are_at_hand() {
        let memory = Memory::default();
        let blocks = chain(20);
        let records: Vec<Record> = blocks.iter().cloned().map(Record::Block).collect();
        memory.append(&records).unwrap();
        let hashes: Vec<Hash> = blocks.iter().map(Block::hash).collect();
        let mut shown = Vec::new();
        let visited = memory.many_at_hand(&hashes, &mut |text| {
            shown.push(text.to_vec());
            true
        });
        visited.unwrap();
        assert!(
            shown
                .iter()
                .eq(blocks.iter().map(|block| block.text().as_bytes()))
        );
    }

    #[test]
    fn a_visitor_may_read_what_it_was_shown() {
        let memory = Memory::default();
        let records: Vec<Record> = chain(3).into_iter().map(Record::Block).collect();
        memory.append(&records).unwrap();
        let mut seen = 0;
        let replayed = memory.replay(&mut |record| {
            let Record::Block(block) = record else {
                panic!("only blocks were appended")
            };
            assert!(memory.read(&block.hash())?.is_some());
            seen += 1;
            Ok(())
        });
        replayed.unwrap();
        assert_eq!(seen, 3);
    }

    #[test]
    fn it_is_nowhere() {
        assert_eq!(Memory::default().location(), None);
    }
}
