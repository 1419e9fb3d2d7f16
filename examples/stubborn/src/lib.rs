//! Fork choice: the branch that was seen first, for ever.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Branch, ForkChoice, Preference};

/// The rule that the branch whose first block was seen first wins, however much work another has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stubborn;

impl ForkChoice for Stubborn {
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
        // The hash makes the order strict; it is never asked for two blocks that are kept.
        Ok(if (a.first_seen, a.hash) < (b.first_seen, b.hash) {
            Preference::A
        } else {
            Preference::B
        })
    }
}

plugcoin_sdk::register!(ForkChoice, "stubborn", |_| Ok(Stubborn));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::suite;

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::fork_choice::check(&Stubborn);
    }
}
