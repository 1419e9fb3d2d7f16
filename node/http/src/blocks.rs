//! [`Blocks`]: blocks that lie ready, since every peer asks for a new one at once.

use axum::body::Bytes;
use plugcoin_sdk::ledger::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits::{BLOCKS_ASKED_SETS, BLOCKS_BYTES_MAX};
use crate::runs::{Part, Runs};

/// Blocks that were asked for more than once of late, as the wire has them.
///
/// * One is kept when it is asked for again: to keep it costs as much as a tenth of an answer. So who alone reads
///   the chain block by block, each once, doesn't pay that, and drives out nothing that is kept.
#[derive(Debug)]
pub(crate) struct Blocks {
    kept: Runs,
    asked: Asked,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            kept: Runs::new(BLOCKS_BYTES_MAX),
            asked: Asked::default(),
        }
    }
}

impl Blocks {
    /// A block's text, if it lies ready.
    pub(crate) fn find(&self, hash: &Hash) -> Option<Bytes> {
        let (text, _) = self.kept.find(Part::Block, &[*hash])?;
        Some(text)
    }

    /// Takes note of what was read for a block, and keeps it if that was not the first time.
    pub(crate) fn note(&self, hash: &Hash, text: &Bytes) {
        if self.asked.again(hash) {
            self.kept.keep(Part::Block, &[*hash], (text.clone(), 1));
        }
    }
}

/// Which blocks were asked for of late: the last two of each set, by a part of their hashes.
///
/// * It may forget one, if others came to its set, or take another one for it, once in some thousand millions: then
///   a block is kept later or sooner. A name of 0 is as one that was asked for.
#[derive(Debug)]
struct Asked(Box<[AtomicU64]>);

impl Default for Asked {
    fn default() -> Self {
        Self((0..BLOCKS_ASKED_SETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Asked {
    /// Whether this block is among the last ones; from now on it is.
    fn again(&self, hash: &Hash) -> bool {
        let [.., a, b, c, d, e, f, g, h] = *hash.as_bytes();
        let set = u32::from_be_bytes([a, b, c, d]) as usize % self.0.len();
        let name = u64::from(u32::from_be_bytes([e, f, g, h]));
        // Two at once may lose one of their notes.
        let noted = self.0[set].load(Ordering::Relaxed);
        let (last, before) = (noted & u64::from(u32::MAX), noted >> 32);
        if last == name || before == name {
            return true;
        }
        self.0[set].store(last << 32 | name, Ordering::Relaxed);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(n: u32) -> (Hash, Bytes) {
        let text = n.to_string();
        (Hash::of(&text), Bytes::from(text))
    }

    #[test]
    fn a_block_lies_ready_after_it_was_asked_for_twice() {
        let blocks = Blocks::default();
        let (hash, text) = block(0);
        for lies_ready in [false, false, true, true] {
            assert_eq!(blocks.find(&hash).is_some(), lies_ready);
            blocks.note(&hash, &text);
        }
        assert_eq!(blocks.find(&hash), Some(text));
        assert_eq!(blocks.find(&block(1).0), None);
    }

    #[test]
    fn who_asks_for_each_block_once_drives_nothing_out() {
        let blocks = Blocks::default();
        let (often, text) = block(0);
        blocks.note(&often, &text);
        blocks.note(&often, &text);
        for n in 1..100_000 {
            let (hash, text) = block(n);
            assert_eq!(blocks.find(&hash), None);
            blocks.note(&hash, &text);
        }
        assert_eq!(blocks.find(&often), Some(text));
    }

    #[test]
    fn most_of_a_thousand_blocks_are_known_again_and_none_of_others() {
        let asked = Asked::default();
        let known = |blocks: std::ops::Range<u32>| {
            let again = blocks.filter(|n| asked.again(&block(*n).0));
            again.count()
        };
        assert_eq!(known(0..1_000), 0);
        assert!(known(0..1_000) > 980);
        assert_eq!(known(1_000..2_000), 0);
    }
}
