//! What is kept beside the journal before it is taken out of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use plugcoin_sdk::ledger::BLOCK_TEXT_BYTES_MAX;
use plugcoin_sdk::{Error, ErrorKind};

use crate::array::TornTail;
use crate::salvage::Salvage;
use crate::sync_folder;

/// How many files of one kind may lie beside a journal.
const KEPT_MAX: u32 = 1_000;

/// How much of a torn end is in memory at once: some of the longest records.
const WINDOW_BYTES: usize = 8 << 20;

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
    let whole = whole_records(file, torn, WINDOW_BYTES, BLOCK_TEXT_BYTES_MAX).map_err(|cause| {
        Error::new(ErrorKind::Io, "the journal's torn end can't be read")
            .with("file", journal.display())
            .with("byte", torn.offset)
            .because(cause)
    })?;
    let Some(whole) = whole else {
        tracing::warn!(
            file = %journal.display(),
            offset = torn.offset,
            bytes = torn.bytes,
            "the journal's end was torn by a crash; cutting it off"
        );
        return Ok(());
    };
    let copy = copy(file, journal, torn).map_err(failed)?;
    tracing::warn!(
        file = %journal.display(),
        offset = torn.offset,
        bytes = torn.bytes,
        whole_records = whole.count,
        first_at = whole.first,
        last_at = whole.last,
        kept_as = %copy.display(),
        "the journal's end was torn by a crash, or the disk lost a part of it; cutting it off, and \
         keeping its bytes, since whole records are among them"
    );
    Ok(())
}

/// The whole records in a torn end: how many, and where the first and the last begin in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Whole {
    count: u64,
    first: u64,
    last: u64,
}

/// Searches a torn end window by window; each begins behind what the one before it could judge, so that
/// no record is longer than what two of them share.
fn whole_records(
    file: &File,
    torn: &TornTail,
    window_bytes: usize,
    record_bytes_max: usize,
) -> io::Result<Option<Whole>> {
    let (mut at, end) = (torn.offset, torn.offset + torn.bytes);
    let mut window = vec![0; window_bytes];
    let mut whole: Option<Whole> = None;
    while at < end {
        let length = window_bytes.min(usize::try_from(end - at).unwrap_or(usize::MAX));
        file.read_exact_at(&mut window[..length], at)?;
        // A record that begins behind this may go on behind the window.
        let judged = match at + length as u64 == end {
            true => length,
            false => length - record_bytes_max,
        };
        let mut next = at + judged as u64;
        for found in Salvage::of(&window[..length]).found {
            if found.offset >= judged as u64 {
                break;
            }
            let last = at + found.offset;
            next = next.max(last + found.record.text().len() as u64);
            whole = Some(match whole {
                Some(Whole { count, first, .. }) => Whole {
                    count: count + 1,
                    first,
                    last,
                },
                None => Whole {
                    count: 1,
                    first: last,
                    last,
                },
            });
        }
        at = next;
    }
    Ok(whole)
}

/// Writes a file beside the journal that whoever may read the journal may read; none is left if it fails.
fn copy(file: &File, journal: &Path, torn: &TornTail) -> io::Result<PathBuf> {
    let permissions = file.metadata()?.permissions();
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    let (path, mut copy) = first_free(journal, "torn", create)?;
    let written = copy
        .set_permissions(permissions)
        .and_then(|()| copy_bytes(file, torn, &mut copy))
        .and_then(|()| copy.sync_all())
        .and_then(|()| sync_folder(journal));
    if let Err(error) = written {
        // What could be written of it would only take up room.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

fn copy_bytes(file: &File, torn: &TornTail, to: &mut File) -> io::Result<()> {
    let (mut at, end) = (torn.offset, torn.offset + torn.bytes);
    let mut bytes = vec![0; 64 << 10];
    while at < end {
        let length = bytes
            .len()
            .min(usize::try_from(end - at).unwrap_or(usize::MAX));
        file.read_exact_at(&mut bytes[..length], at)?;
        to.write_all(&bytes[..length])?;
        at += length as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plugcoin_testkit::fixtures;

    use super::*;

    #[test]
    fn a_long_torn_end_is_searched_in_windows_and_no_record_is_missed_or_counted_twice() {
        let chain = fixtures::chain(40);
        let texts: Vec<String> = chain.iter().map(|block| block.text().to_owned()).collect();
        let longest = texts.iter().map(String::len).max().unwrap();
        let before = "[\n";
        let hole = "\0".repeat(longest);
        let end = format!(
            "{}\n{hole}\n{}",
            texts[..20].join(",\n "),
            texts[20..].join(",\n")
        );
        let text = format!("{before}{end}");
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(text.as_bytes(), 0).unwrap();
        let torn = TornTail {
            offset: before.len() as u64,
            bytes: end.len() as u64,
        };
        let expected = Whole {
            count: 40,
            first: torn.offset,
            last: text.rfind("{\"nr\"").unwrap() as u64,
        };
        for window in [
            longest + 1,
            longest + 7,
            2 * longest,
            3 * longest + 1,
            2 * text.len(),
        ] {
            let whole = whole_records(&file, &torn, window, longest).unwrap();
            assert_eq!(whole, Some(expected), "{window}");
        }
        let zeros = TornTail {
            offset: text.find(&hole).unwrap() as u64,
            bytes: hole.len() as u64,
        };
        assert_eq!(whole_records(&file, &zeros, 3, 2).unwrap(), None);
    }
}
