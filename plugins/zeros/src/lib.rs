//! Difficulty: every block's hash begins with the same number of zeros.

use plugcoin_sdk::hooks::{Ancestor, Difficulty};
use plugcoin_sdk::ledger::Target;
use plugcoin_sdk::{Error, ErrorKind};

/// The most zeros that a hash of 64 digits can begin with.
const ZEROS_MAX: u32 = 64;

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct ZerosOptions {
        /// How many zeros the hex digits of a block's hash begin with, 0 to 64; each costs 16 times more tries.
        consensus zeros: u32 = 4,
    }
}

/// The rule that every block's hash begins with a fixed number of zeros, as hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zeros {
    target: Target,
}

impl Zeros {
    /// The rule with this many zeros; with 64 no block can be found.
    pub fn new(zeros: u32) -> Self {
        Self {
            target: Target::from_leading_zeros(zeros),
        }
    }

    /// The rule as the options have it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for more zeros than a hash has digits.
    pub fn from_options(options: &ZerosOptions) -> Result<Self, Error> {
        if options.zeros > ZEROS_MAX {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "zeros.zeros is {}, and a hash has {ZEROS_MAX} digits; take 0 to {ZEROS_MAX}",
                    options.zeros
                ),
            ));
        }
        Ok(Self::new(options.zeros))
    }
}

impl Difficulty for Zeros {
    fn target(&self, _nr: u64, _ancestors: &[Ancestor]) -> Result<Target, Error> {
        Ok(self.target)
    }

    fn easiest(&self) -> Target {
        self.target
    }
}

plugcoin_sdk::register!(Difficulty, "zeros", |options: ZerosOptions| {
    Zeros::from_options(&options)
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::hooks::HookKind;
    use plugcoin_sdk::plugin::{Setup, compiled_in};

    fn made_with(zeros: serde_json::Value) -> Result<Target, Error> {
        let registration = compiled_in()[0];
        assert_eq!(registration.name, "zeros");
        assert_eq!(registration.hooks, [HookKind::Difficulty]);
        let setup = Setup {
            plugin: "zeros".into(),
            values: vec![("zeros".into(), zeros)],
            ..Setup::default()
        };
        let provided = (registration.create)(&setup)?;
        provided
            .difficulty
            .expect("it is a difficulty")
            .target(1, &[])
    }

    #[test]
    fn four_zeros_are_the_default_and_the_genesis_block_has_them() {
        let rule = Zeros::from_options(&ZerosOptions::default()).unwrap();
        assert_eq!(rule, Zeros::new(4));
        assert!(
            rule.easiest()
                .is_met_by(&plugcoin_sdk::ledger::genesis().hash())
        );
    }

    #[test]
    fn the_option_sets_the_target_and_has_bounds() {
        assert_eq!(made_with(0.into()).unwrap(), Target::MAX);
        assert_eq!(
            made_with(64.into()).unwrap(),
            Target::from_leading_zeros(64)
        );
        let error = made_with(65.into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            error.to_string(),
            "zeros.zeros is 65, and a hash has 64 digits; take 0 to 64"
        );
        assert!(made_with((-1).into()).is_err());
    }
}
