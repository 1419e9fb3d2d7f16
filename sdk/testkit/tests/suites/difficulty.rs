//! The suite of this hook catches what is wrong.

use crate::count;
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Ancestor, Difficulty, Wants};
use plugcoin_sdk::ledger::Target;
use plugcoin_testkit::suite::difficulty;

/// A difficulty that can be wrong in several ways.
#[derive(Clone, Copy, PartialEq)]
enum BadDifficulty {
    Remembers,
    IsEasier,
    WantsTheFuture,
}

impl Difficulty for BadDifficulty {
    fn target(&self, _: u64, _: &[Ancestor]) -> Result<Target, Error> {
        Ok(Target::from_leading_zeros(match self {
            Self::Remembers => 2 + (count() % 7) as u32,
            Self::IsEasier => 1,
            Self::WantsTheFuture => 2,
        }))
    }

    fn easiest(&self) -> Target {
        Target::from_leading_zeros(2)
    }

    fn wants(&self, nr: u64) -> Result<Wants, Error> {
        Ok(match self {
            Self::WantsTheFuture => Wants::At(vec![nr]),
            _ => Wants::Nothing,
        })
    }
}

#[test]
fn a_bad_difficulty_is_caught() {
    for (bad, law) in [
        (
            BadDifficulty::Remembers,
            "the_answer_depends_on_the_height_and_on_the_ancestors_alone",
        ),
        (BadDifficulty::IsEasier, "no_target_is_easier_than_easiest"),
        (
            BadDifficulty::WantsTheFuture,
            "no_ancestor_is_wanted_that_is_not_below_the_block",
        ),
    ] {
        assert_eq!(difficulty::broken(&bad), [law]);
    }
}
