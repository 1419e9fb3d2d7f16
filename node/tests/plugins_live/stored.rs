//! `redb`, `memory` and `events-jsonl`: what is left when a node has ended.

use rustix::process::Signal;
use serde_json::Value;

use crate::live::{Live, acquainted, agreed, coins, live, live_with, on};
use crate::program::libraries::{library, write};
use crate::program::world::{alice, pay};

const RULES: &str = "--set zeros.zeros=1 --set fifo.n_transactions=2";

/// Pays twice, and once more, which waits.
fn pay_thrice(node: &Live) {
    for sum in ["0.25", "0.125", "0.5"] {
        node.pay("bob", sum);
        node.wait("it", |status| status["pool"] != 2);
    }
}

#[test]
fn redb_has_everything_after_a_kill() {
    let rules = format!("{RULES} --plugin {}", library("redb").display());
    let a = live(&rules);
    a.reach(1);
    let b = live(format!("{RULES} --peer {}", a.address));
    acquainted(&[&a, &b]);
    pay_thrice(&a);
    agreed(&[&a, &b], 2);
    a.wait("what waits", |status| status["pool"] == 1);
    let (before, chain) = (a.status(), a.chain());
    let a = a.restart(Signal::KILL, &rules);
    let after = a.status();
    for same in ["tip", "height", "pool", "blocks"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(a.chain(), chain);
    let file = |end: &str| a.dir.path().join(format!("blocks-{}.{end}", a.port()));
    assert!(file("redb").exists() && !file("json").exists());
    assert_eq!(a.plugin("redb")["form"], "loaded");
}

#[test]
fn a_journal_of_another_file_of_the_same_version_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("libeven_harder.so");
    let mut bytes = std::fs::read(library("even-harder")).unwrap();
    write(dir.path(), "libeven_harder.so", &bytes);
    let rules = format!("--plugin {}", file.display());
    let a = live(&rules);
    a.reach(1);
    let warning = "other files of the same version";
    let a = a.restart(Signal::TERM, &rules);
    assert!(!a.log().contains(warning), "{}", a.log());
    // Its author changed it, and did not raise the version.
    bytes.push(0);
    std::fs::remove_file(&file).unwrap();
    write(dir.path(), "libeven_harder.so", &bytes);
    let a = a.restart(Signal::TERM, &rules);
    assert!(a.log().contains(warning), "{}", a.log());
    assert_eq!(a.status()["height"], 1);
    let a = a.restart(Signal::TERM, &rules);
    assert!(!a.log().contains(warning), "once is enough");
    // An older node left that out.
    let port = a.port().to_owned();
    let (_, dir) = a.stop(Signal::TERM);
    let path = dir.path().join(format!("rules-{port}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut content: Value = serde_json::from_str(&text).unwrap();
    content
        .as_object_mut()
        .unwrap()
        .remove("libraries")
        .unwrap();
    std::fs::write(&path, content.to_string()).unwrap();
    let a = Live::start_in(dir, &format!("--port {port} {rules}"));
    assert!(a.log().contains("written by an older node"), "{}", a.log());
    assert!(!a.log().contains(warning), "{}", a.log());
}

#[test]
fn memory_forgets_and_is_told_again() {
    let rules = format!("{RULES} --plugin memory");
    let a = live(&rules);
    a.reach(1);
    let b = live(format!("{RULES} --peer {}", a.address));
    acquainted(&[&a, &b]);
    pay_thrice(&a);
    agreed(&[&a, &b], 2);
    let (tip, port) = (a.tip(), a.port().to_owned());
    assert!(!a.dir.path().join(format!("blocks-{port}.json")).exists());
    let a = a.restart(Signal::TERM, format!("{rules} --peer {}", b.address));
    let row = a.summary.lines().find(|line| line.contains("height"));
    assert!(row.unwrap().contains(" 0, tip "), "{}", a.summary);
    agreed(&[&a, &b], 2);
    assert_eq!(a.tip(), tip);
}

#[test]
fn events_are_lines_of_json() {
    let blocks = coins(&[&alice().public]);
    let a = live_with(
        "--set zeros.zeros=0 --plugin events-jsonl",
        &alice(),
        &blocks,
    );
    let b = live_with(
        format!(
            "--set zeros.zeros=0 --plugin events-jsonl --peer {}",
            a.address
        ),
        &alice(),
        &blocks,
    );
    acquainted(&[&a, &b]);
    let paid = pay(&alice(), "bob", "0.5", 100);
    let poor = pay(&alice(), "bob", "0.75", 100);
    a.takes("/inv", paid.text());
    a.refuses("/inv", poor.text());
    let short = on(&blocks[0], "short", 20);
    let long = on(&blocks[0], "long", 21);
    let longer = on(&long, "long", 31);
    for block in [&short, &long, &longer] {
        a.takes("/block", block.text());
    }
    agreed(&[&a, &b], 3);
    let lines = |node: &Live| -> Vec<Value> {
        let file = format!("events-{}.jsonl", node.port());
        let text = std::fs::read_to_string(node.dir.path().join(file)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let wanted =
        |event: &str, key: &str, value: &str| (event.to_owned(), key.to_owned(), value.to_owned());
    let (accepted, id) = ("block-accepted", paid.id().to_string());
    let mut all = vec![
        wanted("transaction-accepted", "id", &id),
        wanted(accepted, "hash", &short.hash().to_string()),
        wanted(accepted, "hash", &longer.hash().to_string()),
        wanted("reorganised", "to", &longer.hash().to_string()),
    ];
    for (node, other) in [(&a, &b), (&b, &a)] {
        if node.address == a.address {
            all.push(wanted("transaction-refused", "id", &poor.id().to_string()));
            all.push(wanted("peer-added", "address", &other.address));
        }
        for (event, key, value) in &all {
            crate::program::running::until(event, || {
                let lines = lines(node);
                let mut found = lines.iter().filter(|line| line["event"] == **event);
                found
                    .any(|line| line[key] == **value && line["time_us"].is_i64())
                    .then_some(())
            });
        }
        all.truncate(4);
    }
}
