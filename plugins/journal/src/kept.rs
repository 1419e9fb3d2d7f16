//! What is kept beside the journal before it is taken out of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use plugcoin_sdk::{Error, ErrorKind};

use crate::array::TornTail;
use crate::salvage::Salvage;
use crate::sync_folder;

/// How many files of one kind may lie beside a journal.
const KEPT_MAX: u32 = 1_000;

/// Makes the first file beside the journal whose name is free: `blocks-PORT.KIND-N.json`.
pub(crate) fn first_free<T>(
    journal: &Path,
    kind: &str,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    for n in 1..=KEPT_MAX {
        let path = journal.with_extension(format!("{kind}-{n}.json"));
        match make(&path) {
            Ok(made) => return Ok((path, made)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Keeps a torn end that has whole records in it, durably, and says in the log what becomes of it.
///
/// * The node may have acknowledged them, if it was the disk that lost what stood before.
///
/// # Errors
/// [`ErrorKind::Io`] if it can't be read or kept; it must not be cut off then.
pub(crate) fn keep_torn(file: &File, journal: &Path, torn: &TornTail) -> Result<(), Error> {
    let failed = |cause| {
        let what = "the journal's torn end has whole records in it, and can't be kept beside it; see \
                    that there is room and that the node's user may write there, and start the node \
                    again";
        Error::new(ErrorKind::Io, what)
            .with("file", journal.display())
            .with("byte", torn.offset)
            .because(cause)
    };
    let bytes = read(file, torn).map_err(|cause| {
        Error::new(ErrorKind::Io, "the journal's torn end can't be read")
            .with("file", journal.display())
            .with("byte", torn.offset)
            .because(cause)
    })?;
    let found = Salvage::of(&bytes).found;
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        tracing::warn!(
            file = %journal.display(),
            offset = torn.offset,
            bytes = torn.bytes,
            "the journal's end was torn by a crash; cutting it off"
        );
        return Ok(());
    };
    let copy = copy(file, journal, &bytes).map_err(failed)?;
    tracing::warn!(
        file = %journal.display(),
        offset = torn.offset,
        bytes = torn.bytes,
        whole_records = found.len(),
        first_at = torn.offset + first.offset,
        last_at = torn.offset + last.offset,
        kept_as = %copy.display(),
        "the journal's end was torn by a crash, or the disk lost a part of it; cutting it off, and \
         keeping its bytes, since whole records are among them"
    );
    Ok(())
}

fn read(file: &File, torn: &TornTail) -> io::Result<Vec<u8>> {
    let length = usize::try_from(torn.bytes).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, torn.offset)?;
    Ok(bytes)
}

/// Writes a file beside the journal that whoever may read the journal may read; none is left if it fails.
fn copy(file: &File, journal: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let permissions = file.metadata()?.permissions();
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    let (path, mut copy) = first_free(journal, "torn", create)?;
    let written = copy
        .set_permissions(permissions)
        .and_then(|()| copy.write_all(bytes))
        .and_then(|()| copy.sync_all())
        .and_then(|()| sync_folder(journal));
    if let Err(error) = written {
        // What could be written of it would only take up room.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}
