//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use proof_of_work::ProofOfWork;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::consensus::check(&ProofOfWork);
}
