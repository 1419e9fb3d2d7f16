//! ASERT: the target follows from how far the chain is ahead of its schedule.

use plugcoin_sdk::hooks::Ancestor;
use plugcoin_sdk::ledger::Target;
use ruint::aliases::U512;

use crate::scale::{Bounds, wide};

/// The binary digits after the point of the exponent.
const RADIX_BITS: u32 = 16;

/// target = start · 2^((time since the anchor − interval · blocks since the anchor) / half-life).
///
/// * The whole part of the exponent shifts; the rest goes through a cubic that is off by less than
///   0.013 %. All in whole numbers: every machine comes to the same target.
/// * It knows nothing of the way there: no error adds up, and forged times take back what they gave.
/// * The anchor here is the parent of the anchor block of the specification, whose height is thus
///   one more.
///
/// Source: the specification of the Bitcoin Cash upgrade of 15 November 2020, "aserti3-2d", by
/// M. Lundeberg, J. Toomim and others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asert {
    pub(crate) interval_us: i128,
    pub(crate) half_life_us: i128,
}

impl Asert {
    /// The target on a parent that is so many blocks above the anchor; none if one is missing.
    pub(crate) fn target(
        &self,
        counted: u64,
        ancestors: &[Ancestor],
        bounds: &Bounds,
    ) -> Option<Target> {
        let [anchor, parent] = ancestors else {
            return None;
        };
        let taken_us = i128::from(parent.time_us) - i128::from(anchor.time_us);
        Some(self.scheduled(taken_us, counted, bounds))
    }

    fn scheduled(&self, taken_us: i128, blocks: u64, bounds: &Bounds) -> Target {
        // At most 2^64 blocks of 2^52 µs: with the radix that is more than 128 bits hold.
        let expected_us = self.interval_us.saturating_mul(blocks.into());
        let late_us = taken_us.saturating_sub(expected_us);
        // Towards zero, as the specification divides.
        let exponent = late_us.saturating_mul(1 << RADIX_BITS) / self.half_life_us;
        let (shift, rest) = (exponent >> RADIX_BITS, (exponent & 0xffff) as u64);
        // 48 bits beneath the radix, rounded; the greatest rest just keeps within 64 bits.
        let cubic = 195_766_423_245_049 * rest
            + 971_821_376 * rest * rest
            + 5_127 * rest * rest * rest
            + (1 << 47);
        let factor = (1_u64 << RADIX_BITS) + (cubic >> 48);
        // The product has 273 bits: shifted further it is nothing, or above all targets. It fits.
        let shift = shift.clamp(-290, 255) as i32;
        let scaled = wide(bounds.start) * U512::from(factor);
        let shifted = match shift - RADIX_BITS as i32 {
            left @ 0.. => scaled << left as usize,
            right => scaled >> right.unsigned_abs() as usize,
        };
        bounds.hold(shifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{compact, of_compact};

    const RULE: Asert = Asert {
        interval_us: 600_000_000,
        half_life_us: 172_800_000_000,
    };

    /// The target, in Bitcoin's compact form, of the block on this one.
    fn scheduled(start: u32, seconds: i128, blocks: u64) -> u32 {
        let bounds = Bounds {
            start: of_compact(start),
            easiest: of_compact(0x1d00_ffff),
        };
        compact(RULE.scheduled(seconds * 1_000_000, blocks, &bounds))
    }

    /// Values of the specification's test vectors: height, time in seconds, target.
    #[test]
    fn the_published_examples_come_out() {
        // Run 1: steady. Run 5: no time passes at all. The anchor is block 1, its parent's time 0.
        let (easy, real) = (0x1d00_ffff, 0x1802_aee8);
        for (start, height, time, target) in [
            (easy, 2, 1_200, easy),
            (easy, 11, 6_600, easy),
            (easy, 2, 0, 0x1d00_fec5),
            (easy, 290, 0, 0x1c7f_62c0),
            (easy, 578, 0, 0x1c3f_b160),
            (easy, 2_594, 0, 0x1b7f_62c0),
            (easy, 60_194, 0, 0x027f_6200),
            (easy, 63_938, 0, 0x0103_0000),
            (easy, 64_226, 0, 0x0101_0000),
            (easy, 64_514, 0, 0x0101_0000),
            // Run 7: growing hash power, from a target of the real network.
            (real, 2, 1_200, real),
            (real, 3, 1_310, 0x1802_ad91),
            (real, 9, 7_099, 0x1802_b39c),
            (real, 10, 7_099, 0x1802_b1f2),
            (real, 99, 20_250, 0x1802_4b1f),
            (real, 500, 29_547, 0x1800_e81f),
        ] {
            assert_eq!(scheduled(start, time, height), target, "{height} {time}");
        }
        // Run 10: heights about 2^63, blocks of 900 seconds.
        for (height, time, target) in [
            (9_223_372_036_854_775_803, 2_147_484_547_i128, 0x1802_afbb),
            (9_223_372_036_854_775_808, 2_147_489_047, 0x1802_b3e5),
            (9_223_372_036_854_775_812, 2_147_492_647, 0x1802_b73d),
        ] {
            let blocks: u64 = height - 9_223_372_036_854_775_801;
            let seconds = time - 2_147_483_047;
            assert_eq!(scheduled(real, seconds, blocks), target, "{height}");
        }
    }

    #[test]
    fn a_half_life_off_schedule_doubles_or_halves() {
        let start = Target::from_leading_zeros(8);
        let bounds = Bounds {
            start,
            easiest: Target::MAX,
        };
        let late = |half_lives: i128| {
            let taken_us = half_lives * RULE.half_life_us + 10 * RULE.interval_us;
            RULE.scheduled(taken_us, 10, &bounds).0
        };
        assert_eq!(late(0), start.0);
        assert_eq!(late(1), start.0 << 1);
        assert_eq!(late(-1), start.0 >> 1);
        assert_eq!(late(32), start.0 << 32);
        assert_eq!(late(33), Target::MAX.0);
        assert_eq!(late(1 << 40), Target::MAX.0);
        assert_eq!(late(-223).to_string(), "1");
        assert_eq!(late(-(1 << 40)).to_string(), "1");
    }

    #[test]
    fn the_greatest_numbers_do_not_overflow() {
        let bounds = Bounds {
            start: Target::MAX,
            easiest: Target::MAX,
        };
        let longest = Asert {
            interval_us: crate::LONG as i128 * 1_000_000,
            half_life_us: 1_000_000,
        };
        // The greatest rest, in the highest place that the sum can have.
        for late_us in [i128::MAX, 1_000_000 * 256 - 1, 1_000_000 * 255 + 999_999] {
            assert_eq!(longest.scheduled(late_us, 0, &bounds), Target::MAX);
        }
        let none = longest.scheduled(i128::MIN, u64::MAX, &bounds);
        assert_eq!(none.0.to_string(), "1");
    }
}
