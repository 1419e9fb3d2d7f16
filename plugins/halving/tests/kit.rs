//! The behaviour suite of the hook.

use halving::{Halving, HalvingOptions};
use plugcoin_sdk::ledger::SUM_MAX;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    let defaults = HalvingOptions::default();
    let fast = HalvingOptions {
        first_reward: SUM_MAX,
        interval_blocks: 1,
    };
    for options in [defaults, fast] {
        suite::reward::check(&Halving::from_options(&options).unwrap());
    }
}
