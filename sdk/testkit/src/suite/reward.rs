//! The laws of [`Reward`].

use plugcoin_sdk::hooks::Reward;
use plugcoin_sdk::ledger::{Amount, SUM_MAX};

use super::laws;

laws!(dyn Reward:
    it_depends_on_the_height_alone,
    it_is_at_most_the_greatest_sum,
);

fn heights() -> impl DoubleEndedIterator<Item = u64> {
    let far = (10..64).map(|bits| 1_u64 << bits);
    (1..1_000).chain(far).chain([u64::MAX])
}

fn reward(rule: &dyn Reward, nr: u64) -> Amount {
    rule.reward(nr).expect("reward has no fault")
}

fn it_depends_on_the_height_alone(rule: &dyn Reward) {
    let upward: Vec<Amount> = heights().map(|nr| reward(rule, nr)).collect();
    let mut downward: Vec<Amount> = heights().rev().map(|nr| reward(rule, nr)).collect();
    downward.reverse();
    assert_eq!(upward, downward);
}

fn it_is_at_most_the_greatest_sum(rule: &dyn Reward) {
    for nr in heights() {
        assert!(reward(rule, nr) <= SUM_MAX, "block {nr}");
    }
}
