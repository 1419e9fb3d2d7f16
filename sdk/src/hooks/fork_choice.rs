//! [`ForkChoice`]: which branch wins.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::ledger::{Hash, Work};

/// Decides which of two siblings the best chain follows.
///
/// * A strict order: of two different siblings exactly one is preferred, in whichever order they
///   are given, and of three the preferences never go round in a circle.
/// * A branch that is preferred stays preferred when it alone grows.
/// * The node asks again from the lowest fork that a block touched, down to a leaf.
pub trait ForkChoice: Send + Sync {
    /// Which of two children of one block is followed.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error>;
}

/// The answer of [`ForkChoice::prefer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// The first one.
    A,
    /// The second one.
    B,
}

/// A block and all that stands on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The hash of the branch's first block.
    pub hash: Hash,
    /// The height of the branch's first block.
    pub nr: u64,
    /// The first block's place in the order in which the node accepted blocks.
    pub first_seen: u64,
    /// The most work of any chain that goes through the branch, counted from the genesis block.
    pub tip_work: Work,
    /// The place, in the order of acceptance, of the block that reached `tip_work` first.
    pub tip_first_seen: u64,
    /// The work of all blocks of the branch.
    pub subtree_work: Work,
    /// The number of blocks of the branch.
    pub subtree_blocks: u64,
}
