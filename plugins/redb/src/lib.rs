//! Storage: the chain in a database of one file.
//!
//! The file has two tables, written together:
//!
//! ```text
//! records   0, 1, 2 …  →  the record's exact text
//! blocks    its hash   →  which record it is
//! ```

mod fault;

use std::fs::File;
use std::path::{Path, PathBuf};

use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Block, Hash, Transaction};
use plugcoin_sdk::{Error, ErrorKind};
use redb_store::{Database, Range, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use fault::fault;

/// The records in the order in which they were appended.
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// Which record a block is.
const BLOCKS: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("blocks");

/// How much of the file is kept in memory at most: the latest blocks, which peers ask for.
const CACHE_BYTES: usize = 64 << 20;

/// The storage in a redb database, held by one process at a time.
///
/// * An append is one transaction of the database: all of it is durable, or nothing is there.
/// * Every page is checked against its checksum when the file is opened; damage is an error.
pub struct Redb {
    path: PathBuf,
    database: Database,
}

impl Redb {
    /// Opens the database, or makes an empty one, and locks it against other processes.
    ///
    /// # Errors
    /// * [`ErrorKind::InUse`] if another node has it open.
    /// * [`ErrorKind::Corrupt`] if the file is damaged, or no such database.
    /// * [`ErrorKind::Io`] if it can't be opened or made durable.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        match create(&path) {
            Ok(database) => Ok(Self { path, database }),
            Err(error) => Err(fault(&path, "opened", error)),
        }
    }

    fn write(&self, records: &[Record]) -> Result<(), redb_store::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut texts = transaction.open_table(RECORDS)?;
            let mut blocks = transaction.open_table(BLOCKS)?;
            let next = texts.last()?.map_or(0, |(last, _)| last.value() + 1);
            for (n, record) in (next..).zip(records) {
                texts.insert(n, record.text().as_bytes())?;
                if let Record::Block(block) = record {
                    blocks.insert(block.hash().as_bytes(), n)?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    fn entries(&self) -> Result<Range<'static, u64, &'static [u8]>, redb_store::Error> {
        let texts = self.database.begin_read()?.open_table(RECORDS)?;
        Ok(texts.range(0..)?)
    }

    fn find(&self, hash: &Hash) -> Result<Option<Vec<u8>>, redb_store::Error> {
        let transaction = self.database.begin_read()?;
        let Some(n) = transaction.open_table(BLOCKS)?.get(hash.as_bytes())? else {
            return Ok(None);
        };
        let text = transaction.open_table(RECORDS)?.get(n.value())?;
        Ok(text.map(|text| text.value().to_vec()))
    }
}

/// Opens a database with both tables, durable with its name in the folder.
fn create(path: &Path) -> Result<Database, redb_store::Error> {
    let database = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true)
        .create(path)?;
    let transaction = database.begin_write()?;
    transaction.open_table(RECORDS)?;
    transaction.open_table(BLOCKS)?;
    transaction.commit()?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(database)
}

impl Storage for Redb {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        self.write(records)
            .map_err(|error| fault(&self.path, "written", error))
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        let unreadable = |error| fault(&self.path, "read", error);
        for entry in self.entries().map_err(unreadable)? {
            let (n, text) = entry.map_err(|error| unreadable(error.into()))?;
            visit(record(text.value()).map_err(|why| {
                Error::new(ErrorKind::Corrupt, "what the database holds is no record")
                    .with("record", n.value())
                    .with("file", self.path.display())
                    .because(why)
            })?)?;
        }
        Ok(())
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.find(hash)
            .map_err(|error| fault(&self.path, "read", error))
    }

    fn location(&self) -> Option<String> {
        Some(self.path.display().to_string())
    }
}

/// The record of this text: a block begins with its number, a transaction with its signature.
fn record(text: &[u8]) -> Result<Record, String> {
    let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    let record = match text.starts_with("{\"nr\"") {
        true => Block::parse(text).map(Record::Block),
        false => Transaction::parse(text).map(Record::Transaction),
    };
    record.map_err(|invalid| invalid.to_string())
}

plugcoin_sdk::register!(Storage, "redb", |_, setup| {
    let path = setup.file("blocks").ok_or_else(|| {
        Error::new(
            ErrorKind::Configuration,
            "redb needs a data directory for its file, and there is none; name one with \
             --data-dir, or take another storage plugin",
        )
    })?;
    Redb::open(path.with_extension("redb"))
});

#[cfg(test)]
mod tests;
