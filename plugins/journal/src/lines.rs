//! Reading the file line by line, in batches.

use std::io::{self, BufRead as _, Read};
use std::ops::Range;

use plugcoin_sdk::ledger::BLOCK_TEXT_BYTES_MAX;

/// The longest line that can be a record: a space, a block and its comma.
const LINE_BYTES_MAX: usize = BLOCK_TEXT_BYTES_MAX + 2;

/// How many bytes are read before their lines are looked at: with all that is made of them, and with the
/// batches beside it, few enough to stay in a core's own cache until the records were taken.
const BATCH_BYTES: usize = 64 << 10;

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
    /// What was read, and behind it what is left of another use.
    pub(crate) bytes: Vec<u8>,
    pub(crate) lines: Vec<Line>,
}

/// A file as lines.
pub(crate) struct Lines<R> {
    reader: R,
    number: u64,
    offset: u64,
    /// The beginning of the next line, if it was read with the lines before it.
    begun: Vec<u8>,
}

impl<R: Read> Lines<R> {
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
            begun: Vec::new(),
        }
    }

    /// How many bytes have been read, as far as their lines were given.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the next lines; none are left when the batch is empty.
    pub(crate) fn read(&mut self, batch: &mut Batch) -> io::Result<()> {
        let Batch { bytes, lines } = batch;
        lines.clear();
        let mut end = self.begun.len();
        // No more than that, even if a long line had more room before.
        bytes.resize(end + BATCH_BYTES, 0);
        bytes[..end].copy_from_slice(&self.begun);
        self.begun.clear();
        // Where the next line begins, and up to where it has no line feed.
        let (mut from, mut seen) = (0, 0);
        loop {
            if end == bytes.len() {
                bytes.resize(end + BATCH_BYTES, 0);
            }
            let read = read(&mut self.reader, &mut bytes[end..])?;
            end += read;
            while let Some(length) = line_length(&bytes[seen..end]) {
                let to = seen + length;
                lines.push(self.line(from..to, true));
                (from, seen) = (to + 1, to + 1);
            }
            seen = end;
            if end - from > LINE_BYTES_MAX {
                lines.push(self.long_line(from..end)?);
                return Ok(());
            }
            if read == 0 && end > from {
                lines.push(self.line(from..end, false));
                return Ok(());
            }
            if read == 0 || !lines.is_empty() {
                self.begun.extend_from_slice(&bytes[from..end]);
                return Ok(());
            }
        }
    }

    /// The next line, which has these bytes in the batch.
    fn line(&mut self, bytes: Range<usize>, ended: bool) -> Line {
        let length = bytes.len();
        self.number += 1;
        let line = Line {
            number: self.number,
            offset: self.offset,
            bytes: bytes.start..bytes.end.min(bytes.start + LINE_BYTES_MAX + 1),
            ended,
            too_long: length > LINE_BYTES_MAX,
        };
        self.offset += length as u64 + u64::from(ended);
        line
    }

    /// The next line, of which these bytes were read, and which is too long: the rest is passed over.
    fn long_line(&mut self, bytes: Range<usize>) -> io::Result<Line> {
        let mut line = self.line(bytes, false);
        let mut buffer = vec![0; BATCH_BYTES];
        while !line.ended {
            let read = read(&mut self.reader, &mut buffer)?;
            let length = line_length(&buffer[..read]);
            line.ended = length.is_some();
            let passed = length.map_or(read, |length| length + 1);
            self.offset += passed as u64;
            self.begun.extend_from_slice(&buffer[passed..read]);
            if read == 0 {
                break;
            }
        }
        Ok(line)
    }
}

/// Reads what comes next; nothing at the end.
fn read(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// The length of the line at the start of these bytes, if it ends in them.
fn line_length(mut bytes: &[u8]) -> Option<usize> {
    let whole = bytes;
    // As fast as the system searches; reading from memory never fails.
    let passed = bytes.skip_until(b'\n').unwrap_or(0);
    whole[..passed].ends_with(b"\n").then(|| passed - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at once at most.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            let most = bytes.len().min(self.1);
            self.0.read(&mut bytes[..most])
        }
    }

    /// Letters of which no line feed is one, and that look other when they are shifted.
    fn letters(count: usize) -> String {
        ('a'..='w').cycle().take(count).collect()
    }

    /// What is seen of each line: its place, how many bytes of it, whether it ended and was too long.
    type Seen = (u64, usize, bool, bool);

    /// All lines, read so many bytes at once at most; what each batch has of them is right.
    fn seen(text: &str, most: usize) -> Vec<Seen> {
        let mut lines = Lines::new(Trickle(text.as_bytes(), most));
        let (mut batch, mut seen) = (Batch::default(), Vec::new());
        loop {
            lines.read(&mut batch).unwrap();
            if batch.lines.is_empty() {
                break;
            }
            for line in &batch.lines {
                assert_eq!(line.number, seen.len() as u64 + 1);
                let from = line.offset as usize;
                let bytes = &batch.bytes[line.bytes.clone()];
                assert!(bytes == &text.as_bytes()[from..from + bytes.len()]);
                seen.push((line.offset, line.bytes.len(), line.ended, line.too_long));
            }
        }
        assert_eq!(lines.offset(), text.len() as u64);
        seen
    }

    #[test]
    fn lines_have_their_numbers_and_places() {
        let (long, just) = (letters(3 * LINE_BYTES_MAX), letters(LINE_BYTES_MAX));
        let text = format!("a\n\n{long}\n{just}\nend");
        let (long, just) = (long.len() as u64, just.len());
        for most in [10_000, BATCH_BYTES, 4 * LINE_BYTES_MAX] {
            assert_eq!(
                seen(&text, most),
                [
                    (0, 1, true, false),
                    (2, 0, true, false),
                    (3, LINE_BYTES_MAX + 1, true, true),
                    (4 + long, just, true, false),
                    (5 + long + just as u64, 3, false, false),
                ]
            );
        }
    }

    #[test]
    fn a_line_that_is_too_long_may_end_the_file_without_a_line_feed() {
        for more in [1, 2, BATCH_BYTES, 3 * BATCH_BYTES + 1] {
            let text = format!("a\n{}", letters(LINE_BYTES_MAX + more));
            let expected = [(0, 1, true, false), (2, LINE_BYTES_MAX + 1, false, true)];
            for most in [10_000, BATCH_BYTES, 4 * LINE_BYTES_MAX] {
                assert_eq!(seen(&text, most), expected, "{more}");
            }
        }
    }

    #[test]
    fn a_file_may_end_where_a_batch_does() {
        for length in [BATCH_BYTES - 1, BATCH_BYTES, BATCH_BYTES + 1] {
            let begin = "a\n".len();
            let ended = format!("a\n{}\n", letters(length - begin - 1));
            let line = (2, length - begin - 1, true, false);
            assert_eq!(seen(&ended, usize::MAX), [(0, 1, true, false), line]);
            let torn = format!("a\n{}", letters(length - begin));
            let line = (2, length - begin, false, false);
            assert_eq!(seen(&torn, usize::MAX), [(0, 1, true, false), line]);
            let one = letters(length);
            assert_eq!(seen(&one, usize::MAX), [(0, length, false, false)]);
        }
    }

    #[test]
    fn a_batch_that_held_a_long_line_reads_no_more_than_others() {
        let short = format!("{}\n", letters(99)).repeat(6_000);
        let text = format!("{}\n{short}", letters(LINE_BYTES_MAX));
        let mut lines = Lines::new(text.as_bytes());
        let mut batch = Batch::default();
        lines.read(&mut batch).unwrap();
        assert!(batch.lines[0].bytes.len() == LINE_BYTES_MAX);
        lines.read(&mut batch).unwrap();
        assert!(
            (600..700).contains(&batch.lines.len()),
            "{}",
            batch.lines.len()
        );
    }
}
