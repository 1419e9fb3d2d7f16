//! [`Difficulty`]: the target of the next block.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::ledger::{Hash, Target, Work};

/// Decides which target a block must meet.
///
/// * The answer depends on the height and on the ancestors asked for alone.
/// * No target is easier than [`easiest`](Self::easiest).
pub trait Difficulty: Send + Sync {
    /// The target of block `nr` (1 or more).
    ///
    /// * `ancestors` are those that [`wants`](Self::wants) named for this height, the lowest first.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn target(&self, nr: u64, ancestors: &[Ancestor]) -> Result<Target, Error>;

    /// The easiest target that any block can have; an orphan must meet it.
    ///
    /// * A constant of the plugin and its options.
    fn easiest(&self) -> Target;

    /// Which ancestors [`target`](Self::target) wants to see for block `nr`.
    ///
    /// * Default: none.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn wants(&self, nr: u64) -> Result<Wants, Error> {
        let _ = nr;
        Ok(Wants::Nothing)
    }
}

/// Which ancestors a difficulty rule wants to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wants {
    /// None.
    Nothing,
    /// The block before.
    Parent,
    /// The last so many before, or as many as there are.
    Last(u64),
    /// Those at these heights; heights that are not below the block are left out.
    At(Vec<u64>),
}

/// A block beneath the one whose target is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Its height.
    pub nr: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its time, in microseconds since 1970.
    pub time_us: i64,
    /// The target that it had to meet.
    pub target: Target,
    /// The work of the chain up to and with it.
    pub work: Work,
}
