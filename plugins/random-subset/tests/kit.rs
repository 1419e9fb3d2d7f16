//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use random_subset::RandomSubset;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    for peers in [1, 8, usize::MAX] {
        suite::gossip::check(&RandomSubset::new(peers).unwrap());
    }
}
