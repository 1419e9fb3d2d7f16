//! `node snapshot`: what is recorded, and what is shown when an answer changes.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use program::libraries::library;
use program::{Run, node};
use tempfile::{TempDir, tempdir};

/// A folder in which the answers under these rules are recorded, in `answers`.
fn recorded(rules: &str) -> TempDir {
    let dir = tempdir().unwrap();
    let run = record(dir.path(), rules);
    assert_eq!(run.code, 0, "{}", run.text());
    dir
}

fn record(dir: &Path, rules: &str) -> Run {
    node(dir, &format!("snapshot record answers {rules}"))
}

fn check(dir: &TempDir, rules: &str) -> Run {
    node(dir.path(), &format!("snapshot check answers {rules}"))
}

/// The files in the folders of answers, by their paths.
fn files(dir: &TempDir) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in fs::read_dir(dir.path().join("answers")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(dir.path()).unwrap();
            files.insert(name.display().to_string(), fs::read(&path).unwrap());
        }
    }
    files
}

const QUICK: &str = "--set zeros.zeros=1";

#[test]
fn two_runs_record_the_same_bytes_and_check_finds_nothing() {
    let dir = recorded(QUICK);
    let again = recorded(QUICK);
    assert_eq!(files(&dir), files(&again));
    assert_eq!(files(&dir).len(), 11, "ten endpoints and the plugins");
    let run = check(&dir, "");
    assert_eq!(
        run.text(),
        "exit 0\n--- out\nall 10 endpoints answer as they were recorded\n"
    );
    // Other rules have another folder, and both are checked.
    let run = record(dir.path(), "--set zeros.zeros=2");
    assert_eq!(run.code, 0, "{}", run.text());
    assert!(check(&dir, "").out.contains("all 20 endpoints"));
}

#[test]
fn a_changed_option_is_a_diff() {
    let dir = recorded("--plugin halving --set zeros.zeros=1 --set halving.first_reward=2");
    let run = check(&dir, "--set halving.first_reward=3");
    assert_eq!(run.code, 1);
    assert_snapshot!("diff", run.text());
    assert_eq!(check(&dir, "--set halving.first_reward=2").code, 0);
}

#[test]
fn another_plugin_is_a_diff() {
    let dir = recorded(QUICK);
    let run = check(&dir, "--plugin halving --set zeros.zeros=1");
    assert_eq!(run.code, 1);
    for line in [
        "\n-      \"name\": \"fixed-reward\",",
        "\n+      \"name\": \"halving\",",
        "\n-  \"required\": \"1\"",
        "\n+  \"required\": \"50\"",
    ] {
        assert!(run.out.contains(line), "{line} in {}", run.out);
    }
}

#[test]
fn an_answer_that_was_edited_is_a_diff() {
    let dir = recorded(QUICK);
    let (status, text) = { files(&dir) }.pop_last().unwrap();
    let text = String::from_utf8(text).unwrap();
    let edited = text.replacen("\"blocks\": 5", "\"blocks\": 6", 1);
    fs::write(dir.path().join(&status), edited).unwrap();
    let run = check(&dir, "");
    assert_eq!(run.code, 1);
    assert_snapshot!("diff_of_one_line", run.text());
}

#[test]
fn a_library_answers_as_what_is_compiled_in() {
    let rules = format!("{QUICK} --set halving.first_reward=2");
    let compiled_in = recorded(&format!("--plugin halving {rules}"));
    let loaded = tempdir().unwrap();
    fs::copy(library("halving"), loaded.path().join("libhalving.so")).unwrap();
    let run = record(loaded.path(), &format!("--plugin ./libhalving.so {rules}"));
    assert_eq!(run.code, 0, "{}", run.text());
    let answers = |dir: &TempDir| {
        let mut files = files(dir);
        files.retain(|name, _| name.ends_with(".txt"));
        files
    };
    assert_eq!(answers(&compiled_in), answers(&loaded));
    assert_eq!(check(&loaded, "").code, 0);
}

#[test]
fn what_can_not_be_recorded_or_checked() {
    let dir = tempdir().unwrap();
    assert_snapshot!("nothing_recorded", check(&dir, "").text());
    assert_snapshot!("no_world", record(dir.path(), "--plugin authority").text());
    let unknown = record(dir.path(), "--plugin halvign --plugin-dir .");
    assert_eq!(unknown.code, 3);
    assert!(
        unknown.err.contains("did you mean halving?"),
        "{}",
        unknown.err
    );
    let dir = recorded(QUICK);
    let same_rules = record(dir.path(), "--set zeros.zeros=1 --plugin priority");
    assert_snapshot!("same_rules", same_rules.text());
}
