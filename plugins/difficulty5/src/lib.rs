//! Difficulty: every block's hash begins with five zeros.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Ancestor, Difficulty};
use plugcoin_sdk::ledger::Target;

/// The rule that every block's hash begins with five zeros, as hex digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Difficulty5;

impl Difficulty for Difficulty5 {
    fn target(&self, _nr: u64, _ancestors: &[Ancestor]) -> Result<Target, Error> {
        Ok(self.easiest())
    }

    fn easiest(&self) -> Target {
        Target::from_leading_zeros(5)
    }
}

plugcoin_sdk::register!(Difficulty, "difficulty5", |_| Ok(Difficulty5));
