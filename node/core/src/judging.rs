//! [`Judging`]: what is judged at the moment, so that it can be refused if it makes a plugin fail.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::ledger::Hash;

/// What one thread judges at the moment: its copies all say the same.
///
/// * A block by its hash, a transaction by its leaf hash, a block of the node's own that is being put
///   together by [`draft_on`] its parent, several signatures at once by [`batches`]; nothing between
///   two of them.
/// * After a fault it says what the rule failed over. It says nothing if the fault tells nothing of
///   what was judged.
/// * The node only writes it. It is for whoever runs the node, and must know it also when a rule
///   never comes back.
#[derive(Clone, Debug, Default)]
pub struct Judging(Arc<Mutex<Judged>>);

/// What is judged, and for which block of the journal, if for one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Judged {
    pub(crate) over: Option<Hash>,
    pub(crate) acknowledged: Option<(u64, Hash)>,
}

impl Judging {
    /// What is judged now.
    pub fn get(&self) -> Option<Hash> {
        self.now().over
    }

    /// The height and the hash of the block of the node's own journal that is judged now, or of which
    /// a part is: it was acknowledged, and can't be refused.
    pub fn acknowledged(&self) -> Option<(u64, Hash)> {
        self.now().acknowledged
    }

    /// Says what is judged now; what was judged before comes back.
    pub fn set(&self, hash: Option<Hash>) -> Option<Hash> {
        std::mem::replace(&mut self.now().over, hash)
    }

    /// Puts something else in the place of all that is judged, which comes back.
    pub(crate) fn replace(&self, judged: Judged) -> Judged {
        std::mem::replace(&mut *self.now(), judged)
    }

    fn now(&self) -> MutexGuard<'_, Judged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands for any block of the node's own on this parent.
///
/// * The block itself would be another each time, and nobody else knows it.
pub fn draft_on(parent: &Hash) -> Hash {
    Hash::of_parts(&["draft on ", &parent.to_string()])
}

/// What stands for signatures that are verified together.
///
/// * Of a batch that never comes back nobody knows who is to blame: a node that is told of it verifies
///   each signature by itself.
pub fn batches() -> Hash {
    Hash::of("batches of signatures")
}
