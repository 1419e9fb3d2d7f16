//! The lines of a journal as an array: what is whole, what a crash tore, what is damaged.

use std::io;
use std::path::Path;

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::{Error, ErrorKind};

use crate::index::Span;
use crate::lines::Line;
use crate::shape::Shape;
use crate::tail::{EMPTY, Medium, Tail, is_further};

/// The end of a journal that a crash left incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The first byte after the last whole record.
    pub offset: u64,
    /// How many bytes follow it that are not the closing bracket as it should be.
    pub bytes: u64,
}

/// What one pass over a journal found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where the records end.
    pub(crate) tail: Tail,
    /// What follows them, if it is not the closing bracket.
    pub(crate) torn: Option<TornTail>,
}

impl Found {
    /// Makes what was found durable, and cuts off what is torn, before anything builds on it.
    ///
    /// * A process that was killed may have left an append that no sync followed.
    pub(crate) fn settle(&self, file: &impl Medium) -> io::Result<()> {
        match self.torn {
            Some(_) => self.tail.repair(file),
            None => file.sync_data(),
        }
    }
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Open,
    FirstOrClose,
    Record,
    Close,
    End,
}

/// A line that is not what it must be.
///
/// A crash leaves parts of the last append, and zeros or the old closing bracket where the others were
/// to be; it never takes anything away that was acknowledged. Whatever can't be that is damage of
/// another kind, and stops the node, since records may be lost.
#[derive(Debug)]
pub(crate) struct Damage {
    line: u64,
    offset: u64,
    why: String,
    /// What a crash leaves: pages that never reached the disk read as zeros, or still hold all or a
    /// part of the closing bracket.
    unwritten: bool,
    /// Of the append that lies behind it the comma alone is missing, so that it begins in the next line.
    lost_comma: bool,
    /// The line in which a further record would be whole, and nothing but the signs before it damaged:
    /// a crash never leaves that.
    behind: u64,
    /// What stands behind it says that it is no crash's: a later append begins there, so that the one with
    /// the damage was once on the disk, or a further record stands directly behind.
    synced: bool,
    /// A record or the closing bracket stands behind it, so that this is no write that stopped.
    followed: bool,
}

impl Damage {
    /// The fault to stop with.
    pub(crate) fn error(self, path: &Path) -> Error {
        Error::new(
            ErrorKind::Corrupt,
            format!(
                "the journal is damaged: {}; restore the file from a copy, or let `node chain repair`, \
                 with this node's other options, save what can be saved (whoever cuts it off at this byte loses what follows)",
                self.why
            ),
        )
        .with("file", path.display())
        .with("line", self.line)
        .with("byte", self.offset)
    }

    /// Whether a crash may have left it; everything acknowledged is there then.
    fn is_torn_tail(&self) -> bool {
        !self.synced && (self.unwritten || !self.followed)
    }

    /// Takes into account what stands behind it.
    fn see(&mut self, line: &Line, shape: &Shape, bytes: &[u8]) {
        let whole = shape.is_whole();
        if bytes.is_empty() && line.number == self.behind {
            self.behind += 1;
        }
        let its_own = self.lost_comma && line.number == self.line + 1;
        self.synced |= whole
            && match is_further(bytes) {
                true => line.number == self.behind,
                false => !its_own,
            };
        self.followed |= whole || (matches!(shape, Shape::Close) && line.ended);
    }
}

/// Follows the array line by line.
pub(crate) struct Array {
    expected: Expected,
    /// Where the records end so far.
    tail: Tail,
    /// The first damage; all that follows only says what sort of damage it is.
    damage: Option<Damage>,
}

impl Array {
    pub(crate) fn new() -> Self {
        Self {
            expected: Expected::Open,
            tail: Tail::empty(),
            damage: None,
        }
    }

    /// Follows the array from its last record on.
    pub(crate) fn from(last: &Tail) -> Self {
        let mut tail = last.clone();
        tail.records -= 1;
        Self {
            expected: Expected::Record,
            tail,
            damage: None,
        }
    }

    /// Takes the next line; gives its record back, if it is one in its place.
    ///
    /// # Errors
    /// The damage, if it is one that no crash leaves.
    pub(crate) fn take(
        &mut self,
        line: &Line,
        shape: Shape,
        bytes: &[u8],
    ) -> Result<Option<(Span, Record)>, Damage> {
        if let Some(damage) = &mut self.damage {
            damage.see(line, &shape, bytes);
            return Ok(None);
        }
        let why = match (self.expected, shape) {
            (Expected::Open, Shape::Open) if line.ended => {
                self.expected = Expected::FirstOrClose;
                return Ok(None);
            }
            (Expected::FirstOrClose | Expected::Close, Shape::Close) if line.ended => {
                self.expected = Expected::End;
                return Ok(None);
            }
            (Expected::FirstOrClose | Expected::Record, Shape::Record(record, comma)) => {
                let span = self.keep(line, &record, bytes);
                self.expected = if comma {
                    Expected::Record
                } else {
                    Expected::Close
                };
                return Ok(Some((span, record)));
            }
            (Expected::Open, _) if is_half_made(bytes) => "the array was never closed".into(),
            (Expected::Open, _) => {
                return Err(self.damage(line, bytes, "the file does not begin with `[`".into()));
            }
            (expected, Shape::Damaged(why)) if expected != Expected::End => {
                return Err(self.damage(line, bytes, why));
            }
            (Expected::FirstOrClose | Expected::Record, Shape::Spoiled(record, length)) => {
                let span = self.keep(line, &record, bytes);
                let mut damage =
                    self.damage(line, bytes, "something else stands behind a record".into());
                damage.offset += length;
                if bytes[length as usize..] == *b",]" {
                    damage.unwritten = true;
                    damage.behind += 1;
                }
                self.damage = Some(damage);
                return Ok(Some((span, record)));
            }
            (Expected::Close, Shape::Record(..) | Shape::Spoiled(..)) => {
                return Err(self.damage(
                    line,
                    bytes,
                    "the comma before the record is missing".into(),
                ));
            }
            (Expected::End, shape) => {
                let mut damage = self.damage(line, bytes, "the array is closed already".into());
                damage.see(line, &shape, bytes);
                self.damage = Some(damage);
                return Ok(None);
            }
            (_, Shape::Broken(why)) => why,
            (_, _) => "a bracket stands where a record should".into(),
        };
        self.damage = Some(self.damage(line, bytes, why));
        Ok(None)
    }

    /// Counts the record of a line in.
    fn keep(&mut self, line: &Line, record: &Record, bytes: &[u8]) -> Span {
        let span = Span {
            offset: line.offset + u64::from(is_further(bytes)),
            // A record is bounded by the length of the longest block.
            length: record.text().len() as u32,
        };
        self.tail.add(span);
        span
    }

    fn damage(&self, line: &Line, bytes: &[u8], why: String) -> Damage {
        // The sectors' border may lie within the closing bracket that an append, or the mending of
        // its torn end, writes over.
        let bracket = match self.expected {
            Expected::End => true,
            Expected::Close => bytes.is_empty() || bytes.starts_with(b"]"),
            Expected::Record => bytes.is_empty(),
            Expected::Open | Expected::FirstOrClose => false,
        };
        Damage {
            line: line.number,
            offset: line.offset,
            why,
            unwritten: bracket || bytes.contains(&0),
            lost_comma: self.expected == Expected::Close && bytes.is_empty(),
            behind: line.number + u64::from(bytes.is_empty()),
            synced: false,
            followed: false,
        }
    }

    /// The end of the file, which has so many bytes.
    ///
    /// # Errors
    /// The damage, if it is one that no crash leaves.
    pub(crate) fn finish(self, length: u64) -> Result<Found, Damage> {
        let end = self.tail.end;
        let torn = match self.damage {
            Some(damage) if !damage.is_torn_tail() => return Err(damage),
            None if self.expected == Expected::End => None,
            _ => Some(TornTail {
                offset: end.min(length),
                bytes: length.saturating_sub(end),
            }),
        };
        Ok(Found {
            tail: self.tail,
            torn,
        })
    }
}

/// Whether these bytes may be the start of an array whose first write a crash cut short.
fn is_half_made(bytes: &[u8]) -> bool {
    bytes.len() <= EMPTY.len() && (EMPTY.starts_with(bytes) || bytes.iter().all(|b| *b == 0))
}
