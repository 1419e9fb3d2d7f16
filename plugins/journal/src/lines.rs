//! Reading the file line by line, in batches.

use std::io::{self, BufRead, Read as _};
use std::ops::Range;

use plugcoin_sdk::ledger::BLOCK_TEXT_BYTES_MAX;

/// The longest line that can be a record: a space, a block and its comma.
const LINE_BYTES_MAX: usize = BLOCK_TEXT_BYTES_MAX + 2;

/// How many bytes of lines are read before they are looked at: few enough to stay in the cache
/// with what is made of them (4 MiB took half as long again), enough to be worth the threads.
const BATCH_BYTES: usize = 512 << 10;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number, counted from 1.
    pub(crate) number: u64,
    /// Its first byte's place in the file.
    pub(crate) offset: u64,
    /// Where its bytes lie in the batch, without the line feed.
    pub(crate) bytes: Range<usize>,
    /// Whether a line feed ends it.
    pub(crate) ended: bool,
    /// Whether it is longer than any record; its bytes are not all in the batch then.
    pub(crate) too_long: bool,
}

/// Some lines with their bytes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) lines: Vec<Line>,
}

/// A file as lines.
pub(crate) struct Lines<R> {
    reader: R,
    number: u64,
    offset: u64,
}

impl<R: BufRead> Lines<R> {
    #[cfg(test)]
    fn new(reader: R) -> Self {
        Self::after(reader, 0, 0)
    }

    /// The lines of a reader that stands behind so many lines and bytes of the file.
    pub(crate) fn after(reader: R, number: u64, offset: u64) -> Self {
        Self {
            reader,
            number,
            offset,
        }
    }

    /// How many bytes have been read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the next lines; none are left when the batch is empty.
    pub(crate) fn read(&mut self, batch: &mut Batch) -> io::Result<()> {
        batch.bytes.clear();
        batch.lines.clear();
        while batch.bytes.len() < BATCH_BYTES {
            let from = batch.bytes.len();
            let read = (&mut self.reader)
                .take(LINE_BYTES_MAX as u64 + 1)
                .read_until(b'\n', &mut batch.bytes)?;
            if read == 0 {
                break;
            }
            let mut length = read as u64;
            let mut ended = batch.bytes.ends_with(b"\n");
            let too_long = !ended && read > LINE_BYTES_MAX;
            if too_long {
                let (skipped, found) = self.skip_line()?;
                length += skipped;
                ended = found;
            } else if ended {
                batch.bytes.pop();
            }
            self.number += 1;
            batch.lines.push(Line {
                number: self.number,
                offset: self.offset,
                bytes: from..batch.bytes.len(),
                ended,
                too_long,
            });
            self.offset += length;
        }
        Ok(())
    }

    /// Passes over the rest of a line: how many bytes it had, and whether a line feed ended it.
    fn skip_line(&mut self) -> io::Result<(u64, bool)> {
        let mut skipped = 0;
        loop {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok((skipped, false));
            }
            let found = bytes.iter().position(|b| *b == b'\n');
            let length = found.map_or(bytes.len(), |at| at + 1);
            self.reader.consume(length);
            skipped += length as u64;
            if found.is_some() {
                return Ok((skipped, true));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_numbers_and_places() {
        let long = "x".repeat(3 * LINE_BYTES_MAX);
        let just = "y".repeat(LINE_BYTES_MAX);
        let text = format!("a\n\n{long}\n{just}\nend");
        let mut lines = Lines::new(text.as_bytes());
        let (mut batch, mut seen) = (Batch::default(), Vec::new());
        loop {
            lines.read(&mut batch).unwrap();
            if batch.lines.is_empty() {
                break;
            }
            for line in &batch.lines {
                assert_eq!(line.number, seen.len() as u64 + 1);
                seen.push((line.offset, line.bytes.len(), line.ended, line.too_long));
            }
        }
        let (long, just) = (long.len() as u64, just.len());
        assert_eq!(
            seen,
            [
                (0, 1, true, false),
                (2, 0, true, false),
                (3, LINE_BYTES_MAX + 1, true, true),
                (4 + long, just, true, false),
                (5 + long + just as u64, 3, false, false),
            ]
        );
        assert_eq!(lines.offset(), text.len() as u64);
    }
}
