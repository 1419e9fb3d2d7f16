//! The commands of docs/plugins.md, typed by a machine in an empty folder; and the laws that it lists.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "walkthrough/output.rs"]
mod output;
#[path = "walkthrough/page.rs"]
mod page;
mod program;
#[path = "walkthrough/shell.rs"]
mod shell;

use plugcoin_sdk::hooks::HookKind;
use plugcoin_testkit::suite::by_name;
use program::libraries::{OUTSIDE, outside_target_dir, workspace};
use shell::{Ports, Shell};
use tempfile::tempdir;

const PAGE: &str = include_str!("../../docs/plugins.md");

/// A cargo that downloads nothing, takes the versions that this workspace has, and builds what lies
/// beneath the crate once for all tests.
fn cargo() -> String {
    let target = outside_target_dir();
    std::fs::create_dir_all(&target).unwrap();
    let settings: String = OUTSIDE
        .iter()
        .map(|(name, value)| format!("{name}={value} "))
        .collect();
    format!(
        "cargo() {{
            [ -e Cargo.lock ] || cp '{}/Cargo.lock' . || return
            [ -e target ] || ln -s '{}' target || return
            env -u CARGO_TARGET_DIR {settings}cargo \"$@\"
        }}",
        workspace().display(),
        target.display(),
    )
}

#[test]
fn the_tutorial_tells_the_truth() {
    assert!(
        page::commands(PAGE).len() > 12,
        "the page has lost its commands"
    );
    let dir = tempdir().unwrap();
    std::fs::write(dir.path().join("peers-default.json"), "{\"peers\": []}").unwrap();
    let ports = Ports::free(&["6000"]);
    let mut shell = Shell::start(dir.path());
    shell.run(&cargo());
    page::follow("docs/plugins.md", PAGE, &mut shell, &ports);
}

#[test]
fn every_hook_and_every_law_is_in_the_guide() {
    for hook in HookKind::ALL {
        let title = hook.name().replace('-', " ");
        let (first, rest) = title.split_at(1);
        let title = format!("\n### {}{rest}\n", first.to_uppercase());
        let section = PAGE
            .split(&title)
            .nth(1)
            .unwrap_or_else(|| panic!("no {title}"));
        let section = section.split("\n### ").next().unwrap();
        let section = section.split("\n## ").next().unwrap();
        let listed: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("- "))
            .collect();
        let laws = by_name::names(hook);
        let laws: Vec<String> = laws.iter().map(|law| law.replace('_', " ")).collect();
        assert_eq!(listed, laws, "{hook}");
    }
}
