//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use time::TimeRule;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::validity::check(&TimeRule::default());
    suite::validity::check(&TimeRule::new(0));
    suite::validity::check(&TimeRule::new(u64::MAX));
}
