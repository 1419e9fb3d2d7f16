//! Reward: ten coins for each of the first thousand blocks, one coin for every later one.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Reward;
use plugcoin_sdk::ledger::Amount;

/// The last block that pays more.
const EARLY_NR: u64 = 1_000;

/// The rule that early blocks pay more.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Reward for MyRule {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        let coins = if nr <= EARLY_NR { 10 } else { 1 };
        Ok(Amount::from_coins(coins))
    }
}

plugcoin_sdk::register!(Reward, "my-rule", |_| Ok(MyRule));
