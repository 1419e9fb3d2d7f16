//! Plugins from libraries: what they do in a node is what they do when they are compiled in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod program;

use std::fs;
use std::path::Path;

use program::libraries::{compile, library};
use program::node;
use program::peer::FakePeer;
use program::running::{Running, until};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

const MINE: &str = "--port 0 --mine --mine-interval 0s";

/// A folder with these libraries under their own names.
fn with(packages: &[&str]) -> TempDir {
    let dir = tempdir().unwrap();
    for package in packages {
        let file = library(package);
        fs::copy(file, dir.path().join(file.file_name().unwrap())).unwrap();
    }
    dir
}

fn start(dir: &TempDir, args: &str) -> Running {
    Running::start(dir.path(), args)
}

fn json(node: &Running, path: &str) -> Value {
    let (status, text) = node.ask("GET", path, "");
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The best chain's blocks up to a height, once it is reached.
fn mined(node: &Running, height: u64) -> Vec<Value> {
    node.wait("the chain to grow", |status| {
        status["height"].as_u64().unwrap() >= height
    });
    let page = json(node, "/getblocks?nr=0&limit=50");
    let blocks = page["chain"].as_array().unwrap().iter();
    blocks
        .map(|level| level.as_array().map_or(level, |blocks| &blocks[0]).clone())
        .take(usize::try_from(height).unwrap() + 1)
        .collect()
}

fn zeros(block: &Value) -> usize {
    let hash = block["hash"].as_str().unwrap();
    hash.len() - hash.trim_start_matches('0').len()
}

/// The last transaction of a block pays its miner this much.
fn reward(block: &Value) -> f64 {
    let transactions = block["transactions"].as_array().unwrap();
    transactions.last().unwrap()["transaction"]["sum"]
        .as_f64()
        .unwrap()
}

/// What a node says of the rules that its plugins are, and not of files and of what was called.
fn plugins(node: &Running) -> Value {
    let mut said = json(node, "/plugins");
    for plugin in said["plugins"].as_array_mut().unwrap() {
        let rule = [
            "name",
            "version",
            "rules_version",
            "hooks",
            "from",
            "options",
            "state",
        ];
        let plugin = plugin.as_object_mut().unwrap();
        plugin.retain(|member, _| rule.contains(&&**member));
    }
    said
}

#[test]
fn a_rule_by_its_path_by_its_name_and_from_a_height_on() {
    let dir = with(&["even-harder"]);
    let by_path = start(&dir, &format!("{MINE} --plugin ./libeven_harder.so"));
    for block in &mined(&by_path, 4)[1..] {
        let nr = block["nr"].as_u64().unwrap();
        let wanted = if nr % 2 == 0 { 4 } else { 3 };
        assert!(zeros(block) >= wanted, "{block}");
    }
    drop(by_path);
    let by_name = format!("{MINE} --set zeros.zeros=1 --plugin-dir . --plugin even-harder@3");
    let by_name = start(&dir, &by_name);
    let blocks = mined(&by_name, 4);
    assert!(zeros(&blocks[3]) >= 3 && zeros(&blocks[4]) >= 4);
    let said = plugins(&by_name);
    let rule = said["plugins"].as_array().unwrap().iter();
    let rule = { rule }.find(|plugin| plugin["name"] == "even-harder");
    assert_eq!(rule.unwrap()["from"]["difficulty"], serde_json::json!([3]));
}

#[test]
fn several_plugins_in_one_library_and_what_they_log() {
    let dir = with(&["several"]);
    let args = format!("{MINE} --set zeros.zeros=1 --plugin ./libseveral.so");
    let both = start(&dir, &format!("{args} --set two-rules.coins=3"));
    let blocks = mined(&both, 2);
    assert!((reward(&blocks[2]) - 3.0).abs() < 1e-9, "{}", blocks[2]);
    let log = until("the log", || {
        Some(both.log()).filter(|log| log.contains("block 2 was accepted"))
    });
    let line = |text: &str| log.lines().find(|line| line.contains(text));
    for (level, text) in [
        ("ERROR", "an error"),
        ("WARN", "a warning"),
        ("INFO", "something"),
        ("INFO", "block 1 was accepted"),
    ] {
        let line = line(text).unwrap_or_else(|| panic!("no {text} in {log}"));
        assert!(line.contains(level) && line.contains("talker"), "{line}");
    }
    assert_eq!(line("a detail"), None);
    drop(both);
    let one = start(
        &dir,
        &format!("{MINE} --set zeros.zeros=1 --plugin ./libseveral.so:talker"),
    );
    assert!((reward(&mined(&one, 1)[1]) - 1.0).abs() < 1e-9);
    assert!(one.summary.contains("talker") && !one.summary.contains("two-rules"));
}

#[test]
fn it_is_the_same_rule_compiled_in_or_loaded() {
    let dir = with(&["memory", "random-subset", "zeros"]);
    let set = "--port 0 --set zeros.zeros=2 --set random-subset.peers=3";
    let compiled_in = start(
        &dir,
        &format!("{set} --plugin memory --plugin random-subset"),
    );
    let paths = ["memory", "random_subset", "zeros"].map(|name| format!("--plugin ./lib{name}.so"));
    let loaded = start(&dir, &format!("{set} {}", paths.join(" ")));
    assert_eq!(plugins(&compiled_in), plugins(&loaded));
    assert_eq!(
        compiled_in.status()["fingerprint"],
        loaded.status()["fingerprint"]
    );
    let forms = json(&loaded, "/plugins");
    let forms = forms["plugins"].as_array().unwrap().iter();
    assert_eq!(forms.filter(|plugin| plugin["form"] == "loaded").count(), 3);
    for name in ["memory", "random-subset", "zeros"] {
        let file = format!("lib{}.so", name.replace('-', "_"));
        let note = format!("the plugin {name} of ./{file} hides the one that is compiled in");
        assert!(loaded.log().contains(&note), "{}", loaded.log());
    }
}

#[test]
fn a_storage_and_a_gossip_serve_two_nodes() {
    let dir = with(&["memory", "random-subset"]);
    let rules = "--port 0 --set zeros.zeros=1 --set fifo.n_transactions=1";
    let a = format!("{rules} --plugin ./libmemory.so --plugin ./librandom_subset.so");
    let a = start(&dir, &a);
    a.wait("the first coin", |status| status["height"] == 1);
    let b_dir = tempdir().unwrap();
    let b = start(&b_dir, &format!("{rules} --peer {}", a.address));
    b.wait("the chain of a", |status| status["height"] == 1);
    until("a to know b", || {
        let known = a.ask("GET", "/getpeers", "").1;
        known.contains(&b.address).then_some(())
    });
    a.pay("bob", "0.25");
    for node in [&a, &b] {
        node.wait("the payment's block", |status| status["height"] == 2);
        let tip = node.status()["tip"].as_str().unwrap().to_owned();
        let (status, block) = node.ask("GET", &format!("/getdata?id={tip}"), "");
        assert_eq!(status, 200);
        assert!(block.contains("\"to\": \"bob\""), "{block}");
    }
    assert_eq!(mined(&a, 2), mined(&b, 2));
    let journal = format!("blocks-{}.json", a.port());
    assert!(!dir.path().join(journal).exists(), "it is in memory alone");
}

#[test]
fn a_transport_is_asked_for_every_call() {
    let peer = FakePeer::start(|_, _| {});
    let dir = with(&["offline"]);
    let args = "--port 0 --log debug --plugin ./liboffline.so --peer";
    let node = start(&dir, &format!("{args} {}", peer.address));
    until("a call", || {
        node.log().contains("this node is offline").then_some(())
    });
    assert_eq!(peer.asked(), Vec::<String>::new());
}

#[test]
fn a_plugin_in_c() {
    let dir = tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/in-c/in_c.c");
    compile(&source, &dir.path().join("libin_c.so"));
    let args = format!("{MINE} --set zeros.zeros=1 --plugin-dir . --plugin in-c");
    let node = start(&dir, &args);
    for block in &mined(&node, 4)[1..] {
        let wanted = if block["nr"].as_u64().unwrap() % 2 == 0 {
            1.0
        } else {
            3.0
        };
        assert!((reward(block) - wanted).abs() < 1e-9, "{block}");
    }
    let log = node.log();
    let line = log.lines().find(|line| line.contains("made in C")).unwrap();
    assert!(line.contains("INFO") && line.contains("in-c"), "{line}");
    drop(node);
    let (code, log) = Running::try_start(dir.path(), &format!("{args} --set in-c.coins=4"))
        .err()
        .unwrap();
    assert_eq!(code, 3, "{log}");
    assert!(log.contains("the plugin in-c has no options"), "{log}");
}

#[test]
fn by_name_it_is_found_beside_the_program() {
    let dir = tempdir().unwrap();
    let beside = Path::new(env!("CARGO_BIN_EXE_node")).with_file_name("libeven_harder.so");
    // Moved there whole: other tests look at that folder meanwhile.
    let copy = beside.with_extension("copy");
    fs::copy(library("even-harder"), &copy).unwrap();
    fs::rename(&copy, &beside).unwrap();
    let node = Running::start(dir.path(), "--port 0 --plugin even-harder");
    let file = json(&node, "/plugins");
    let file = file["plugins"].as_array().unwrap().iter();
    let file = { file }.find_map(|plugin| plugin["file"].as_str());
    assert_eq!(file.map(Path::new), Some(&*beside));
}

#[test]
fn all_that_can_be_had_is_listed() {
    let dir = with(&["several"]);
    std::fs::write(dir.path().join("libtext.so"), "no library").unwrap();
    let listed = node(dir.path(), "plugins list --plugin-dir .");
    assert_eq!(listed.code, 0, "{}", listed.err);
    for (name, place) in [("talker", "libseveral.so"), ("zeros", "default")] {
        let mut lines = listed.out.lines();
        let line = lines.find(|line| line.split(' ').next() == Some(name));
        assert!(
            line.is_some_and(|line| line.contains(place)),
            "{}",
            listed.out
        );
    }
    assert!(
        listed.err.contains("libtext.so can't be loaded"),
        "{}",
        listed.err
    );
}

#[test]
fn the_summary_names_the_storage_that_there_is() {
    let dir = with(&[]);
    let memory = start(&dir, "--port 0 --plugin memory");
    assert!(!memory.summary.contains("blocks-"), "{}", memory.summary);
    let journal = start(&dir, "--port 0");
    assert!(journal.summary.contains("blocks-"), "{}", journal.summary);
}
