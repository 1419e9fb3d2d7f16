//! What a line is by itself.

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::ledger::{Block, Transaction};

use crate::lines::Line;
use crate::tail::is_further;

/// What a line is by itself.
#[derive(Debug)]
pub(crate) enum Shape {
    /// `[`.
    Open,
    /// `]`.
    Close,
    /// A whole record, and whether a comma follows it.
    Record(Record, bool),
    /// A whole record that ends after so many bytes of the line, and then something that is neither a
    /// comma nor the line's end.
    Spoiled(Record, u64),
    /// A whole record that can't be what was written.
    Damaged(String),
    /// Nothing whole.
    Broken(String),
}

impl Shape {
    /// Whether there is a whole record in it, right or wrong.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(
            self,
            Self::Record(..) | Self::Spoiled(..) | Self::Damaged(_)
        )
    }
}

/// Judges a line by itself: the costly part, which needs no other line.
pub(crate) fn judge(line: &Line, batch: &[u8]) -> Shape {
    let bytes = &batch[line.bytes.clone()];
    match bytes {
        b"[" => return Shape::Open,
        b"]" => return Shape::Close,
        _ => {}
    }
    let before = usize::from(is_further(bytes));
    let bytes = &bytes[before..];
    let (record, comma) = match bytes.strip_suffix(b",") {
        Some(record) => (record, true),
        None => (bytes, false),
    };
    let why = match parse(record) {
        Ok(record) => {
            return whole(record)
                .map_or_else(Shape::Damaged, |record| Shape::Record(record, comma));
        }
        Err(why) => why,
    };
    // A record is an object, so it ends where its brace is closed, whatever follows.
    let end = object_length(bytes).unwrap_or(0);
    match parse(&bytes[..end]) {
        Ok(record) => whole(record).map_or_else(Shape::Damaged, |record| {
            Shape::Spoiled(record, (before + end) as u64)
        }),
        Err(_) => Shape::Broken(why),
    }
}

/// The record if it can be what was written; or why not.
pub(crate) fn whole(record: Record) -> Result<Record, String> {
    match &record {
        Record::Block(block) if block.computed_hash() != block.hash() => Err(format!(
            "the block says that its hash is {}, and it is {}",
            block.hash(),
            block.computed_hash()
        )),
        _ => Ok(record),
    }
}

/// The record that these bytes are to the letter; or why they are none.
pub(crate) fn parse(bytes: &[u8]) -> Result<Record, String> {
    parse_text(bytes).map_err(|why| match bytes.contains(&0) {
        true => "the line has zero bytes in it".to_owned(),
        false => why,
    })
}

fn parse_text(bytes: &[u8]) -> Result<Record, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the line is not text".to_owned())?;
    let parsed = if text.starts_with(r#"{"nr""#) {
        Block::parse(text).map(Record::Block)
    } else {
        Transaction::parse(text).map(Record::Transaction)
    };
    let record = parsed.map_err(|invalid| invalid.message.to_string())?;
    if record.text() != text {
        return Err("the record is not written in its exact form".into());
    }
    Ok(record)
}

/// The length of the object at the start of a line; the ledger's strings have no escapes.
pub(crate) fn object_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string) = (0_usize, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => return None,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
