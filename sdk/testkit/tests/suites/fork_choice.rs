//! The suite of this hook catches what is wrong.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Branch, ForkChoice, Preference};
use plugcoin_testkit::suite::fork_choice;

/// A fork choice by a function.
struct Prefers(fn(&Branch, &Branch) -> bool);

impl ForkChoice for Prefers {
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
        Ok(match (self.0)(a, b) {
            true => Preference::A,
            false => Preference::B,
        })
    }
}

#[test]
fn a_bad_fork_choice_is_caught() {
    let [order, circle, growth] = [
        "exactly_one_of_two_siblings_is_preferred_in_whichever_order",
        "of_three_the_preferences_never_go_round_in_a_circle",
        "a_branch_that_is_preferred_stays_preferred_when_it_alone_grows",
    ];
    let good = Prefers(|a, b| (a.tip_work, b.hash) > (b.tip_work, a.hash));
    assert_eq!(fork_choice::broken(&good), Vec::<&str>::new());
    assert!(fork_choice::broken(&Prefers(|_, _| true)).contains(&order));
    // Paper, stone, scissors.
    let round = Prefers(|a, b| (a.first_seen + 1) % 3 == b.first_seen % 3);
    assert!(fork_choice::broken(&round).contains(&circle));
    let least = Prefers(|a, b| (a.tip_work, a.hash) < (b.tip_work, b.hash));
    assert_eq!(fork_choice::broken(&least), [growth]);
}
