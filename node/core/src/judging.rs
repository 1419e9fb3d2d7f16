//! [`Judging`]: what is judged at the moment, so that it can be refused if it makes a plugin fail.

use std::sync::{Arc, Mutex, PoisonError};

use plugcoin_sdk::ledger::Hash;

/// What a node judges at the moment: its copies all say the same.
///
/// * A block by its hash, a transaction by its leaf hash, a block of the node's own that is being put
///   together by [`draft_on`] its parent; nothing between two of them.
/// * After a fault it says what the rule failed over.
/// * The node only writes it. It is for whoever runs the node, and must know it also when a rule
///   never comes back.
#[derive(Clone, Debug, Default)]
pub struct Judging(Arc<Mutex<Option<Hash>>>);

impl Judging {
    /// What is judged now.
    pub fn get(&self) -> Option<Hash> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is judged now; what was judged before comes back.
    pub fn set(&self, hash: Option<Hash>) -> Option<Hash> {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut now, hash)
    }
}

/// What stands for any block of the node's own on this parent.
///
/// * The block itself would be another each time, and nobody else knows it.
pub fn draft_on(parent: &Hash) -> Hash {
    Hash::of_parts(&["draft on ", &parent.to_string()])
}
