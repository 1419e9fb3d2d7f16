//! The behaviour suite of the hook.

use fifo::Fifo;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::mempool::check(&Fifo::default());
}
