//! The behaviour suite of the hook.

use fixed_reward::FixedReward;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::reward::check(&FixedReward::default());
}
