//! The behaviour suite of the hook.

use authority::{Authority, AuthorityOptions, Keys};
use plugcoin_testkit::fixtures::MINER;
use plugcoin_testkit::suite;

/// The rule with the suite's miner alone on the list, and as one of three.
#[test]
fn it_keeps_the_laws_of_its_hook() {
    for names in [&[MINER][..], &["alice", MINER, "bob"]] {
        let options = AuthorityOptions {
            keys: Keys(names.iter().map(|name| (*name).to_owned()).collect()),
            turn_s: 1,
        };
        suite::consensus::check(&Authority::from_options(&options).unwrap());
    }
}
