//! `docs/reliability.md` tells the truth.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_test_that_is_named_exists() {
    let page = read("docs/reliability.md");
    let (_, section) = page.split_once("\n## Adversaries\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let mut named = 0;
    for row in rows.skip(1) {
        let shown_by = row.split(" | ").nth(1).unwrap();
        let mut source = String::new();
        for name in shown_by.split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") {
                source = read(name);
            } else {
                let test = format!("fn {name}()");
                assert!(source.contains(&test), "there is no test {name}: {row}");
                named += 1;
            }
        }
    }
    assert!(named > 30, "{named}");
}
