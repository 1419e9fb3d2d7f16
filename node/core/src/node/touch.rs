//! What a step looks for here and there is read beforehand, in a row.
//!
//! * It lies all over the memory, 0.1 to 0.2 µs away. What is read one after the other, with nothing to compute in
//!   between, the processor fetches at once, and has it near at hand afterwards.

use plugcoin_sdk::ledger::{Block, Drawn, Hash, Key};

use super::Node;

/// For how many transactions of a block it is done at once: their places are some thirty lines of the cache, about as
/// many as a processor fetches at once.
const TOUCHED_AT_ONCE: usize = 8;

impl Node {
    /// Reads where what judging and taking a sealed block looks for would be found.
    pub(super) fn touch_block(&self, block: &Block) {
        let own = Drawn::key(&block.hash());
        let none_wait = self.pool.len() == 0;
        let mut room = [Key::default(); TOUCHED_AT_ONCE];
        for transactions in block.transactions().chunks(TOUCHED_AT_ONCE) {
            let keys = &mut room[..transactions.len()];
            for (key, transaction) in keys.iter_mut().zip(transactions) {
                *key = Drawn::key(&transaction.id());
            }
            for key in keys.iter() {
                self.state.touch(*key);
            }
            if none_wait {
                continue;
            }
            for key in keys.iter() {
                self.pool.touch(*key);
            }
        }
        // In a row with the last of them.
        self.tree.touch(own);
    }

    /// Reads where a transaction of this id, and what is remembered of its signature, would be found.
    pub(super) fn touch_transaction(&self, id: &Hash, leaf: &Hash) {
        let id = Drawn::key(id);
        self.rules.verifier.touch(leaf, || {
            self.pool.touch(id);
            self.state.touch(id);
        });
    }
}
