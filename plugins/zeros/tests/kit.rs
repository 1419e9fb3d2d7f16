//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use zeros::Zeros;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::difficulty::check(&Zeros::new(0));
    suite::difficulty::check(&Zeros::new(4));
    suite::difficulty::check(&Zeros::new(64));
}
