//! The end of the file, where records are appended.

use std::fs::File;
use std::io;
use std::ops::RangeInclusive;

use plugcoin_sdk::{Error, ErrorKind};

use crate::index::Span;

/// A journal without records.
pub(crate) const EMPTY: &[u8] = b"[\n]\n";

/// Where the first record begins.
pub(crate) const FIRST_OFFSET: u64 = 2;

/// What stands between two records that are further ones of an append; before the first of an append
/// there is no space.
const FURTHER: &str = ",\n ";

/// The bytes between two records: a comma, a line feed, and a space before a further record.
pub(crate) const SEPARATOR_BYTES: RangeInclusive<u64> = 2..=3;

/// Whether this line is of a further record of an append. Any other record begins an append, and so
/// says that everything before it was synced.
pub(crate) fn is_further(line: &[u8]) -> bool {
    line.first() == Some(&b' ')
}

/// What an append asks of a file; a trait so that tests can let it fail.
pub(crate) trait Medium {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn set_len(&self, length: u64) -> io::Result<()>;
    fn sync_data(&self) -> io::Result<()>;
}

impl Medium for File {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Where the records end and the next one goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The first byte after the last record.
    pub(crate) end: u64,
    /// The first byte of the last record.
    pub(crate) last: u64,
    /// How many records there are.
    pub(crate) records: u64,
    /// Whether an append failed; the file's end is not known for certain then.
    broken: bool,
}

impl Tail {
    /// The end of a journal without records.
    pub(crate) fn empty() -> Self {
        Self {
            end: FIRST_OFFSET,
            last: FIRST_OFFSET,
            records: 0,
            broken: false,
        }
    }

    /// Counts one more record in.
    pub(crate) fn add(&mut self, span: Span) {
        self.end = span.end();
        self.last = span.offset;
        self.records += 1;
    }

    /// Appends these texts in one write, all or nothing, and returns when they are durable.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it failed, now or once before.
    pub(crate) fn append(
        &mut self,
        file: &impl Medium,
        texts: &[&str],
    ) -> Result<Vec<Span>, Error> {
        if self.broken {
            return Err(Error::new(
                ErrorKind::Io,
                "an earlier write to the journal failed, so nothing more is written; start the \
                 node again when the disk is well",
            ));
        }
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let (bytes, spans) = self.lay_out(texts);
        let written = file
            .write_all_at(&bytes, self.end)
            .and_then(|()| file.sync_data());
        if let Err(cause) = written {
            // What the disk has of it now nobody knows, so no later write may build on it.
            self.broken = true;
            let undone = self.repair(file);
            return Err(failure(cause, undone.is_ok()).with("byte", self.end));
        }
        spans.iter().for_each(|span| self.add(*span));
        Ok(spans)
    }

    /// Cuts off what follows the last record, and closes the array.
    pub(crate) fn repair(&self, file: &impl Medium) -> io::Result<()> {
        file.set_len(self.end)?;
        let (bytes, at) = match self.end {
            FIRST_OFFSET => (EMPTY, 0),
            end => (&b"\n]\n"[..], end),
        };
        file.write_all_at(bytes, at)?;
        file.sync_data()
    }

    /// The bytes to write at the end, and where each text then lies.
    fn lay_out(&self, texts: &[&str]) -> (Vec<u8>, Vec<Span>) {
        let length: usize = texts.iter().map(|text| FURTHER.len() + text.len()).sum();
        let mut bytes = Vec::with_capacity(length + 3);
        let mut spans = Vec::with_capacity(texts.len());
        for text in texts {
            if !bytes.is_empty() {
                bytes.extend_from_slice(FURTHER.as_bytes());
            } else if self.end > FIRST_OFFSET {
                bytes.extend_from_slice(b",\n");
            }
            spans.push(Span {
                offset: self.end + bytes.len() as u64,
                // The ledger's texts are bounded by 1 MiB.
                length: text.len() as u32,
            });
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(b"\n]\n");
        (bytes, spans)
    }
}

fn failure(cause: io::Error, undone: bool) -> Error {
    let what = match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full, and the journal can't be written; make room and start the node again"
        }
        io::ErrorKind::FileTooLarge => {
            "the system lets the journal grow no further; raise the limit (ulimit -f) and start the node \
             again"
        }
        _ => "the journal can't be written; see to the disk and start the node again",
    };
    let state = match undone {
        true => "nothing of it is kept",
        false => "the torn end will be cut off then",
    };
    Error::new(ErrorKind::Io, format!("{what} ({state})")).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    /// A file in memory of which so many operations succeed; a failing write writes half.
    struct Disk {
        bytes: RefCell<Vec<u8>>,
        left: Cell<usize>,
        recovers: bool,
        kind: io::ErrorKind,
    }

    impl Disk {
        fn with(left: usize, recovers: bool) -> Self {
            Self {
                bytes: RefCell::new(EMPTY.to_vec()),
                left: Cell::new(left),
                recovers,
                kind: io::ErrorKind::StorageFull,
            }
        }

        fn step(&self) -> io::Result<()> {
            match self.left.get() {
                0 => {
                    if self.recovers {
                        self.left.set(usize::MAX);
                    }
                    Err(self.kind.into())
                }
                left => {
                    self.left.set(left - 1);
                    Ok(())
                }
            }
        }

        fn put(&self, bytes: &[u8], offset: u64) {
            let mut file = self.bytes.borrow_mut();
            let offset = offset as usize;
            let end = file.len().max(offset + bytes.len());
            file.resize(end, 0);
            file[offset..offset + bytes.len()].copy_from_slice(bytes);
        }

        fn text(&self) -> String {
            String::from_utf8(self.bytes.borrow().clone()).unwrap()
        }
    }

    impl Medium for Disk {
        fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
            let result = self.step();
            let length = if result.is_ok() {
                bytes.len()
            } else {
                bytes.len() / 2
            };
            self.put(&bytes[..length], offset);
            result
        }

        fn set_len(&self, length: u64) -> io::Result<()> {
            self.step()?;
            self.bytes.borrow_mut().resize(length as usize, 0);
            Ok(())
        }

        fn sync_data(&self) -> io::Result<()> {
            self.step()
        }
    }

    #[test]
    fn the_array_is_closed_after_every_append_and_says_where_each_begins() {
        let disk = Disk::with(usize::MAX, true);
        let mut tail = Tail::empty();
        let first = tail.append(&disk, &["{1}"]).unwrap();
        assert_eq!(disk.text(), "[\n{1}\n]\n");
        let more = tail.append(&disk, &["{22}", "{3}"]).unwrap();
        assert_eq!(disk.text(), "[\n{1},\n{22},\n {3}\n]\n");
        assert_eq!(tail.append(&disk, &[]).unwrap(), []);
        for (span, text) in first.iter().chain(&more).zip(["{1}", "{22}", "{3}"]) {
            assert_eq!(
                &disk.text()[span.offset as usize..span.end() as usize],
                text
            );
        }
    }

    #[test]
    fn a_failed_write_or_sync_is_undone_and_never_forgiven() {
        // One append is two operations; the third is the write of the second one.
        for left in [2, 3] {
            let disk = Disk::with(left, true);
            let mut tail = Tail::empty();
            tail.append(&disk, &["{1}"]).unwrap();
            let error = tail.append(&disk, &["{2222222222}"]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io);
            assert!(error.message().contains("the disk is full"), "{error}");
            assert!(error.message().contains("nothing of it is kept"), "{error}");
            assert_eq!(disk.text(), "[\n{1}\n]\n");
            let again = tail.append(&disk, &["{3}"]).unwrap_err();
            assert!(again.message().contains("an earlier write"), "{again}");
            assert_eq!(disk.text(), "[\n{1}\n]\n");
        }
    }

    #[test]
    fn on_a_disk_that_stays_broken_nothing_is_pretended() {
        for left in [2, 3] {
            let disk = Disk {
                kind: io::ErrorKind::Other,
                ..Disk::with(left, false)
            };
            let mut tail = Tail::empty();
            tail.append(&disk, &["{1}"]).unwrap();
            let error = tail.append(&disk, &["{2}"]).unwrap_err();
            assert!(error.message().contains("see to the disk"), "{error}");
            assert!(error.message().contains("torn end"), "{error}");
            assert!(tail.append(&disk, &["{3}"]).is_err());
        }
    }
}
