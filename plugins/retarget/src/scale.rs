//! Arithmetic on targets: in 512 bits, so that nothing is lost on the way.

use plugcoin_sdk::ledger::{Target, U256};
use ruint::aliases::U512;

/// Where targets begin, and how easy they get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The target of the first blocks.
    pub(crate) start: Target,
    /// No target is easier; at least 1.
    pub(crate) easiest: Target,
}

impl Bounds {
    /// The target that a number stands for: at least 1, since no hash meets 0, and not too easy.
    pub(crate) fn hold(&self, number: U512) -> Target {
        let easiest = wide(self.easiest);
        let held = number.clamp(U512::ONE, easiest);
        // It is at most a target, so it fits.
        Target(U256::saturating_from(held))
    }
}

/// A target with room above it.
pub(crate) fn wide(target: Target) -> U512 {
    U512::from(target.0)
}
