//! Reward: every hundredth block pays ten coins, all others one.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Reward;
use plugcoin_sdk::ledger::Amount;

/// The rule that a block at a round height pays its miner ten coins, and any other one.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundNumbers;

impl Reward for RoundNumbers {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        let coins = if nr.is_multiple_of(100) { 10 } else { 1 };
        Ok(Amount::from_coins(coins))
    }
}

plugcoin_sdk::register!(Reward, "round-numbers", |_| Ok(RoundNumbers));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::suite;

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::reward::check(&RoundNumbers);
    }

    #[test]
    fn a_round_height_pays_ten() {
        let coins = |nr| RoundNumbers.reward(nr).unwrap();
        assert_eq!(coins(99), Amount::from_coins(1));
        assert_eq!(coins(100), Amount::from_coins(10));
    }
}
