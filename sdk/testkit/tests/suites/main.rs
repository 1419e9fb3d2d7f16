//! The suites pass what is right and catch what is wrong: every check can fail.

mod consensus;
mod difficulty;
mod fork_choice;
mod gossip;
mod mempool;
mod merkle;
mod observer;
mod reward;
mod signer;
mod storage;
mod transport;
mod validity;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plugcoin_testkit::doubles::{MemoryStorage, PlainSigner, RecordingGossip};
use plugcoin_testkit::suite;

/// Another number at every call: what a moody plugin decides by.
fn count() -> u64 {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    COUNTER.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn the_doubles_keep_the_laws_of_their_hooks() {
    suite::signer::check(&PlainSigner);
    suite::gossip::check(&RecordingGossip::new());
    suite::storage::check(&|| {
        let storage = Arc::new(MemoryStorage::new());
        Box::new(move || storage.clone())
    });
}

#[test]
#[should_panic(expected = "2 of 3 laws are broken:\nother_leaves_give_another_root: ")]
fn a_broken_law_is_named() {
    suite::merkle::check(&merkle::Roots(|_| Default::default()));
}
