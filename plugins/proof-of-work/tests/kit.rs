//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use proof_of_work::{Kernel, ProofOfWork};

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::consensus::check(&ProofOfWork::default());
}

#[test]
fn it_keeps_the_laws_of_its_hook_with_every_kernel_of_the_machine() {
    for kernel in Kernel::ALL {
        if let Ok(consensus) = ProofOfWork::with_kernel(kernel) {
            suite::consensus::check(&consensus);
        }
    }
}
