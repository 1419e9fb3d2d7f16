//! One pass over a journal: its records, its torn tail, its damage.

use std::fs::File;
use std::io::{BufReader, Seek as _};
use std::path::Path;

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::{Error, ErrorKind};

use crate::array::{Array, Found, TornTail};
use crate::index::Span;
use crate::lines::{Batch, Line, Lines};
use crate::shape::{Shape, judge};

/// Batches below this size are not worth a thread.
const PARALLEL_BYTES_MIN: usize = 64 << 10;

/// Visits the records of a journal with their line numbers, without locking or repairing it.
///
/// * It tells of a torn tail, which the next start of the node will cut off; on a journal that a
///   node is writing to at this moment, it may be an append that is under way.
///
/// # Errors
/// * [`ErrorKind::Corrupt`] for damage anywhere else, with the line and the byte.
/// * [`ErrorKind::Io`] if it can't be read; or whatever `visit` returned.
pub fn visit_file(
    path: &Path,
    visit: &mut dyn FnMut(u64, Record) -> Result<(), Error>,
) -> Result<Option<TornTail>, Error> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let found = scan(&file, path, &mut |line, _, record| visit(line, record))?;
    Ok(found.torn)
}

/// Visits every record with its line number and its place.
pub(crate) fn scan(
    mut file: &File,
    path: &Path,
    visit: &mut dyn FnMut(u64, Span, Record) -> Result<(), Error>,
) -> Result<Found, Error> {
    file.rewind().map_err(|error| unreadable(path, error))?;
    let mut lines = Lines::new(BufReader::with_capacity(256 << 10, file));
    let (mut batch, mut array) = (Batch::default(), Array::new());
    loop {
        lines
            .read(&mut batch)
            .map_err(|error| unreadable(path, error))?;
        if batch.lines.is_empty() {
            break;
        }
        for (line, shape) in batch.lines.iter().zip(judge_all(&batch)) {
            let taken = array
                .take(line, shape, &batch.bytes[line.bytes.clone()])
                .map_err(|damage| damage.error(path))?;
            if let Some((span, record)) = taken {
                visit(line.number, span, record)?;
            }
        }
    }
    array
        .finish(lines.offset())
        .map_err(|damage| damage.error(path))
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the journal can't be read")
        .with("file", path.display())
        .because(cause)
}

/// Judges the lines of a batch, on all cores.
fn judge_all(batch: &Batch) -> Vec<Shape> {
    let judge_some = |lines: &[Line]| -> Vec<Shape> {
        lines.iter().map(|line| judge(line, &batch.bytes)).collect()
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    if cores == 1 || batch.bytes.len() < PARALLEL_BYTES_MIN {
        return judge_some(&batch.lines);
    }
    std::thread::scope(|scope| {
        let parts = batch.lines.chunks(batch.lines.len().div_ceil(cores));
        let running: Vec<_> = parts
            .map(|part| (part, scope.spawn(move || judge_some(part))))
            .collect();
        let results = running.into_iter().map(|(part, thread)| {
            // A thread that could not do it left the work undone, not wrong.
            thread.join().unwrap_or_else(|_| judge_some(part))
        });
        results.flatten().collect()
    })
}
