//! Difficulty: every block's hash begins with three zeros.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Ancestor, Difficulty};
use plugcoin_sdk::ledger::Target;

/// How many zeros (hex digits); each costs 16 times more tries.
const ZEROS: u32 = 3;

/// The rule that every block's hash begins with so many zeros.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Difficulty for MyRule {
    fn target(&self, _nr: u64, _ancestors: &[Ancestor]) -> Result<Target, Error> {
        Ok(self.easiest())
    }

    fn easiest(&self) -> Target {
        Target::from_leading_zeros(ZEROS)
    }
}

plugcoin_sdk::register!(Difficulty, "my-rule", |_| Ok(MyRule));
