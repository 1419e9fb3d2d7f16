//! The behaviour suite of the hook.

use flood::FloodGossip;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::gossip::check(&FloodGossip);
}
