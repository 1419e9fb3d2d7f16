//! The behaviour suite of the hook.

use journal::Journal;
use plugcoin_testkit::suite;
use std::sync::Arc;
use tempfile::TempDir;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::storage::check(&|| {
        let dir = TempDir::new().unwrap();
        Box::new(move || Arc::new(Journal::open(dir.path().join("blocks-6000.json")).unwrap()))
    });
}
