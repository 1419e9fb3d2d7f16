//! LWMA-1: the mean target of a window, scaled by the weighted mean of its solve times.

use plugcoin_sdk::hooks::Ancestor;
use plugcoin_sdk::ledger::Target;
use ruint::aliases::U512;

use crate::scale::{Bounds, wide};

/// A solve time counts as so many intervals at most.
const SOLVE_INTERVALS_MAX: i128 = 6;

/// target = mean of the last n targets · Σ i·tᵢ / (interval · n(n + 1)/2), for i = 1 … n.
///
/// * tᵢ is the i-th solve time, the latest being the n-th: at most six intervals, and a time that
///   is not after all before it counts as a microsecond after them.
/// * The weighted sum counts as a tenth of the expected at least, so that no one window makes the
///   target more than ten times harder.
/// * While fewer than n blocks are there, these are the window.
///
/// Source: zawy12, "LWMA difficulty algorithm" (zawy12/difficulty-algorithms, issue 3), LWMA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lwma {
    pub(crate) interval_us: i128,
    pub(crate) window: u64,
}

impl Lwma {
    /// The target; none if there are no two ancestors.
    pub(crate) fn target(&self, ancestors: &[Ancestor], bounds: &Bounds) -> Option<Target> {
        let (first, solved) = ancestors.split_first()?;
        let mut latest_us = i128::from(first.time_us);
        let (mut weighted_us, mut targets) = (0, U512::ZERO);
        for (i, block) in (1..).zip(solved) {
            let time_us = i128::from(block.time_us).max(latest_us + 1);
            let solve_us = (time_us - latest_us).min(SOLVE_INTERVALS_MAX * self.interval_us);
            latest_us = time_us;
            weighted_us += solve_us * i;
            targets += wide(block.target);
        }
        let n = i128::try_from(solved.len()).ok().filter(|n| *n > 0)?;
        let expected_us = self.interval_us * n * (n + 1) / 2;
        let weighted_us = weighted_us.max(expected_us / 10);
        let number = |number: i128| U512::from(number.unsigned_abs());
        // 256 bits of target, 14 of the window, 84 of the times: it fits.
        let scaled = targets * number(weighted_us) / (number(n) * number(expected_us));
        Some(bounds.hold(scaled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::chain;
    use plugcoin_sdk::ledger::U256;

    const RULE: Lwma = Lwma {
        interval_us: 10_000_000,
        window: 3,
    };

    const BOUNDS: Bounds = Bounds {
        start: Target::MAX,
        easiest: Target::MAX,
    };

    /// The target after blocks of these solve times, in seconds, and these targets.
    fn after(solved: &[(i64, u64)]) -> U256 {
        let targets: Vec<Target> = solved.iter().map(|(_, t)| Target(U256::from(*t))).collect();
        let times: Vec<i64> = solved.iter().map(|(s, _)| s * 1_000_000).collect();
        RULE.target(&chain(&times, &targets), &BOUNDS).unwrap().0
    }

    #[test]
    fn values_worked_by_hand() {
        // Σ i·tᵢ is 10 + 20 + 30 = 60 seconds, as expected.
        assert_eq!(after(&[(10, 600), (10, 600), (10, 600)]), U256::from(600));
        // 10 + 40 + 90 = 140 seconds for 60, of a mean target of 600.
        assert_eq!(after(&[(10, 500), (20, 600), (30, 700)]), U256::from(1400));
        // The latest weighs most: 30 + 20 + 30 and 10 + 20 + 90.
        assert_eq!(after(&[(30, 600), (10, 600), (10, 600)]), U256::from(800));
        assert_eq!(after(&[(10, 600), (10, 600), (30, 600)]), U256::from(1200));
        // One block alone is a window of one.
        assert_eq!(after(&[(5, 600)]), U256::from(300));
    }

    #[test]
    fn a_solve_time_has_bounds() {
        // Sixty seconds at most: 10 + 20 + 180 for 60.
        assert_eq!(
            after(&[(10, 600), (10, 600), (9_999, 600)]),
            U256::from(2100)
        );
        // A tenth of the expected at least.
        assert_eq!(after(&[(0, 600), (0, 600), (0, 600)]), U256::from(60));
        // A time that goes back counts as none, and what follows counts from the latest before it:
        // a microsecond less than 20 + 0 + 3 · 10 seconds for 60, rounded down.
        assert_eq!(after(&[(20, 600), (-15, 600), (25, 600)]), U256::from(499));
    }
}
