//! The suite of this hook catches what is wrong.

use crate::count;
use plugcoin_sdk::hooks::{BlockContext, Validity};
use plugcoin_sdk::ledger::{Block, Header};
use plugcoin_sdk::{Error, Invalid, Verdict};
use plugcoin_testkit::suite::validity;

/// A further rule that can be wrong in several ways.
#[derive(Clone, Copy, PartialEq)]
enum BadValidity {
    IsMoody,
    PunishesTheClock,
    IsSilent,
    HasMovingBounds,
}

impl Validity for BadValidity {
    fn check_block(&self, block: &Block, context: &BlockContext<'_>) -> Result<Verdict, Error> {
        let refused = match self {
            Self::IsMoody => count().is_multiple_of(2),
            Self::PunishesTheClock => block.header().timestamp.us() > context.now_us,
            Self::IsSilent => true,
            Self::HasMovingBounds => false,
        };
        Ok(match (refused, self) {
            (false, _) => Verdict::Valid,
            (true, Self::IsSilent) => Invalid::new("", "").into(),
            (true, Self::IsMoody) => Invalid::new("mood", "not today").for_now().into(),
            (true, _) => Invalid::new("time", "too early").into(),
        })
    }

    fn earliest_us(&self, _: &Header) -> Result<Option<i64>, Error> {
        Ok(match self {
            Self::HasMovingBounds => Some(count() as i64),
            _ => None,
        })
    }
}

#[test]
fn a_bad_validity_rule_is_caught() {
    for (bad, law) in [
        (
            BadValidity::IsMoody,
            "the_same_arguments_give_the_same_verdict",
        ),
        (
            BadValidity::PunishesTheClock,
            "a_verdict_that_depends_on_the_clock_is_for_now",
        ),
        (
            BadValidity::IsSilent,
            "a_refusal_names_its_rule_and_says_why",
        ),
        (
            BadValidity::HasMovingBounds,
            "the_earliest_time_is_the_same_for_the_same_parent",
        ),
    ] {
        assert_eq!(validity::broken(&bad), [law]);
    }
}
