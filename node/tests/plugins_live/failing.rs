//! What follows when a plugin fails, for the whole program.

use plugcoin_sdk::ledger::genesis;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::live::{Live, acquainted, agreed, live, live_with};
use crate::program::libraries::library;
use crate::program::running::until;
use crate::program::world::{alice, block, pay};

/// The exit code of a node that a plugin's failure stopped.
const PLUGIN: i32 = 5;

fn brittle(part: &str) -> String {
    format!("--plugin {}:brittle-{part}", library("brittle").display())
}

/// What made plugins fail on this node.
fn faults(dir: &TempDir) -> Vec<Value> {
    let mut files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap());
    let file = files.find(|file| file.file_name().to_string_lossy().starts_with("faults-"));
    serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap()
}

#[test]
fn a_rule_that_panics_stops_the_node_once_for_each_thing() {
    let rules = "--set zeros.zeros=1 --set fifo.n_transactions=9";
    let brittle = format!("{rules} {}", brittle("rule"));
    let blocks = [block(&genesis(), &alice().public, Vec::new(), 10)];
    let plain = live_with(rules, &alice(), &blocks);
    let a = live_with(
        format!("{brittle} --peer {}", plain.address),
        &alice(),
        &blocks,
    );
    acquainted(&[&a, &plain]);
    let port = a.port().to_owned();
    let bad = pay(&alice(), "bob", "0.13", 100);
    // Another node tells of it, which has no such rule.
    plain.takes("/inv", bad.text());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    for words in ["brittle-rule", "it is afraid of 0.13", "will be refused"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let written = faults(&dir);
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["hash"], bad.leaf().to_string());
    assert!(
        written[0]["reason"]
            .to_string()
            .contains("it is afraid of 0.13")
    );

    // It is sent again, and refused; everything else goes on.
    let again = format!("--port {port} {brittle} --peer {}", plain.address);
    let a = Live::start_in(dir, &again);
    let refused = a.refuses("/inv", bad.text());
    assert_eq!(refused["rule"], "fault", "{refused}");
    assert!(
        refused["errmsg"].to_string().contains("made a plugin fail"),
        "{refused}"
    );
    acquainted(&[&a, &plain]);
    let good = pay(&alice(), "bob", "0.25", 101);
    plain.takes("/inv", good.text());
    a.wait("the other payment", |status| status["pool"] == 1);
    // A block with it is another thing.
    let with_bad = block(&blocks[0], &alice().public, vec![bad.clone()], 200);
    a.posts("/block", with_bad.text());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    assert_eq!(faults(&dir)[1]["hash"], with_bad.hash().to_string());
    let a = Live::start_in(dir, &again);
    for (path, text) in [("/inv", bad.text()), ("/block", with_bad.text())] {
        assert_eq!(a.refuses(path, text)["rule"], "fault");
    }
    assert_eq!(a.status()["pool"], 1, "what waited still does");
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_payment_that_waits_for_a_rule_it_breaks_costs_nobody_the_chain() {
    let rules = format!(
        "--set zeros.zeros=1 --set fifo.n_transactions=9 {}@3",
        brittle("rule")
    );
    let keys = alice();
    let first = block(&genesis(), &keys.public, Vec::new(), 10);
    let second = block(&first, &keys.public, Vec::new(), 20);
    let third = block(&second, &keys.public, Vec::new(), 30);
    let a = live_with(&rules, &keys, &[first]);
    let bad = pay(&keys, "bob", "0.13", 100);
    // It may still be in block 2, and after that the rule has to judge it.
    a.takes("/inv", bad.text());
    let port = a.port().to_owned();
    a.posts("/block", second.text());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    let written = faults(&dir);
    assert_eq!(
        written.len(),
        1,
        "the block is as good as ever: {written:?}"
    );
    assert_eq!(written[0]["hash"], bad.leaf().to_string());
    let a = Live::start_in(dir, &format!("--port {port} {rules}"));
    assert_eq!(a.status()["pool"], 0);
    for block in [&second, &third] {
        a.takes("/block", block.text());
    }
    assert_eq!(a.tip(), third.hash().to_string());
    assert_eq!(a.refuses("/inv", bad.text())["rule"], "fault");
}

#[test]
fn a_pool_that_panics_gives_way_to_the_default() {
    let rules = "--set zeros.zeros=1";
    let a = live(format!("{rules} {}", brittle("pool")));
    a.reach(1);
    let b = live(format!("{rules} --peer {}", a.address));
    acquainted(&[&a, &b]);
    // A block for each payment is its own way; two are due by the default.
    a.pay("bob", "0.125");
    agreed(&[&a, &b], 2);
    let health = a.plugin("brittle-pool");
    assert_eq!(
        (&health["state"], &health["failed"]),
        (&"active".into(), &false.into())
    );
    a.pay("bob", "0.17");
    let health = a.plugin("brittle-pool");
    assert_eq!(
        (&health["state"], &health["failed"]),
        (&"replaced".into(), &true.into())
    );
    assert!(
        health["last_fault"]
            .to_string()
            .contains("it is afraid of 0.17"),
        "{health}"
    );
    assert_eq!(a.status()["pool"], 1);
    a.pay("bob", "0.25");
    agreed(&[&a, &b], 3);
    assert_eq!(
        a.log().matches("the default takes over").count(),
        1,
        "{}",
        a.log()
    );
}

#[test]
fn an_observer_that_panics_is_off() {
    let a = live(format!("--set zeros.zeros=1 {}", brittle("observer")));
    a.reach(1);
    let health = until("its end", || {
        Some(a.plugin("brittle-observer")).filter(|health| health["failed"] == true)
    });
    assert_eq!(health["state"], "off", "{health}");
    assert!(
        health["last_fault"]
            .to_string()
            .contains("it is afraid of blocks")
    );
    for height in 2..4 {
        a.pay("bob", "0.125");
        a.pay("bob", "0.0625");
        a.reach(height);
    }
    assert_eq!(a.log().matches("it is off").count(), 1, "{}", a.log());
}
