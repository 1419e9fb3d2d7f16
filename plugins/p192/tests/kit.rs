//! The behaviour suite of the hook.

use p192::P192;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::signer::check(&P192);
}
