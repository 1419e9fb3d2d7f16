//! The behaviour suite of the hook.

use mempool_limits::{LimitsOptions, MempoolLimits};
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::mempool::check(&MempoolLimits::default());
    let least = LimitsOptions {
        n_transactions: 1,
        transactions_max: 1,
        bytes_max: 800,
        age_max_s: 1,
        sender_transactions_max: 1,
    };
    suite::mempool::check(&MempoolLimits::new(least).unwrap());
}
