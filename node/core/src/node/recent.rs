//! [`Recent`]: the bodies of the latest blocks, and of all that are not durable yet.

use std::collections::VecDeque;

use plugcoin_sdk::ledger::{Block, ByHash, Hash};

use crate::limits::RECENT_BLOCKS_MAX;

/// The bodies of the latest blocks.
///
/// * What is not durable yet is always here, since the journal can't give it.
#[derive(Debug, Default)]
pub(super) struct Recent {
    blocks: ByHash<Block>,
    order: VecDeque<Hash>,
    unwritten: usize,
}

impl Recent {
    pub(super) fn get(&self, hash: &Hash) -> Option<&Block> {
        self.blocks.get(hash)
    }

    pub(super) fn add(&mut self, block: Block, written: bool) {
        let hash = block.hash();
        if self.blocks.insert(hash, block).is_none() {
            self.order.push_back(hash);
            self.unwritten += usize::from(!written);
        }
        self.trim();
    }

    pub(super) fn written(&mut self) {
        self.unwritten = 0;
        self.trim();
    }

    fn trim(&mut self) {
        while self.order.len() > RECENT_BLOCKS_MAX.max(self.unwritten)
            && let Some(oldest) = self.order.pop_front()
        {
            self.blocks.remove(&oldest);
        }
    }
}
