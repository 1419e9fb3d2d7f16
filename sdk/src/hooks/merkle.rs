//! [`Merkle`]: the commitment to a block's transactions.

use crate::Error;
use crate::ledger::Hash;

/// Decides the commitment to a block's transactions.
///
/// * The same leaves in the same order give the same root.
/// * Other leaves, or another order, give another root; a rule that repeats leaves relies on the
///   block's count to tell the lists apart.
pub trait Merkle: Send + Sync {
    /// The root over the leaf hashes, in the block's order; there is at least one.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error>;
}
