//! [`Disk`]: what outlives a node's process; [`Drive`]: the storage that a node sees, which can be
//! made to fail.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Block, Hash};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::MemoryStorage;

use crate::Draw;

/// What a node's storage lies on: it outlives the node, and the power cut that ends it.
pub trait Disk {
    /// Opens the storage, as a process that starts does; nobody has it open any more.
    ///
    /// # Errors
    /// Whatever the storage says.
    fn open(&mut self) -> Result<Arc<dyn Storage>, Error>;

    /// Does what a power cut may do while these records are written: a prefix of them is there then,
    /// and perhaps a piece of the next.
    ///
    /// # Errors
    /// Whatever the storage says.
    fn tear(&mut self, records: &[Record], draw: &mut Draw) -> Result<(), Error>;
}

/// A disk in memory.
#[derive(Debug, Default)]
pub struct MemoryDisk(Arc<MemoryStorage>);

impl Disk for MemoryDisk {
    fn open(&mut self) -> Result<Arc<dyn Storage>, Error> {
        Ok(self.0.clone())
    }

    fn tear(&mut self, records: &[Record], draw: &mut Draw) -> Result<(), Error> {
        let whole = draw.below(records.len() as u64 + 1) as usize;
        self.0.append(&records[..whole])
    }
}

/// What a disk does wrong next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// It can't write.
    Append,
    /// It can't read a block.
    Read,
}

/// The storage of a node, whichever of its processes runs.
#[derive(Default)]
pub(crate) struct Drive(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    storage: Option<Arc<dyn Storage>>,
    next: Option<DiskFault>,
    failed: bool,
}

impl Drive {
    pub(crate) fn insert(&self, storage: Arc<dyn Storage>) {
        self.inside().storage = Some(storage);
    }

    /// The process is gone, and with it whatever it had open.
    pub(crate) fn remove(&self) {
        *self.inside() = Inside::default();
    }

    /// Lets the next call of this kind fail, and all after it.
    pub(crate) fn fail(&self, fault: Option<DiskFault>) {
        self.inside().next = fault;
    }

    /// Whether a call failed because it was told to.
    pub(crate) fn has_failed(&self) -> bool {
        self.inside().failed
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn storage(&self, fault: DiskFault) -> Result<Arc<dyn Storage>, Error> {
        let mut inside = self.inside();
        inside.failed |= inside.next == Some(fault);
        match &inside.storage {
            Some(storage) if !inside.failed => Ok(storage.clone()),
            _ => Err(Error::new(
                ErrorKind::Io,
                "the storage fails, as this world wants it to",
            )),
        }
    }
}

impl Storage for Drive {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        self.storage(DiskFault::Append)?.append(records)
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.storage(DiskFault::Read)?.replay(visit)
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.storage(DiskFault::Read)?.read(hash)
    }

    fn read_many(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        self.storage(DiskFault::Read)?.read_many(hashes, visit)
    }

    fn block(&self, hash: &Hash) -> Result<Option<Block>, Error> {
        self.storage(DiskFault::Read)?.block(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::chain;

    #[test]
    fn a_drive_fails_when_told_to_and_a_new_process_finds_a_prefix() {
        let records: Vec<Record> = chain(4).into_iter().map(Record::Block).collect();
        let (mut disk, drive) = (MemoryDisk::default(), Drive::default());
        drive.insert(disk.open().unwrap());
        drive.append(&records[..1]).unwrap();
        drive.fail(Some(DiskFault::Append));
        assert!(drive.read(&Hash::of("none")).is_ok() && !drive.has_failed());
        assert!(drive.append(&records[1..]).is_err() && drive.has_failed());
        assert!(drive.read(&Hash::of("none")).is_err(), "it stays broken");
        drive.remove();
        disk.tear(&records[1..], &mut Draw::new(1)).unwrap();
        drive.insert(disk.open().unwrap());
        let mut found = Vec::new();
        drive
            .replay(&mut |record| {
                found.push(record);
                Ok(())
            })
            .unwrap();
        assert!(!found.is_empty() && records.starts_with(&found));
    }
}
