//! [`Salvage`]: all whole records of a damaged journal, and where it is damaged.

use std::ops::Range;

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::ledger::Transaction;

use crate::shape::{object_length, parse, whole};

/// How a block begins, and a transaction.
const STARTS: [&[u8]; 2] = [br#"{"nr""#, br#"{"signature""#];

/// So many bytes may be the remains of the signs between two records; more, those of a record.
const SIGNS_BYTES: usize = 2;

/// A record that is whole by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its line, counted from 1.
    pub line: u64,
    /// Its first byte.
    pub offset: u64,
    /// The record.
    pub record: Record,
}

/// Bytes that are not what they must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Its line, counted from 1.
    pub line: u64,
    /// Its first byte.
    pub offset: u64,
    /// How many bytes it has; none where something is missing.
    pub bytes: u64,
    /// What stands there.
    pub what: String,
    /// Whether a record may have stood there; false where the signs between records alone are damaged.
    pub record: bool,
}

/// What there is in a journal, whatever became of it.
///
/// * A record is whole if its text is exactly a block's with its hash or a transaction's, wherever
///   the text begins. Whether it is valid, and whether a block has its parent, others must say.
/// * Every byte that is neither of a whole record nor of the signs around it is in some damage. The
///   space before a further record of an append is such a sign, and none that may be missed.
#[derive(Debug, Default)]
pub struct Salvage {
    /// The whole records in their order.
    pub found: Vec<Found>,
    /// The payments in blocks that are not whole.
    pub payments: Vec<Transaction>,
    /// The damages in their order.
    pub damaged: Vec<Damaged>,
}

impl Salvage {
    /// Searches the bytes of a journal.
    pub fn of(bytes: &[u8]) -> Self {
        Search {
            bytes,
            found: Self::default(),
            line: 1,
            counted: 0,
        }
        .run()
    }
}

struct Search<'a> {
    bytes: &'a [u8],
    found: Salvage,
    /// The line of the byte up to which lines are counted.
    line: u64,
    counted: usize,
}

impl Search<'_> {
    fn run(mut self) -> Salvage {
        let (mut at, mut end) = (0, 0);
        // Whether this line holds a block that is not whole, and so perhaps its payments.
        let mut inside = false;
        while let Some(start) = self.bytes[at..].iter().position(|b| b"{\n".contains(b)) {
            at += start;
            let rest = &self.bytes[at..];
            if rest[0] == b'\n' || !STARTS.iter().any(|start| rest.starts_with(start)) {
                inside &= rest[0] != b'\n';
                at += 1;
                continue;
            }
            let is_block = rest.starts_with(STARTS[0]);
            // The list in a block whose start is lost begins with a bracket, too.
            inside |= !is_block && at > 0 && self.bytes[at - 1] == b'[';
            let length = object_length(rest).unwrap_or(0);
            match parse(&rest[..length]).map(whole) {
                Ok(Ok(Record::Transaction(payment))) if inside || payment.is_reward() => {
                    if !payment.is_reward() {
                        self.found.payments.push(payment);
                    }
                    at += length;
                }
                Ok(Ok(record)) => {
                    self.between(end..at);
                    let line = self.line_of(at);
                    self.found.found.push(Found {
                        line,
                        offset: at as u64,
                        record,
                    });
                    at += length;
                    end = at;
                    inside = false;
                }
                _ => {
                    inside |= is_block;
                    at += 1;
                }
            }
        }
        self.behind(end);
        self.found
    }

    /// The line of a byte; asked in the order of the bytes.
    fn line_of(&mut self, at: usize) -> u64 {
        let from = self.counted.min(at);
        let feeds = self.bytes[from..at].iter().filter(|b| **b == b'\n');
        self.line += feeds.count() as u64;
        self.counted = at.max(self.counted);
        self.line
    }

    /// Looks at what stands before the first record, or between two.
    fn between(&mut self, gap: Range<usize>) {
        let first = gap.start == 0;
        let signs: &[u8] = if first { b"[\n" } else { b",\n" };
        let mut gap = gap;
        if self.bytes[gap.clone()].ends_with(b"\n ") {
            gap.end -= 1;
        }
        if self.bytes[gap.clone()] == *signs {
            return;
        }
        let mut lines = self.lines(gap.clone());
        let before = match lines.pop() {
            Some(before) if !lines.is_empty() => before,
            _ => {
                let what = "the line feed before a record is not there";
                return self.damage(gap.clone(), what, gap.len() > SIGNS_BYTES);
            }
        };
        let what = match first {
            true => "the opening bracket is not as it must be",
            false => "the sign behind a record is not a comma",
        };
        for (n, line) in lines.into_iter().enumerate() {
            match n {
                0 => self.expect(line, &signs[..1], what),
                _ => self.record_lost(line),
            }
        }
        self.expect(before, b"", "something stands before a record");
    }

    /// Looks at what stands behind the last record.
    fn behind(&mut self, end: usize) {
        let gap = end..self.bytes.len();
        let none = end == 0;
        if self.bytes[gap.clone()] == *(if none { &b"[\n]\n"[..] } else { b"\n]\n" }) {
            return;
        }
        let mut lines = self.lines(gap).into_iter().peekable();
        if let Some(line) = lines.next() {
            match none {
                true => self.expect(line, b"[", "the opening bracket is not as it must be"),
                false => self.expect(line, b"", "something stands behind the last record"),
            }
        }
        let mut closed = false;
        while let Some(line) = lines.next() {
            let last = lines.peek().is_none();
            match &self.bytes[line.clone()] {
                b"]" if !closed => closed = true,
                b"" if last => {}
                _ => self.record_lost(line),
            }
        }
        if !closed || self.bytes.last() != Some(&b'\n') {
            let end = self.bytes.len();
            self.damage(end..end, "the closing bracket is not there", false);
        }
    }

    /// The lines of a part without their line feeds; one more than there are line feeds.
    fn lines(&self, part: Range<usize>) -> Vec<Range<usize>> {
        let mut from = part.start;
        let pieces = self.bytes[part].split(|b| *b == b'\n');
        pieces
            .map(|piece| {
                let line = from..from + piece.len();
                from = line.end + 1;
                line
            })
            .collect()
    }

    /// These bytes must be the given signs.
    fn expect(&mut self, part: Range<usize>, signs: &[u8], what: &str) {
        let bytes = &self.bytes[part.clone()];
        if bytes == signs {
            return;
        }
        // A sign or two are the remains of signs; more may be the remains of a record.
        match bytes.len() <= SIGNS_BYTES {
            true => self.damage(part, what, false),
            false => self.record_lost(part),
        }
    }

    /// A part in which a record may have stood.
    fn record_lost(&mut self, part: Range<usize>) {
        let bytes = &self.bytes[part.clone()];
        let record = bytes.strip_suffix(b",").unwrap_or(bytes);
        let what = match bytes {
            b"" => "an empty line".to_owned(),
            b"[" | b"]" => "a bracket where a record should stand".to_owned(),
            _ if bytes.iter().all(|b| *b == 0) => "nothing but zeros".to_owned(),
            _ => match parse(record).map(whole) {
                Err(why) | Ok(Err(why)) => format!("no record can be read: {why}"),
                Ok(Ok(_)) => "a reward that stands outside a block".to_owned(),
            },
        };
        let record = bytes.len() > SIGNS_BYTES;
        self.damage(part, &what, record);
    }

    fn damage(&mut self, part: Range<usize>, what: &str, record: bool) {
        let line = self.line_of(part.start);
        self.found.damaged.push(Damaged {
            line,
            offset: part.start as u64,
            bytes: part.len() as u64,
            what: what.to_owned(),
            record,
        });
    }
}
