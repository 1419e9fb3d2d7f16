//! The behaviour suite of the hook.

use events_jsonl::EventsJsonl;
use plugcoin_testkit::suite;
use tempfile::TempDir;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    let dir = TempDir::new().unwrap();
    for bytes_max in [0, 1_000, u64::MAX] {
        let path = dir.path().join("events-6000.jsonl");
        suite::observer::check(&EventsJsonl::open(path, bytes_max).unwrap());
    }
}
