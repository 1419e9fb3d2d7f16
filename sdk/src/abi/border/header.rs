//! A header's JSON, written and read by hand: it crosses the border with every block.
//!
//! * What is written is what serde would write, and what is read is what serde would read.

use std::fmt::Write as _;

use crate::ledger::{Hash, Header, Target};

/// Writes a header; its texts are of the ledger's alphabet, in which nothing need be escaped.
pub(super) fn push_header(to: &mut String, header: &Header) {
    let field = |to: &mut String, name: &str, text: &str| {
        to.push_str(name);
        to.push_str(text);
        to.push('"');
    };
    to.push_str("{\"nr\":");
    let _ = write!(to, "{}", header.nr);
    match &header.previous_hash {
        Some(hash) => {
            to.push_str(",\"previous_hash\":\"");
            push_hex(to, hash.as_bytes());
            to.push('"');
        }
        None => to.push_str(",\"previous_hash\":null"),
    }
    to.push_str(",\"timestamp\":\"");
    let _ = write!(to, "{}", header.timestamp);
    field(to, "\",\"nonce\":\"", &header.nonce);
    to.push_str(",\"hash\":\"");
    push_hex(to, header.hash.as_bytes());
    field(to, "\",\"creator\":\"", &header.creator);
    to.push_str(",\"merkle_root\":\"");
    push_hex(to, header.merkle_root.as_bytes());
    let _ = write!(to, "\",\"count\":{}}}", header.count);
}

/// Writes a target's digits.
pub(super) fn push_target(to: &mut String, target: &Target) {
    push_hex(to, &target.0.to_be_bytes());
}

fn push_hex(to: &mut String, bytes: &[u8; 32]) {
    to.push_str(const_hex::Buffer::<32>::new().format(bytes));
}

/// What is left of a text that is read from its beginning.
///
/// * It takes the one form that [`push_header`] writes. Whatever else is JSON too, such as other
///   spaces or another order, gives none, and is for serde to read.
pub(super) struct Rest<'a>(pub(super) &'a str);

impl<'a> Rest<'a> {
    /// Reads a header.
    pub(super) fn header(&mut self) -> Option<Header> {
        self.skip("{\"nr\":")?;
        let nr = self.number()?;
        self.skip(",\"previous_hash\":")?;
        let previous_hash = match self.skip("null") {
            Some(()) => None,
            None => {
                self.skip("\"")?;
                Some(self.hash()?)
            }
        };
        self.skip(",\"timestamp\":\"")?;
        let timestamp = self.text()?.parse().ok()?;
        self.skip(",\"nonce\":\"")?;
        let nonce = self.text()?.to_owned();
        self.skip(",\"hash\":\"")?;
        let hash = self.hash()?;
        self.skip(",\"creator\":\"")?;
        let creator = self.text()?.to_owned();
        self.skip(",\"merkle_root\":\"")?;
        let merkle_root = self.hash()?;
        self.skip(",\"count\":")?;
        let count = self.number()?;
        self.skip("}")?;
        Some(Header {
            nr,
            previous_hash,
            timestamp,
            nonce,
            hash,
            creator,
            merkle_root,
            count,
        })
    }

    /// Reads what must stand here.
    pub(super) fn skip(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// Reads a target's digits up to their closing mark.
    pub(super) fn target(&mut self) -> Option<Target> {
        self.text()?.parse().ok()
    }

    fn hash(&mut self) -> Option<Hash> {
        self.text()?.parse().ok()
    }

    /// Reads a text up to its closing mark; none if anything in it is escaped, or should be.
    fn text(&mut self) -> Option<&'a str> {
        let special = |b: u8| b == b'"' || b == b'\\' || b < b' ';
        let end = self.0.bytes().position(special)?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(text)
    }

    /// Reads a whole number, as JSON writes it: without zeros before it.
    fn number(&mut self) -> Option<u64> {
        let end = self.0.bytes().position(|b| !b.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at_checked(end)?;
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        self.0 = rest;
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Timestamp, genesis};

    #[test]
    fn a_header_by_hand_is_what_serde_makes_of_it() {
        let first = genesis().header().clone();
        let second = Header {
            nr: 1,
            previous_hash: Some(first.hash),
            timestamp: Timestamp::from_us(7),
            nonce: String::new(),
            creator: "é".to_owned(),
            count: u64::MAX,
            ..first.clone()
        };
        for header in [first, second] {
            let mut text = String::new();
            push_header(&mut text, &header);
            assert_eq!(text, serde_json::to_string(&header).unwrap());
            let mut rest = Rest(&text);
            assert_eq!(rest.header().as_ref(), Some(&header));
            assert_eq!(rest.0, "");
            // No beginning of it is one.
            for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
                assert_eq!(Rest(&text[..end]).header(), None, "{}", &text[..end]);
            }
        }
    }

    #[test]
    fn what_is_read_by_hand_serde_reads_alike() {
        let mut text = String::new();
        push_header(&mut text, genesis().header());
        let mut read = 0;
        for at in 0..text.len() {
            for byte in ["0", "1", "9", "\"", "\\", "}", " ", "\u{1}", "a", "A", ""] {
                let mut other = text.clone();
                other.replace_range(at..=at, byte);
                let mut rest = Rest(&other);
                if let Some(header) = rest.header() {
                    let wanted: Header = serde_json::from_str(&other).unwrap();
                    assert_eq!((header, rest.0), (wanted, ""), "{other}");
                    read += 1;
                }
            }
        }
        assert!(read > text.len(), "{read}");
    }
}
