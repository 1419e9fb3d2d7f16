//! `faults-PORT.json`: what made a plugin fail, so that it is refused when the node runs again.

use std::collections::HashSet;
use std::path::Path;

use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::atomic_write::atomic_write;
use super::limits::{FAULTS_MAX, FILE_BYTES_MAX};
use super::peers_file::read_text;

/// One thing that made a plugin fail.
#[derive(Debug, Serialize, Deserialize)]
struct Fault {
    /// A block's hash, or a transaction's leaf hash.
    hash: Hash,
    /// What the plugin said.
    reason: String,
}

/// Reads what is to be refused.
///
/// # Errors
/// [`ErrorKind::Corrupt`] if the file is not what was written.
pub(super) fn read(path: &Path) -> Result<HashSet<Hash>, Error> {
    Ok(faults(path)?.iter().map(|fault| fault.hash).collect())
}

fn faults(path: &Path) -> Result<Vec<Fault>, Error> {
    let Some(text) = read_text(path, FILE_BYTES_MAX)? else {
        return Ok(Vec::new());
    };
    serde_json::from_str(&text).map_err(|error| {
        let message = "the file of what made plugins fail is damaged; delete it to go on without";
        Error::new(ErrorKind::Corrupt, message)
            .with("file", path.display())
            .because(error)
    })
}

/// Adds one thing; the oldest goes when there are too many.
///
/// # Errors
/// [`ErrorKind::Io`] if it can't be written, [`ErrorKind::Corrupt`] as for [`read`].
pub(super) fn add(path: &Path, hash: Hash, reason: &Error) -> Result<(), Error> {
    let mut faults = faults(path)?;
    faults.retain(|fault| fault.hash != hash);
    faults.push(Fault {
        hash,
        reason: reason.to_string(),
    });
    let surplus = faults.len().saturating_sub(FAULTS_MAX);
    faults.drain(..surplus);
    let text = serde_json::to_string_pretty(&faults).map_err(|error| {
        Error::new(ErrorKind::Io, "what made a plugin fail can't be written").because(error)
    })?;
    atomic_write(path, &format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_made_a_plugin_fail_is_read_back_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("faults-6000.json");
        assert!(read(&path).unwrap().is_empty());
        let hash = |n: usize| Hash::of(&n.to_string());
        let reason = Error::new(ErrorKind::Plugin, "it panicked");
        for n in 0..=FAULTS_MAX {
            add(&path, hash(n), &reason).unwrap();
        }
        let known = read(&path).unwrap();
        assert_eq!(known.len(), FAULTS_MAX);
        assert!(!known.contains(&hash(0)) && known.contains(&hash(FAULTS_MAX)));
        std::fs::write(&path, "[{}]").unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
