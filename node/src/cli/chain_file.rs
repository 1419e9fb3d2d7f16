//! Reading a stored chain without a node: nothing is locked, nothing is repaired.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::ledger::{BLOCK_TEXT_BYTES_MAX, Block, Transaction};
use plugcoin_sdk::{Error, ErrorKind};

/// The longest line: a block, and what separates it from the next.
const LINE_BYTES_MAX: usize = BLOCK_TEXT_BYTES_MAX + 16;

/// Visits every record with its line's number, from 1 on.
///
/// * A last line that is none, as a power cut leaves it, ends the visit; its number is returned.
///
/// # Errors
/// [`ErrorKind::Configuration`] if there is no such file; [`ErrorKind::Corrupt`] at a line before
/// the last that is no record; [`ErrorKind::Io`]; whatever `visit` returned.
pub(super) fn visit(
    path: &Path,
    visit: &mut dyn FnMut(u64, Record) -> Result<(), Error>,
) -> Result<Option<u64>, Error> {
    let fault = |kind, message: &str| Error::new(kind, message).with("file", path.display());
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fault(
            ErrorKind::Configuration,
            "there is no stored chain; name it, or its node with --port and --data-dir",
        ),
        _ => fault(ErrorKind::Io, "the stored chain can't be read").because(error),
    })?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut bad: Option<(u64, String)> = None;
    for number in 1.. {
        let mut line = Vec::new();
        let bytes = reader
            .by_ref()
            .take(LINE_BYTES_MAX as u64)
            .read_until(b'\n', &mut line)
            .map_err(|error| {
                fault(ErrorKind::Io, "the stored chain can't be read").because(error)
            })?;
        if bytes == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let Some(text) = bare(&text) else { continue };
        // Only what is last may be torn.
        if let Some((number, why)) = bad {
            return Err(fault(
                ErrorKind::Corrupt,
                "this line of the stored chain is no record",
            )
            .with("line", number)
            .because(why));
        }
        match record(text) {
            Ok(record) => visit(number, record)?,
            Err(why) => bad = Some((number, why)),
        }
    }
    Ok(bad.map(|(number, _)| number))
}

/// A line without the array's punctuation; none if there is nothing else.
fn bare(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = line.strip_prefix(['[', ',']).unwrap_or(line);
    let line = line.strip_suffix([']', ',']).unwrap_or(line).trim();
    (!line.is_empty()).then_some(line)
}

fn record(text: &str) -> Result<Record, String> {
    let read = match text.starts_with("{\"signature\"") {
        true => Transaction::parse(text).map(Record::Transaction),
        false => Block::parse(text).map(Record::Block),
    };
    read.map_err(|invalid| invalid.to_string())
}
