//! The behaviour suite of the hook.

use plugcoin_testkit::suite;
use redb::Redb;
use std::sync::Arc;
use tempfile::TempDir;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::storage::check(&|| {
        let dir = TempDir::new().unwrap();
        Box::new(move || Arc::new(Redb::open(dir.path().join("blocks-6000.redb")).unwrap()))
    });
}
