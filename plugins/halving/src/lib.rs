//! Reward: what a block pays is halved after every so many blocks.

use plugcoin_sdk::hooks::Reward;
use plugcoin_sdk::ledger::{Amount, SUM_MAX};
use plugcoin_sdk::{Error, ErrorKind};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct HalvingOptions {
        /// What the first blocks pay their miners, in coins, as a decimal text like "50" or "0.5".
        consensus first_reward: Amount = Amount::from_coins(50),
        /// After how many blocks the reward is halved, 1 or more.
        consensus interval_blocks: u64 = 210_000,
    }
}

/// The rule that block n pays ⌊first reward / 2^⌊n / interval⌋⌋, in whole units of 1e-8.
///
/// * Block `interval_blocks` is the first that pays half, since the genesis block counts.
///
/// Source: Bitcoin Core, `GetBlockSubsidy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    first_reward: Amount,
    interval_blocks: u64,
}

impl Halving {
    /// The rule as the options have it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for more than a transaction can carry, or an interval of no blocks.
    pub fn from_options(options: &HalvingOptions) -> Result<Self, Error> {
        let &HalvingOptions {
            first_reward,
            interval_blocks,
        } = options;
        if first_reward > SUM_MAX {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "halving.first_reward is {first_reward}, more than a transaction can carry; take at most {SUM_MAX}"
                ),
            ));
        }
        if interval_blocks == 0 {
            return Err(Error::new(
                ErrorKind::Configuration,
                "halving.interval_blocks is 0, and a reward can't be halved after no blocks; take 1 or more",
            ));
        }
        Ok(Self {
            first_reward,
            interval_blocks,
        })
    }
}

impl Reward for Halving {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        let halvings = u32::try_from(nr / self.interval_blocks).unwrap_or(u32::MAX);
        // An amount has 128 bits; halved more often than that, nothing is left.
        let units = self.first_reward.units().checked_shr(halvings);
        Ok(Amount::from_units(units.unwrap_or(0)))
    }
}

plugcoin_sdk::register!(Reward, "halving", |options: HalvingOptions| {
    Halving::from_options(&options)
});

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(first_reward: Amount, interval_blocks: u64) -> Result<Halving, Error> {
        Halving::from_options(&HalvingOptions {
            first_reward,
            interval_blocks,
        })
    }

    #[test]
    fn the_default_pays_what_bitcoin_pays() {
        let rule = Halving::from_options(&HalvingOptions::default()).unwrap();
        let text = |nr| rule.reward(nr).unwrap().to_string();
        for (nr, reward) in [
            (1, "50"),
            (209_999, "50"),
            (210_000, "25"),
            (420_000, "12.5"),
            (840_000, "3.125"),
            (32 * 210_000, "0.00000001"),
            (33 * 210_000, "0"),
            (u64::MAX, "0"),
        ] {
            assert_eq!(text(nr), reward, "block {nr}");
        }
        // With the genesis block's 50: one interval of each reward.
        let all: u128 = (0..33)
            .map(|n| rule.reward(n * 210_000).unwrap().units() * 210_000)
            .sum();
        assert_eq!(Amount::from_units(all).to_string(), "20999999.9769");
    }

    #[test]
    fn every_interval_pays_half_of_the_one_before_rounded_down() {
        let rule = rule(Amount::from_units(7), 1).unwrap();
        let units = [1, 2, 3, 4].map(|nr| rule.reward(nr).unwrap().units());
        assert_eq!(units, [3, 1, 0, 0]);
    }

    #[test]
    fn the_options_have_bounds() {
        assert!(rule(SUM_MAX, u64::MAX).is_ok());
        let too_much = SUM_MAX.checked_add(Amount::from_units(1)).unwrap();
        for (reward, interval, said) in [
            (too_much, 1, "halving.first_reward is 10000000000.00000001"),
            (SUM_MAX, 0, "halving.interval_blocks is 0"),
        ] {
            let error = rule(reward, interval).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
