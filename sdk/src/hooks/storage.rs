//! [`Storage`]: where the journal lives.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::ledger::{Block, Hash, Transaction, serde_texts};

/// Keeps everything that the node accepted, in the order in which it did.
///
/// * What [`append`](Self::append) acknowledged is replayed and read back after any crash.
/// * What it did not acknowledge is, after a crash, there as a prefix of the records or not at all.
/// * After a failed `append` the next calls may fail, but never pretend.
/// * Whoever reads, on any thread and at any time, finds nothing that is not durable yet.
pub trait Storage: Send + Sync {
    /// Appends records, all or nothing, and returns when they are durable.
    ///
    /// # Errors
    /// [`Error`] if they could not be made durable; none of them counts as kept then.
    fn append(&self, records: &[Record]) -> Result<(), Error>;

    /// Visits every record in the order in which they were appended; called once, before `append`.
    ///
    /// # Errors
    /// [`Error`] if the records can't be read, or whatever `visit` returned.
    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error>;

    /// The text of an appended block; none if there is no such block.
    ///
    /// # Errors
    /// [`Error`] if it can't be read.
    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error>;

    /// The text of an appended block, if it can be had at once: without waiting for a disk, a network,
    /// or a lock that somebody holds while he waits for one.
    ///
    /// * None says nothing; [`read`](Self::read) tells then, and may wait.
    /// * Defaults to none. With it, a node answers who asks for a block without changing threads.
    ///
    /// # Errors
    /// [`Error`] if it can't be read.
    fn at_hand(&self, _hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    /// The texts of several blocks, in the order asked for, until `visit` returns false.
    ///
    /// * A block that is not there ends the visit with an error.
    ///
    /// # Errors
    /// [`Error`] if one can't be read.
    fn read_many(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        for hash in hashes {
            let text = self.read(hash)?.ok_or_else(|| {
                Error::new(
                    crate::ErrorKind::Corrupt,
                    "a block of the chain is not in the journal",
                )
                .with("block", hash)
            })?;
            if !visit(&text) {
                break;
            }
        }
        Ok(())
    }

    /// The texts of the first of several blocks, in the order asked for, that can be had at once as by
    /// [`at_hand`](Self::at_hand), until one can't or `visit` returns false.
    ///
    /// * Defaults to [`at_hand`](Self::at_hand) for each; several read at once cost less.
    ///
    /// # Errors
    /// [`Error`] if one can't be read.
    fn many_at_hand(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        for hash in hashes {
            match self.at_hand(hash)? {
                Some(text) if visit(&text) => {}
                _ => break,
            }
        }
        Ok(())
    }

    /// An appended block; default: [`read`](Self::read) and parse.
    ///
    /// # Errors
    /// [`Error`] if it can't be read, or what is stored is no block.
    fn block(&self, hash: &Hash) -> Result<Option<Block>, Error> {
        let Some(bytes) = self.read(hash)? else {
            return Ok(None);
        };
        let corrupt = |why: String| {
            Error::new(crate::ErrorKind::Corrupt, "what is stored is no block")
                .with("block", hash)
                .because(why)
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| corrupt(error.to_string()))?;
        Block::parse(text)
            .map(Some)
            .map_err(|invalid| corrupt(invalid.to_string()))
    }

    /// How far the records go now, for [`save_snapshot`](Self::save_snapshot); none if it keeps no
    /// snapshots, and by default.
    fn snapshot_position(&self) -> Option<u64> {
        None
    }

    /// Keeps what the node made of all records up to the position that was asked for last, so that a
    /// start need not visit them again; by default nothing is kept.
    ///
    /// * It takes the place of the snapshot before it, and may be lost: nobody relies on it.
    /// * It may be called while records are appended.
    ///
    /// # Errors
    /// [`Error`] if it can't be kept; the one before it may be gone then.
    fn save_snapshot(&self, position: u64, snapshot: &[u8]) -> Result<(), Error> {
        let _ = (position, snapshot);
        Ok(())
    }

    /// Shows the snapshot that is kept, and says whether it holds: whether it is whole, and every record
    /// up to its position is there as it was, byte for byte. Called at most once, before the replay; by
    /// default there is none.
    ///
    /// * It may be shown before all of that is known, so that the node reads it meanwhile: what was made
    ///   of it is thrown away unless it holds.
    ///
    /// # Errors
    /// [`Error`] if the records can't be read. A snapshot that can't be used is no error.
    fn load_snapshot(&self, show: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        let _ = show;
        Ok(false)
    }

    /// Visits the records after the snapshot that was loaded; called in the place of
    /// [`replay`](Self::replay), which whoever can't use the snapshot calls as ever.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    fn replay_rest(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        let _ = visit;
        Err(Error::new(
            crate::ErrorKind::Unsupported,
            "this storage keeps no snapshots",
        ))
    }

    /// Where it keeps them, for people; none if nowhere that outlives the process.
    ///
    /// * A library that says none, and has no records, is appended to when it is tried, before the node
    ///   opens it: say the place if there is one.
    fn location(&self) -> Option<String> {
        None
    }
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An accepted block.
    Block(#[serde(with = "serde_texts::block")] Block),
    /// A transaction that was accepted into the pool.
    Transaction(#[serde(with = "serde_texts::transaction")] Transaction),
}

impl Record {
    /// The exact text: one line of the journal.
    pub fn text(&self) -> &str {
        match self {
            Self::Block(block) => block.text(),
            Self::Transaction(transaction) => transaction.text(),
        }
    }
}
