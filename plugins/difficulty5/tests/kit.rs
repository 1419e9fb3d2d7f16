//! The behaviour suite of the hook, and what the rule demands.

use difficulty5::Difficulty5;
use plugcoin_sdk::hooks::Difficulty;
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::difficulty::check(&Difficulty5);
}

#[test]
fn five_zeros_are_enough_and_four_are_not() {
    let target = Difficulty5.target(1, &[]).unwrap();
    let hash = |zeros: usize| -> Hash {
        let digits = "0".repeat(zeros) + &"f".repeat(64 - zeros);
        digits.parse().unwrap()
    };
    assert!(target.is_met_by(&hash(5)));
    assert!(!target.is_met_by(&hash(4)));
    assert!(!target.is_met_by(&genesis().hash()), "it has four");
}
