//! Reading a stored chain without a node: nothing is locked, nothing is changed.

use std::path::Path;

use journal::TornTail;
use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::{Error, ErrorKind};

/// Visits every record with its line's number.
///
/// # Errors
/// [`ErrorKind::Configuration`] if there is no such file; else as [`journal::visit_file`].
pub(super) fn visit(
    path: &Path,
    visit: &mut dyn FnMut(u64, Record) -> Result<(), Error>,
) -> Result<Option<TornTail>, Error> {
    exists(path)?;
    journal::visit_file(path, visit)
}

/// There is such a file.
///
/// # Errors
/// [`ErrorKind::Configuration`] if there is none.
pub(super) fn exists(path: &Path) -> Result<(), Error> {
    match path.exists() {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Configuration,
            "there is no stored chain; name the file, or its node with --port and --data-dir",
        )
        .with("file", path.display())),
    }
}
