//! Snapshots of a journal: when a node keeps one, and which it believes.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use journal::Journal;
use plugcoin_bench::Chain;
use plugcoin_sdk::hooks::{Record, Storage as _};
use plugcoin_sdk::ledger::genesis;
use program::libraries::{library, write};
use program::running::{Running, until};
use rustix::process::Signal;

/// So long that a snapshot is kept.
const BLOCKS: u64 = 10_100;

const OPENED: &str = "opened by the journal's snapshot";
const IGNORED: &str = "the journal's snapshot is ignored";

/// Writes a journal of blocks that have a reward alone.
fn fill(path: &Path) {
    let chain = Chain {
        blocks: BLOCKS,
        transactions: 1,
        signers: 2,
    };
    let journal = Journal::open(path).unwrap();
    journal.replay(&mut |_| Ok(())).unwrap();
    let blocks = chain.blocks().map(|block| Record::Block(block.unwrap()));
    let records: Vec<Record> = [Record::Block(genesis())]
        .into_iter()
        .chain(blocks)
        .collect();
    journal.append(&records).unwrap();
}

fn stop(node: Running) {
    let log = node.log();
    assert_eq!(node.stop(Signal::TERM).0, 0, "{log}");
}

#[test]
fn a_snapshot_is_kept_once_believed_and_never_for_other_libraries() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let library_path = dir.join("libzeros.so");
    let mut library = fs::read(library("zeros")).unwrap();
    write(dir, "libzeros.so", &library);
    let rules = format!(
        "--set zeros.zeros=0 --reward-to nobody --log debug --plugin {}",
        library_path.display()
    );
    let first = Running::start_with(dir, &rules, |dir, port| {
        fill(&dir.join(format!("blocks-{port}.json")));
    });
    let snapshot = dir.join(format!("blocks-{}.snapshot", first.port()));
    let again = format!("--port {} {rules}", first.port());
    until("a snapshot", || snapshot.exists().then_some(()));
    let kept = || fs::metadata(&snapshot).unwrap().ino();
    let begun = kept();
    assert!(!first.log().contains(OPENED), "there was none");
    stop(first);
    assert_eq!(kept(), begun, "nothing is new at the end");

    let second = Running::start(dir, &again);
    assert!(second.log().contains(OPENED), "{}", second.log());
    assert_eq!(second.status()["height"], BLOCKS);
    stop(second);
    assert_eq!(kept(), begun, "nothing is new since it was read");

    // Its author changed the library: the journal is judged, and the old snapshot not looked at.
    let old = fs::read(&snapshot).unwrap();
    library.push(0);
    fs::remove_file(&library_path).unwrap();
    write(dir, "libzeros.so", &library);
    let third = Running::start(dir, &again);
    assert!(third.log().contains("other files of the same version"));
    assert!(!third.log().contains(OPENED), "{}", third.log());
    until("a new one", || (kept() != begun).then_some(()));
    stop(third);

    // What a start leaves that is killed when it has written down under what it judged, and no more.
    fs::write(&snapshot, old).unwrap();
    let fourth = Running::start(dir, &again);
    let log = fourth.log();
    assert!(log.contains(IGNORED) && !log.contains(OPENED), "{log}");
    stop(fourth);
}
