//! [`Reward`]: what a miner may pay itself.

use crate::Error;
use crate::ledger::Amount;

/// Decides what the miner of a block pays itself, exactly.
///
/// * It depends on the height alone, and is at most the greatest sum.
pub trait Reward: Send + Sync {
    /// The reward of block `nr` (1 or more).
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn reward(&self, nr: u64) -> Result<Amount, Error>;
}
