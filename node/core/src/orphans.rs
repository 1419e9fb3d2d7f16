//! [`Orphans`]: blocks whose parent is not here yet, in bounded memory.

use std::collections::{HashMap, VecDeque};

use plugcoin_sdk::hooks::Origin;
use plugcoin_sdk::ledger::{Block, Hash};

use crate::limits::{ORPHAN_BYTES_MAX, ORPHANS_MAX};
use crate::validate::Checked;

/// Blocks that wait for their parent; the oldest give way.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    by_hash: HashMap<Hash, (Checked<Block>, Origin)>,
    by_parent: HashMap<Hash, Vec<Hash>>,
    order: VecDeque<Hash>,
    bytes: usize,
}

impl Orphans {
    /// The lowest block that is missing beneath an orphan; none if this is no orphan.
    pub(crate) fn missing(&self, hash: &Hash) -> Option<Hash> {
        let mut missing = None;
        let mut at = *hash;
        while let Some((block, _)) = self.by_hash.get(&at) {
            at = block.get().header().previous_hash?;
            missing = Some(at);
        }
        missing
    }

    pub(crate) fn add(&mut self, block: Checked<Block>, parent: Hash, origin: Origin) {
        let hash = block.get().hash();
        let bytes = block.get().text().len();
        if self.by_hash.contains_key(&hash) {
            return;
        }
        self.by_hash.insert(hash, (block, origin));
        self.by_parent.entry(parent).or_default().push(hash);
        self.order.push_back(hash);
        self.bytes += bytes;
        while self.bytes > ORPHAN_BYTES_MAX || self.by_hash.len() > ORPHANS_MAX {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.remove(&oldest);
        }
    }

    /// Takes out the blocks that wait for this parent, in the order in which they came.
    pub(crate) fn take_children(&mut self, parent: &Hash) -> Vec<(Block, Origin)> {
        let hashes = self.by_parent.get(parent).cloned().unwrap_or_default();
        let taken: Vec<_> = hashes.iter().filter_map(|hash| self.remove(hash)).collect();
        if !taken.is_empty() {
            self.order.retain(|hash| !hashes.contains(hash));
        }
        taken
    }

    fn remove(&mut self, hash: &Hash) -> Option<(Block, Origin)> {
        let (block, origin) = self.by_hash.remove(hash)?;
        let block = block.into_inner();
        self.bytes -= block.text().len();
        if let Some(parent) = block.header().previous_hash
            && let Some(siblings) = self.by_parent.get_mut(&parent)
        {
            siblings.retain(|sibling| sibling != hash);
            if siblings.is_empty() {
                self.by_parent.remove(&parent);
            }
        }
        Some((block, origin))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_hash.len()
    }
}
