//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use priority::{PriorityMempool, PriorityOptions};

#[test]
fn it_keeps_the_laws_of_its_hook() {
    for doubling_s in [0, 60, u32::MAX] {
        let options = PriorityOptions {
            doubling_s,
            ..PriorityOptions::default()
        };
        suite::mempool::check(&PriorityMempool::new(options).unwrap());
    }
}
