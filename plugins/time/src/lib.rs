//! Validity: a block is later than its parent, and not far ahead of the clock.

use plugcoin_sdk::hooks::{BlockContext, Validity};
use plugcoin_sdk::ledger::{Block, Header, Timestamp};
use plugcoin_sdk::{Error, Invalid, Verdict};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct TimeOptions {
        /// How many seconds a block may be ahead of the node's clock.
        consensus drift_s: u64 = 7200,
    }
}

/// The rule that a block is later than its parent and at most so far ahead of the node's clock.
///
/// * A block that is too early is an offence; one that is too far ahead is refused for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRule {
    drift_us: i64,
}

impl TimeRule {
    /// The rule with this many seconds ahead of the clock.
    pub fn new(drift_s: u64) -> Self {
        let drift_us = drift_s.saturating_mul(1_000_000);
        Self {
            drift_us: i64::try_from(drift_us).unwrap_or(i64::MAX),
        }
    }
}

impl Default for TimeRule {
    /// Two hours.
    fn default() -> Self {
        Self::new(TimeOptions::default().drift_s)
    }
}

impl Validity for TimeRule {
    fn check_block(&self, block: &Block, context: &BlockContext<'_>) -> Result<Verdict, Error> {
        let (time, parent) = (block.header().timestamp, context.parent.timestamp);
        if time.us() <= parent.us() {
            return Ok(
                Invalid::new("time", "the block is not later than its parent")
                    .observed(time)
                    .required(format_args!("later than {parent}"))
                    .into(),
            );
        }
        let latest_us = context.now_us.saturating_add(self.drift_us);
        if time.us() > latest_us {
            return Ok(
                Invalid::new("time", "the block is too far ahead of this node's clock")
                    .observed(time)
                    .required(format_args!("at most {}", Timestamp::from_us(latest_us)))
                    .for_now()
                    .into(),
            );
        }
        Ok(Verdict::Valid)
    }

    fn earliest_us(&self, parent: &Header) -> Result<Option<i64>, Error> {
        Ok(Some(parent.timestamp.us().saturating_add(1)))
    }
}

plugcoin_sdk::register!(Validity, "time", |options: TimeOptions| Ok(TimeRule::new(
    options.drift_s
)));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::{START_US, block, chain, nonce};

    /// The verdict on a block so many microseconds after its parent, when the clock is so many after it.
    fn verdict(rule: TimeRule, after_us: i64, clock_us: i64) -> Result<(), Invalid> {
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
    fn a_block_is_later_than_its_parent() {
        let rule = TimeRule::default();
        assert_eq!(verdict(rule, 1, 0), Ok(()));
        for after_us in [0, -1] {
            let invalid = verdict(rule, after_us, 0).unwrap_err();
            assert_eq!(invalid.rule, "time");
            assert!(!invalid.transient && invalid.penalty > 0);
        }
        assert_eq!(
            verdict(rule, 0, 0).unwrap_err().to_string(),
            "time: the block is not later than its parent; observed 2020-05-14T09:19:11.000000; \
             required later than 2020-05-14T09:19:11.000000"
        );
    }

    #[test]
    fn a_block_far_ahead_is_refused_for_now() {
        let two_hours_us = plugcoin_sdk::ledger::TWO_HOURS_US;
        assert_eq!(verdict(TimeRule::default(), two_hours_us, 0), Ok(()));
        let invalid = verdict(TimeRule::default(), two_hours_us + 1, 0).unwrap_err();
        assert!(invalid.transient && invalid.penalty == 0);
        assert_eq!(verdict(TimeRule::default(), two_hours_us + 1, 1), Ok(()));
        assert!(verdict(TimeRule::new(0), 2, 1).is_err());
        assert_eq!(verdict(TimeRule::new(u64::MAX), i64::MAX / 4, 0), Ok(()));
    }

    #[test]
    fn the_earliest_time_is_just_after_the_parent() {
        let header = chain(1)[0].header().clone();
        let earliest_us = TimeRule::default().earliest_us(&header).unwrap();
        assert_eq!(earliest_us, Some(START_US + 1_000_001));
    }
}
