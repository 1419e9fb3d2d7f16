//! Fork choice: the branch with the most work wins, and of two equal ones the smaller hash.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Branch, ForkChoice, Preference};

/// The rule that the most work wins; the hash settles what is equal, so that all nodes agree.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl ForkChoice for MyRule {
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
        // More work is better and a smaller hash is, so the two stand crosswise.
        Ok(match (a.tip_work, b.hash) > (b.tip_work, a.hash) {
            true => Preference::A,
            false => Preference::B,
        })
    }
}

plugcoin_sdk::register!(ForkChoice, "my-rule", |_| Ok(MyRule));
