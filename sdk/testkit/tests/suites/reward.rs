//! The suite of this hook catches what is wrong.

use crate::count;
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Reward;
use plugcoin_sdk::ledger::Amount;
use plugcoin_testkit::suite::reward;

/// A reward by a function.
struct Pays(fn(u64) -> u128);

impl Reward for Pays {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        Ok(Amount::from_units((self.0)(nr)))
    }
}

#[test]
fn a_bad_reward_is_caught() {
    assert!(reward::broken(&Pays(|nr| u128::from(nr) / 100)).is_empty());
    let greedy = Pays(|nr| u128::from(nr) << 20);
    assert_eq!(reward::broken(&greedy), ["it_is_at_most_the_greatest_sum"]);
    let moody = Pays(|_| u128::from(count()));
    assert_eq!(reward::broken(&moody), ["it_depends_on_the_height_alone"]);
}
