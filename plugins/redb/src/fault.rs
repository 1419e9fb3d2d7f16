//! What the database says of a fault, in the node's words.

use std::io;
use std::path::Path;

use plugcoin_sdk::{Error, ErrorKind};
use redb_store::Error as Cause;

const DAMAGED: &str = "the database is damaged; put a copy of it back, or move it away, and the node \
     fetches the chain from its peers";

const ANOTHER: &str = "this file is no database of this plugin; move it away, or start the node with \
     another --data-dir";

/// The error for a database that can't be opened, read or written.
pub(crate) fn fault(path: &Path, what: &str, cause: Cause) -> Error {
    let (kind, message) = match &cause {
        // Somebody else has it, which is the whole story.
        Cause::DatabaseAlreadyOpen | Cause::LockProtocolMismatch => {
            return Error::new(
                ErrorKind::InUse,
                "another node has this database open; stop that node, or start this one with \
                 another --port or --data-dir",
            )
            .with("file", path.display());
        }
        Cause::Corrupted(_) => (ErrorKind::Corrupt, DAMAGED.to_owned()),
        Cause::UpgradeRequired(_) => (ErrorKind::Corrupt, ANOTHER.to_owned()),
        Cause::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            (ErrorKind::Corrupt, ANOTHER.to_owned())
        }
        Cause::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            (ErrorKind::Corrupt, DAMAGED.to_owned())
        }
        _ => (ErrorKind::Io, format!("the database can't be {what}")),
    };
    Error::new(kind, message)
        .with("file", path.display())
        .because(cause)
}
