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

#[test]
fn every_file_that_is_named_for_durability_exists_and_tests() {
    let page = read("docs/reliability.md");
    let (_, section) = page.split_once("\n## Durability\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut named = 0;
    for name in section.split('`').skip(1).step_by(2) {
        if name.ends_with(".rs") {
            assert!(read(name).contains("#[test]"), "{name} tests nothing");
            named += 1;
        } else if name.starts_with("scripts/") {
            assert!(read(name).starts_with("#!"), "{name} is no script");
            named += 1;
        }
    }
    assert!(named > 10, "{named}");
    // A row that names no test names what is the same as in a row before.
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| ") && line.matches(" | ").count() == 2);
    for row in rows.skip(1) {
        let tried_by = row.rsplit(" | ").next().unwrap();
        assert!(
            tried_by.contains('`') || tried_by.starts_with("the same"),
            "{row}"
        );
    }
}

/// The files that hold every bound, each beside what it binds.
const LIMITS: [(&str, &str); 3] = [
    ("what a node does", "node/core/src/limits.rs"),
    ("what goes over the wire", "node/http/src/limits.rs"),
    ("what the program does", "node/src/run/limits.rs"),
];

/// A row for each constant of a file: its name, its value, and its reason, which is its documentation.
fn rows(source: &str) -> String {
    let (mut rows, mut reason) = (String::new(), Vec::new());
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if let Some(words) = line.strip_prefix("///") {
            reason.extend(Some(words.trim()).filter(|words| !words.is_empty()));
        }
        let Some(constant) = line
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub ")
            .strip_prefix("const ")
        else {
            continue;
        };
        let mut whole = constant.to_owned();
        while !whole.ends_with(';') {
            whole = format!("{whole} {}", lines.next().unwrap().trim());
        }
        let (name, typed) = whole.split_once(':').unwrap();
        let value = typed.split_once('=').unwrap().1.trim();
        let value = value.trim_end_matches(';').replace('|', "\\|");
        let words = reason.join(" ");
        let words = words.replace('|', "\\|").replace(['[', ']'], "");
        assert!(!words.is_empty(), "{name} has no reason");
        rows += &format!("| `{name}` | `{value}` | {words} |\n");
        reason.clear();
    }
    rows
}

#[test]
fn every_limit_is_on_the_page_with_its_reason() {
    let mut table = "| limit | value | reason |\n|---|---|---|\n".to_owned();
    for (what, path) in LIMITS {
        table += &format!("| **{what}** | | `{path}` |\n");
        table += &rows(&read(path));
    }
    let page = read("docs/reliability.md");
    let (before, rest) = page.split_once("<!-- limits -->\n").unwrap();
    let (told, after) = rest.split_once("<!-- end of limits -->").unwrap();
    if told == table {
        return;
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let page = format!("{before}<!-- limits -->\n{table}<!-- end of limits -->{after}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
        // At once, since the other test reads it.
        let new = path.with_extension("new");
        std::fs::write(&new, page).unwrap();
        std::fs::rename(new, path).unwrap();
        return;
    }
    let new = table.lines().filter(|line| !told.contains(line));
    let new: Vec<&str> = new.collect();
    panic!("docs/reliability.md has other limits; INSTA_UPDATE=always writes them: {new:#?}");
}
