//! The behaviour suite of the hook.

use ed25519::Ed25519;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::signer::check(&Ed25519);
}
