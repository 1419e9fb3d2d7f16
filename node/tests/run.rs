//! Nodes that run: real processes, real ports, folders of their own.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::path::Path;
use std::time::Duration;

use program::node;
use program::running::{Running, until};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

const ONE_ZERO: &str = "--port 0 --set zeros.zeros=1";

/// A node whose first coin is mined.
fn with_a_coin(args: &str) -> (TempDir, Running) {
    let dir = tempdir().unwrap();
    let running = Running::start(dir.path(), args);
    running.wait("the first coin", |status| status["height"] == 1);
    (dir, running)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn it_starts_mines_its_first_coin_pays_and_serves() {
    let (dir, a) = with_a_coin(ONE_ZERO);
    for word in ["Plugcoin", "proof-of-work", "zeros=1", &a.address] {
        assert!(a.summary.contains(word), "{}", a.summary);
    }
    let (code, text) = a.ask("POST", "/money", "{\"to\": \"bob\",\"sum\": 2}");
    assert_eq!(
        (code, text.contains("Not enough funds")),
        (400, true),
        "{text}"
    );
    a.pay("bob", "0.1");
    a.pay("bob", "0.25");
    let status = a.wait("the payments' block", |s| {
        s["height"] == 2 && s["pool"] == 0
    });
    assert_eq!(
        (&status["blocks"], &status["peers"]),
        (&3.into(), &0.into())
    );
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));

    let tip = status["tip"].as_str().unwrap();
    let (code, block) = a.ask("GET", &format!("/getdata?id={tip}"), "");
    assert_eq!(
        (code, block.contains("\"sum\": 0.25")),
        (200, true),
        "{block}"
    );
    for (query, levels) in [("", 3), ("?nr=1&limit=5", 2), (&*format!("?id={tip}"), 1)] {
        let (code, page) = a.ask("GET", &format!("/getblocks{query}"), "");
        let page: Value = serde_json::from_str(&page).unwrap();
        assert_eq!(
            (code, page["chain"].as_array().unwrap().len()),
            (200, levels)
        );
    }
    let unknown = "0".repeat(64);
    assert_eq!(a.ask("GET", &format!("/getdata?id={unknown}"), "").0, 404);
    let plugins: Value = serde_json::from_str(&a.ask("GET", "/plugins", "").1).unwrap();
    assert_eq!(plugins["fingerprint"], status["fingerprint"]);

    let rules = json(&dir.path().join(format!("rules-{}.json", a.port())));
    assert_eq!(rules["fingerprint"], status["fingerprint"]);
    let blocks = json(&dir.path().join(format!("blocks-{}.json", a.port())));
    assert_eq!(
        blocks.as_array().unwrap().len(),
        5,
        "three blocks, two payments"
    );
}

#[test]
fn it_stops_at_once_and_starts_again_where_it_was() {
    for signal in [Signal::TERM, Signal::INT] {
        let (dir, a) = with_a_coin(ONE_ZERO);
        let waiting = a.pay("bob", "0.5");
        let (before, port) = (a.status(), a.port().to_owned());
        let (code, took) = a.stop(signal);
        assert_eq!(code, 0);
        assert!(took < Duration::from_secs(2), "{took:?}");
        let again = format!("--port {port} --set zeros.zeros=1");
        let a = Running::start(dir.path(), &again);
        let after = a.status();
        for same in ["tip", "height", "pool", "blocks", "fingerprint"] {
            assert_eq!(after[same], before[same], "{same}");
        }
        assert_eq!(after["pool"], 1);
        assert_ne!(after["node"], before["node"]);
        let stored = std::fs::read_to_string(dir.path().join(format!("blocks-{port}.json")));
        assert!(stored.unwrap().contains("\"to\": \"bob\""), "{waiting}");
    }
}

#[test]
fn two_nodes_agree_and_one_that_was_away_catches_up() {
    let (_a_dir, a) = with_a_coin(ONE_ZERO);
    let b_dir = tempdir().unwrap();
    let b = Running::start(b_dir.path(), &format!("{ONE_ZERO} --peer {}", a.address));
    b.wait("the chain of a", |status| status["height"] == 1);
    until("a to know b", || {
        a.ask("GET", "/getpeers", "")
            .1
            .contains(&b.address)
            .then_some(())
    });
    let agreed = |a: &Running, b: &Running, height: u64| {
        until("both to agree", || {
            let (a, b) = (a.status(), b.status());
            (a["tip"] == b["tip"] && a["height"] == height && a["pool"] == 0).then_some(())
        });
    };
    a.pay("bob", "0.1");
    a.pay("bob", "0.2");
    agreed(&a, &b, 2);
    let again = format!(
        "--port {} --set zeros.zeros=1 --peer {}",
        b.port(),
        a.address
    );
    assert_eq!(b.stop(Signal::TERM).0, 0);
    a.pay("bob", "0.3");
    a.pay("bob", "0.05");
    a.wait("the next block", |status| status["height"] == 3);
    let b = Running::start(b_dir.path(), &again);
    agreed(&a, &b, 3);
}

#[test]
fn a_port_and_a_data_directory_belong_to_one_node() {
    let (dir, a) = with_a_coin(ONE_ZERO);
    let run = node(tempdir().unwrap().path(), &format!("--port {}", a.port()));
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(
        run.err.contains(a.port()) && run.err.contains("--port"),
        "{}",
        run.err
    );
    // Another address with the same port is free, but the files are not.
    let same = format!("--host 127.0.0.2 --port {}", a.port());
    let run = node(dir.path(), &same);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("--data-dir"), "{}", run.err);
    assert_eq!(a.status()["height"], 1);
}

#[test]
fn what_does_not_fit_leaves_no_file() {
    let dir = tempdir().unwrap();
    for (args, word) in [
        ("--plugin difficulty55", "difficulty55"),
        ("--set zeros.zeros=many", "zeros"),
        ("--set zeros.ones=1", "ones"),
    ] {
        let run = node(dir.path(), &format!("--port 0 --data-dir new {args}"));
        assert_eq!(run.code, 3, "{}", run.err);
        assert!(run.err.contains(word), "{}", run.err);
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "{args}");
    }
    // What a plugin refuses itself is refused before the journal is there.
    let run = node(dir.path(), "--port 0 --data-dir new --set zeros.zeros=300");
    assert_eq!(run.code, 3, "{}", run.err);
    let mut files = std::fs::read_dir(dir.path().join("new")).unwrap();
    assert!(files.next().is_none());
    std::fs::write(dir.path().join("peers-default.json"), "{}").unwrap();
    let run = node(dir.path(), "--port 0");
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("peers-default.json"), "{}", run.err);
}

#[test]
fn a_journal_of_other_rules_is_judged_and_refused_with_the_block() {
    let (dir, a) = with_a_coin("--port 0 --set zeros.zeros=0");
    let (tip, port) = (
        a.status()["tip"].as_str().unwrap().to_owned(),
        a.port().to_owned(),
    );
    assert_eq!(a.stop(Signal::TERM).0, 0);
    let rules = dir.path().join(format!("rules-{port}.json"));
    let before = std::fs::read_to_string(&rules).unwrap();
    // With so many zeros nobody is lucky.
    let run = node(dir.path(), &format!("--port {port} --set zeros.zeros=12"));
    assert_eq!(run.code, 6, "{}", run.err);
    for word in [&*tip, "--data-dir", "seal", "rules-"] {
        assert!(run.err.contains(word), "{word}: {}", run.err);
    }
    assert_eq!(std::fs::read_to_string(&rules).unwrap(), before);
    // Rules that every block keeps are taken, and written down.
    let looser = format!("--port {port} --set zeros.zeros=0 --set time.drift_s=9000");
    let a = Running::start(dir.path(), &looser);
    assert_eq!(a.status()["tip"], tip.as_str());
    assert_ne!(std::fs::read_to_string(&rules).unwrap(), before);
}

#[test]
fn chain_verify_names_the_first_fault() {
    let (dir, a) = with_a_coin(ONE_ZERO);
    a.pay("bob", "0.1");
    a.pay("bob", "0.2");
    a.wait("the next block", |status| status["height"] == 2);
    a.pay("bob", "0.7");
    let file = format!("blocks-{}.json", a.port());
    let verify = |rules: &str| node(dir.path(), &format!("chain verify {file} {rules}"));
    // Also while the node runs.
    let run = verify("--set zeros.zeros=1");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.starts_with("OK") && run.out.contains("height 2"),
        "{}",
        run.out
    );
    assert_eq!(a.stop(Signal::TERM).0, 0);
    let run = verify("--set zeros.zeros=1 --json");
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    for (name, value) in [
        ("height", 2),
        ("blocks", 3),
        ("transactions", 5),
        ("waiting", 1),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
    let run = verify("--set zeros.zeros=12");
    assert_eq!(
        (run.code, run.err.contains("seal")),
        (6, true),
        "{}",
        run.err
    );

    let path = dir.path().join(&file);
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, word) in [
        ("\"sum\": 0.7", "\"sum\": 0.6", "signature"),
        ("\"sum\": 0.2", "\"sum\": 0.3", "line"),
        ("\"nr\": 2", "\"nr\": 3", "line 6"),
        ("\"creator\": ", "\"creator\": 7", "line"),
    ] {
        std::fs::write(&path, text.replace(from, to)).unwrap();
        let run = verify("--set zeros.zeros=1");
        assert_eq!(run.code, 6, "{to}: {}{}", run.out, run.err);
        assert!(run.err.contains(word), "{to}: {}", run.err);
    }
    std::fs::write(&path, "[]").unwrap();
    assert_eq!(verify("").code, 6);
}
