//! Every example is found by its name, beside the node's own plugins.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_examples_are_listed_beside_the_defaults() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_own-node"));
    let output = command.args(["plugins", "list"]).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let listed: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut plugins = 0;
    for folder in std::fs::read_dir(examples).unwrap() {
        let folder = folder.unwrap();
        // The two programs are no plugins.
        if folder.path().join("src/lib.rs").exists() {
            let name = folder.file_name().into_string().unwrap();
            assert!(listed.contains(&&*name), "{name} is not in {listed:?}");
            plugins += 1;
        }
    }
    assert_eq!(plugins, 12);
    assert!(listed.contains(&"proof-of-work"));
}
