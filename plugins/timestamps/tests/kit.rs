//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use timestamps::Timestamps;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::validity::check(&Timestamps::default());
    suite::validity::check(&Timestamps::new(0, 0));
    suite::validity::check(&Timestamps::new(u64::MAX, u64::MAX));
}
