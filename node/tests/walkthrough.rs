//! The commands of docs/walkthrough.md, typed by a machine: the page can't rot.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "walkthrough/output.rs"]
mod output;
#[path = "walkthrough/page.rs"]
mod page;
#[path = "walkthrough/shell.rs"]
mod shell;

use shell::{Ports, Shell};
use tempfile::tempdir;

#[test]
fn the_page_tells_the_truth() {
    let page = include_str!("../../docs/walkthrough.md");
    assert!(
        page::commands(page).len() > 40,
        "the page has lost its commands"
    );
    let dir = tempdir().unwrap();
    let ports = Ports::free(&["6000", "6001", "6002"]);
    std::fs::write(
        dir.path().join("peers-default.json"),
        ports.taken(include_str!("../../peers-default.json")),
    )
    .unwrap();
    let mut shell = Shell::start(dir.path());
    page::follow("docs/walkthrough.md", page, &mut shell, &ports);
}
