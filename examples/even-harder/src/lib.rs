//! Difficulty: every even block needs one zero more than an odd one.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Ancestor, Difficulty};
use plugcoin_sdk::ledger::Target;

/// The zeros at the beginning of an odd block's hash.
const ZEROS: u32 = 3;

/// The rule that a hash begins with three zeros, and with four in every even block.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvenHarder;

impl Difficulty for EvenHarder {
    fn target(&self, nr: u64, _ancestors: &[Ancestor]) -> Result<Target, Error> {
        let more = u32::from(nr.is_multiple_of(2));
        Ok(Target::from_leading_zeros(ZEROS + more))
    }

    fn easiest(&self) -> Target {
        Target::from_leading_zeros(ZEROS)
    }
}

plugcoin_sdk::register!(Difficulty, "even-harder", |_| Ok(EvenHarder));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::suite;

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::difficulty::check(&EvenHarder);
    }

    #[test]
    fn an_even_block_takes_sixteen_times_the_work() {
        let target = |nr| EvenHarder.target(nr, &[]).unwrap();
        assert_eq!(target(7), Target::from_leading_zeros(3));
        assert_eq!(target(8), Target::from_leading_zeros(4));
    }
}
