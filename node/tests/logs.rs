//! The log for machines: one JSON object a line, and one line for what happened.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use program::world::{World, alice, pay, set};
use rustix::process::Signal;
use serde_json::Value;

/// Every line that a node logs, from its start to its end.
fn lines(args: &str) -> Vec<Value> {
    let world = World::new();
    let (dir, node) = world.start(&format!("--log-format json {args}"));
    let next = world.next(Vec::new());
    let lying = set(next.text(), "count", "2");
    let paid = pay(&alice(), "carol", "0.1", 36);
    for (path, text, status) in [
        ("/block", &*lying, 400),
        ("/block", next.text(), 200),
        ("/block", next.text(), 400),
        ("/inv", paid.text(), 200),
    ] {
        assert_eq!(node.ask("POST", path, text).0, status);
    }
    assert_eq!(node.stop(Signal::INT).0, 0);
    let log = std::fs::read_to_string(dir.path().join("node.log")).unwrap();
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

#[test]
fn one_line_for_what_happened() {
    let mut lines = lines("");
    for line in &mut lines {
        let timestamp = line["timestamp"].take();
        assert!(timestamp.as_str().unwrap().ends_with('Z'), "{timestamp}");
    }
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn whatever_is_logged_is_json() {
    let lines = lines("--log trace");
    for level in ["INFO", "DEBUG"] {
        assert!(lines.iter().any(|line| line["level"] == level), "{level}");
    }
}
