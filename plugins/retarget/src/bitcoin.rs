//! Bitcoin's rule: once in a window the target is scaled by how long the window took.

use plugcoin_sdk::hooks::Ancestor;
use plugcoin_sdk::ledger::Target;
use ruint::aliases::U512;

use crate::scale::{Bounds, wide};

/// new target = old target · clamp(time taken) / (window · interval).
///
/// * The time taken counts as the expected time divided by the clamp at least, and times the clamp
///   at most.
/// * Windows meet in one block, so that a window of n blocks is measured over n intervals. Bitcoin
///   measures one less, which makes it 1/2015 slow and lets forged times at the windows' ends lower
///   the difficulty ("time warp"); in a short window the error would be large.
///
/// Source: Bitcoin Core, `CalculateNextWorkRequired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bitcoin {
    pub(crate) interval_us: i128,
    pub(crate) window: u64,
    pub(crate) clamp: i128,
}

impl Bitcoin {
    /// Whether a window ends with the parent, which is so many blocks above the anchor.
    pub(crate) fn is_due(&self, counted: u64) -> bool {
        counted.is_multiple_of(self.window)
    }

    /// The target; none if an ancestor is missing.
    pub(crate) fn target(
        &self,
        counted: u64,
        ancestors: &[Ancestor],
        bounds: &Bounds,
    ) -> Option<Target> {
        let last = ancestors.last()?;
        if !self.is_due(counted) {
            return Some(bounds.hold(wide(last.target)));
        }
        let [first, last] = ancestors else {
            return None;
        };
        let taken_us = i128::from(last.time_us) - i128::from(first.time_us);
        Some(self.scaled(last.target, taken_us, bounds))
    }

    fn scaled(&self, old: Target, taken_us: i128, bounds: &Bounds) -> Target {
        let expected_us = self.interval_us * i128::from(self.window);
        let taken_us = taken_us.clamp(expected_us / self.clamp, expected_us * self.clamp);
        let number = |us: i128| U512::from(us.unsigned_abs());
        bounds.hold(wide(old) * number(taken_us) / number(expected_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{compact, of_compact};

    /// The four examples of Bitcoin Core's own tests (`pow_tests`), in Bitcoin's compact form.
    #[test]
    fn the_published_examples_come_out() {
        let rule = Bitcoin {
            interval_us: 600_000_000,
            window: 2016,
            clamp: 4,
        };
        let easiest = of_compact(0x1d00_ffff);
        let bounds = Bounds {
            start: easiest,
            easiest,
        };
        for (old, from_s, to_s, new) in [
            (0x1d00_ffff, 1_261_130_161, 1_262_152_739, 0x1d00_d86a),
            (0x1d00_ffff, 1_231_006_505, 1_233_061_996, 0x1d00_ffff),
            (0x1c05_a3f4, 1_279_008_237, 1_279_297_671, 0x1c01_68fd),
            (0x1c38_7f6f, 1_263_163_443, 1_269_211_443, 0x1d00_e1fd),
        ] {
            let taken_us: i128 = (to_s - from_s) * 1_000_000;
            let target = rule.scaled(of_compact(old), taken_us, &bounds);
            assert_eq!(compact(target), new, "{old:x}");
        }
    }
}
