//! Reward: every block pays its miner the same.

use plugcoin_sdk::hooks::Reward;
use plugcoin_sdk::ledger::{Amount, SUM_MAX};
use plugcoin_sdk::{Error, ErrorKind};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct FixedRewardOptions {
        /// What a block pays its miner, in coins, as a decimal text like "1" or "0.5".
        consensus reward: Amount = Amount::from_coins(1),
    }
}

/// The rule that every block pays its miner the same amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedReward {
    reward: Amount,
}

impl FixedReward {
    /// The rule with this amount.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for more than a transaction can carry.
    pub fn new(reward: Amount) -> Result<Self, Error> {
        if reward > SUM_MAX {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "fixed-reward.reward is {reward}, more than a transaction can carry; take at most {SUM_MAX}"
                ),
            ));
        }
        Ok(Self { reward })
    }
}

impl Default for FixedReward {
    /// One coin.
    fn default() -> Self {
        Self {
            reward: Amount::from_coins(1),
        }
    }
}

impl Reward for FixedReward {
    fn reward(&self, _nr: u64) -> Result<Amount, Error> {
        Ok(self.reward)
    }
}

plugcoin_sdk::register!(Reward, "fixed-reward", |options: FixedRewardOptions| {
    FixedReward::new(options.reward)
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::plugin::{Setup, compiled_in};

    fn reward_of(text: &str) -> Result<Amount, Error> {
        let registration = compiled_in()[0];
        let setup = Setup {
            plugin: registration.name.into(),
            values: vec![("reward".into(), text.into())],
            ..Setup::default()
        };
        let provided = (registration.create)(&setup)?;
        provided.reward.expect("it is a reward").reward(7)
    }

    #[test]
    fn one_coin_is_the_default() {
        assert_eq!(
            FixedReward::default().reward(1).unwrap(),
            Amount::from_coins(1)
        );
        assert_eq!(FixedRewardOptions::default().reward, Amount::from_coins(1));
        assert_eq!((compiled_in()[0].options)()[0].default, "1");
    }

    #[test]
    fn the_amount_is_exact_and_bounded() {
        assert_eq!(reward_of("0").unwrap(), Amount::ZERO);
        assert_eq!(reward_of("0.00000001").unwrap(), Amount::from_units(1));
        assert_eq!(reward_of("10000000000").unwrap(), SUM_MAX);
        for text in ["10000000000.00000001", "-1", "one", "0.000000001"] {
            let error = reward_of(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{text}: {error}");
        }
    }
}
