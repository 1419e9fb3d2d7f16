//! Validity: a block keeps a distance to its parent, and is hardly ahead of the clock.

use plugcoin_sdk::hooks::{BlockContext, Validity};
use plugcoin_sdk::ledger::{Block, Header, Timestamp};
use plugcoin_sdk::{Error, Invalid, Verdict};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct TimestampsOptions {
        /// How many seconds a block may be ahead of the node's clock.
        consensus drift_s: u64 = 60,
        /// How many milliseconds a block is later than its parent, at least; 0 leaves that to other rules.
        consensus step_ms: u64 = 1000,
    }
}

/// The rule that a block comes at least so long after its parent, and is at most so far ahead of
/// the node's clock.
///
/// * A block that comes too soon is an offence; one that is too far ahead is refused for now.
/// * It adds to other rules of time and relaxes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamps {
    drift_us: i64,
    /// None leaves the distance to other rules.
    step_us: Option<i64>,
}

impl Timestamps {
    /// The rule with this many seconds ahead of the clock, and milliseconds after the parent.
    pub fn new(drift_s: u64, step_ms: u64) -> Self {
        let us =
            |number: u64, unit: u64| i64::try_from(number.saturating_mul(unit)).unwrap_or(i64::MAX);
        Self {
            drift_us: us(drift_s, 1_000_000),
            step_us: Some(us(step_ms, 1_000)).filter(|step_us| *step_us > 0),
        }
    }

    /// The earliest time after this one; none if that is left to other rules.
    fn earliest(&self, parent: Timestamp) -> Option<Timestamp> {
        let step_us = self.step_us?;
        Some(Timestamp::from_us(parent.us().saturating_add(step_us)))
    }
}

impl Default for Timestamps {
    fn default() -> Self {
        let options = TimestampsOptions::default();
        Self::new(options.drift_s, options.step_ms)
    }
}

impl Validity for Timestamps {
    fn check_block(&self, block: &Block, context: &BlockContext<'_>) -> Result<Verdict, Error> {
        let time = block.header().timestamp;
        let earliest = self.earliest(context.parent.timestamp);
        if let Some(earliest) = earliest.filter(|earliest| time.us() < earliest.us()) {
            return Ok(
                Invalid::new("time", "the block comes too soon after its parent")
                    .observed(time)
                    .required(format_args!("at least {earliest}"))
                    .into(),
            );
        }
        let latest = Timestamp::from_us(context.now_us.saturating_add(self.drift_us));
        if time.us() > latest.us() {
            return Ok(
                Invalid::new("time", "the block is too far ahead of this node's clock")
                    .observed(time)
                    .required(format_args!("at most {latest}"))
                    .for_now()
                    .into(),
            );
        }
        Ok(Verdict::Valid)
    }

    fn earliest_us(&self, parent: &Header) -> Result<Option<i64>, Error> {
        Ok(self.earliest(parent.timestamp).map(|time| time.us()))
    }
}

plugcoin_sdk::register!(Validity, "timestamps", |options: TimestampsOptions| Ok(
    Timestamps::new(options.drift_s, options.step_ms)
));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::{SECOND_US, block, chain, nonce};

    /// The verdict on a block so many microseconds after its parent, when the clock is so many after it.
    fn verdict(rule: Timestamps, after_us: i64, clock_us: i64) -> Result<(), Invalid> {
        let parent = &chain(1)[0];
        let parent_us = parent.header().timestamp.us();
        let block = block(parent, "miner", vec![], parent_us + after_us, &nonce(1));
        let context = BlockContext {
            parent: parent.header(),
            now_us: parent_us + clock_us,
        };
        rule.check_block(&block, &context).unwrap().into_result()
    }

    #[test]
    fn a_block_keeps_its_distance() {
        let rule = Timestamps::default();
        assert_eq!(verdict(rule, SECOND_US, SECOND_US), Ok(()));
        let invalid = verdict(rule, SECOND_US - 1, SECOND_US).unwrap_err();
        assert!(!invalid.transient && invalid.penalty > 0);
        assert_eq!(
            invalid.to_string(),
            "time: the block comes too soon after its parent; observed 2020-05-14T09:19:11.999999; \
             required at least 2020-05-14T09:19:12.000000"
        );
    }

    #[test]
    fn without_a_step_the_parent_is_left_to_other_rules() {
        let rule = Timestamps::new(60, 0);
        assert_eq!(verdict(rule, -SECOND_US, 0), Ok(()));
        assert_eq!(rule.earliest_us(chain(1)[0].header()).unwrap(), None);
    }

    #[test]
    fn a_block_ahead_of_the_clock_is_refused_for_now() {
        let rule = Timestamps::new(60, 1);
        assert_eq!(verdict(rule, 60 * SECOND_US, 0), Ok(()));
        let invalid = verdict(rule, 60 * SECOND_US + 1, 0).unwrap_err();
        assert!(invalid.transient && invalid.penalty == 0);
        assert_eq!(verdict(rule, 60 * SECOND_US + 1, 1), Ok(()));
    }

    #[test]
    fn the_earliest_time_is_one_that_the_rule_takes() {
        let header = chain(1)[0].header().clone();
        let parent_us = header.timestamp.us();
        let rule = Timestamps::default();
        let earliest_us = rule.earliest_us(&header).unwrap().unwrap();
        assert_eq!(earliest_us, parent_us + SECOND_US);
        assert_eq!(verdict(rule, earliest_us - parent_us, SECOND_US), Ok(()));
    }

    #[test]
    fn great_numbers_do_not_overflow() {
        let rule = Timestamps::new(u64::MAX, u64::MAX);
        let last = "9999-12-31T23:59:59.999999";
        let invalid = verdict(rule, 1_000_000 * SECOND_US, 0).unwrap_err();
        assert_eq!(
            invalid.required.as_deref().unwrap(),
            format!("at least {last}")
        );
        assert_eq!(
            verdict(Timestamps::new(u64::MAX, 0), i64::MAX / 4, 0),
            Ok(())
        );
    }
}
