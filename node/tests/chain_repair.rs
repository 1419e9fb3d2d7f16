//! `node chain repair`: what it saves of a damaged journal, what it says, what it leaves as it was.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use insta::assert_snapshot;
use plugcoin_sdk::ledger::Amount;
use plugcoin_testkit::fixtures;
use program::running::Running;
use program::world::{RULES, World, alice, at, block, sealed};
use program::{Run, node};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

const FILE: &str = "blocks-6000.json";

/// The world's journal: a line for each of genesis, 1, a payment, 2 with it, a side block, 3, and
/// a payment that waits.
fn journal() -> Vec<String> {
    let world = World::new();
    let [b0, b1, b2, b3] = &world.best[..] else {
        panic!("four blocks");
    };
    let (paid, side, waiting) = (&world.paid, &world.side, &world.waiting);
    [
        b0.text(),
        b1.text(),
        paid.text(),
        b2.text(),
        side.text(),
        b3.text(),
        waiting.text(),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn file_of(lines: &[String]) -> String {
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn with(text: impl AsRef<[u8]>) -> TempDir {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join(FILE), text).unwrap();
    dir
}

fn repair(dir: &Path, args: &str) -> Run {
    node(dir, &format!("chain repair {args} {RULES}"))
}

fn text(dir: &TempDir, name: &str) -> Vec<u8> {
    fs::read(dir.path().join(name)).unwrap()
}

fn files(dir: &TempDir) -> usize {
    fs::read_dir(dir).unwrap().count()
}

/// Repairs this, dry first: the same words but for the end; the damaged file is kept to the byte, and
/// the new one is whole.
fn repaired(bytes: impl AsRef<[u8]>) -> (String, String) {
    let dir = with(&bytes);
    let dry = repair(dir.path(), "--dry-run");
    assert_eq!(
        (text(&dir, FILE), files(&dir)),
        (bytes.as_ref().to_vec(), 1)
    );
    let run = repair(dir.path(), "");
    let but_last = |text: &str| text.trim_end().rsplit_once('\n').unwrap().0.to_owned();
    assert_eq!(
        (dry.code, but_last(&dry.out)),
        (run.code, but_last(&run.out))
    );
    assert_eq!(text(&dir, "blocks-6000.damaged-1.json"), bytes.as_ref());
    assert_eq!(files(&dir), 2);
    let verified = node(dir.path(), &format!("chain verify {RULES}"));
    assert_eq!(verified.code, 0, "{}", verified.err);
    let again = repair(dir.path(), "");
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("nothing was changed"), "{}", again.out);
    (run.text(), String::from_utf8(text(&dir, FILE)).unwrap())
}

#[test]
fn each_damage_is_told_of_and_the_rest_saved() {
    let lines = journal();
    let whole = file_of(&lines);
    let without = |n: usize| {
        let mut rest = lines.clone();
        rest.remove(n);
        rest
    };
    let mut doubled = lines.clone();
    doubled.insert(3, lines[3].clone());
    let record = whole.find(&lines[3]).unwrap();
    let zeros = |from: usize, length: usize| {
        let mut bytes = whole.clone().into_bytes();
        bytes[from..from + length].fill(0);
        bytes
    };
    let last = lines.len() - 1;
    for (name, bytes, saved) in [
        // Its payment has a line of its own, and waits again.
        (
            "a_block",
            whole.replacen("\"nr\": 2", "\"nr\": 7", 1).into_bytes(),
            vec![0, 1, 2, 4, 6],
        ),
        (
            "a_signature",
            whole.replace("\"sum\": 0.5", "\"sum\": 0.4").into_bytes(),
            vec![0, 1, 2, 3, 4, 5],
        ),
        (
            "a_comma",
            whole.replacen("},\n", "};\n", 1).into_bytes(),
            (0..=last).collect(),
        ),
        (
            "a_lost_line",
            file_of(&without(1)).into_bytes(),
            vec![0, 2, 6],
        ),
        (
            "the_first_line",
            file_of(&without(0)).into_bytes(),
            (0..=last).collect(),
        ),
        (
            "a_doubled_line",
            file_of(&doubled).into_bytes(),
            (0..=last).collect(),
        ),
        (
            "a_lost_end",
            whole.as_bytes()[..whole.len() - 40].to_vec(),
            (0..last).collect(),
        ),
        ("a_hole", zeros(record + 20, 100), vec![0, 1, 2, 4, 6]),
        (
            "foreign_text",
            format!("{whole}nonsense\n{}\n]\n", lines[2]).into_bytes(),
            (0..=last).collect(),
        ),
    ] {
        let (said, now) = repaired(&bytes);
        assert_snapshot!(format!("repair_{name}"), said);
        let kept: Vec<String> = saved.into_iter().map(|n: usize| lines[n].clone()).collect();
        let expected = match name {
            // Behind the bracket stands a payment once more, which costs nothing to keep.
            "foreign_text" => file_of(&[&kept[..], &lines[2..3]].concat()),
            _ => file_of(&kept),
        };
        assert_eq!(now, expected, "{name}");
    }
}

#[test]
fn a_payment_whose_only_place_was_in_a_lost_block_waits_again() {
    let mut lines = journal();
    let paid = lines.remove(2);
    // The block is whole, and the one before it is not.
    let whole = file_of(&lines).replacen("\"nr\": 1,", "\"nr\": 9,", 1);
    let (said, now) = repaired(whole);
    assert_snapshot!("repair_homeless", said);
    assert!(now.contains(&paid) && !now.contains("\"nr\": 2"), "{said}");
}

#[test]
fn of_many_that_are_lost_the_first_are_named_and_the_rest_counted() {
    let chain: Vec<_> = fixtures::chain(40);
    let lines = { chain.iter() }.map(|block| block.text().to_owned());
    let whole = file_of(&lines.collect::<Vec<_>>());
    let dir = with(whole.replacen("\"nr\": 2,", "\"nr\": 9,", 1));
    let run = node(dir.path(), "chain repair --dry-run --set zeros.zeros=0");
    let named = { run.out.lines() }.filter(|line| line.contains("is not saved"));
    assert_eq!(named.count(), 20, "{}", run.out);
    assert!(
        run.out.contains("and 18 more, which --json names"),
        "{}",
        run.out
    );
    assert!(run.err.contains("in 39 places"), "{}", run.err);
    let run = node(
        dir.path(),
        "chain repair --dry-run --json --set zeros.zeros=0",
    );
    let told: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(told["not_kept"].as_array().unwrap().len(), 38);
}

#[test]
fn a_block_that_breaks_a_rule_goes_with_those_on_it() {
    let world = World::new();
    let (me, time_us) = (alice().public.clone(), at(40));
    let rewards = vec![fixtures::reward(&me, Amount::from_coins(2), time_us)];
    let greedy = sealed(&fixtures::draft_of(world.tip(), &me, rewards, time_us));
    let next = block(&greedy, &me, Vec::new(), 50);
    let mut lines = journal();
    lines.extend([greedy.text().to_owned(), next.text().to_owned()]);
    // With no byte damaged it is the rules that are wrong, and nothing is thrown away.
    let dir = with(file_of(&lines));
    let run = repair(dir.path(), "");
    assert_snapshot!("repair_whole_and_refused", run.text());
    assert_eq!(
        (text(&dir, FILE), files(&dir)),
        (file_of(&lines).into_bytes(), 1)
    );
    lines.push("\0".repeat(10));
    let (said, now) = repaired(file_of(&lines));
    assert_snapshot!("repair_a_rule", said);
    assert_eq!(now, file_of(&journal()));
    // Also if it stands there twice.
    lines.push(greedy.text().to_owned());
    assert_eq!(repaired(file_of(&lines)).1, now);
}

#[test]
fn a_chain_is_judged_by_the_rules_it_was_written_under_and_no_others() {
    let (dir, running) = World::new().start("");
    let port = running.port().to_owned();
    running.stop(Signal::TERM);
    let path = dir.path().join(format!("blocks-{port}.json"));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 40;
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let before = files(&dir);
    // The options are forgotten, by which this chain was made.
    let run = node(dir.path(), &format!("chain repair --port {port}"));
    assert_eq!(run.code, 3, "{}", run.text());
    for words in ["under other rules", "--plugin and --set", "rules-"] {
        assert!(run.err.contains(words), "{words}: {}", run.err);
    }
    assert_eq!((fs::read(&path).unwrap(), files(&dir)), (bytes, before));
    let run = repair(dir.path(), &format!("--port {port}"));
    assert!(run.out.contains("height 3"), "{}", run.text());
}

#[test]
fn where_nothing_can_be_saved_nothing_is_changed() {
    for (name, bytes) in [
        ("repair_zeros", vec![0; 4096]),
        (
            "repair_no_journal",
            b"Dear diary,\ntoday it rained.\n".to_vec(),
        ),
        ("repair_empty", Vec::new()),
        ("repair_none", b"[\n]\n".to_vec()),
    ] {
        let dir = with(&bytes);
        assert_snapshot!(name, repair(dir.path(), "").text());
        assert_eq!((text(&dir, FILE), files(&dir)), (bytes, 1), "{name}");
    }
    assert_snapshot!(
        "repair_no_file",
        repair(tempdir().unwrap().path(), "").text()
    );
    let dir = with(file_of(&journal()));
    assert_snapshot!("repair_whole", repair(dir.path(), "").text());
    assert_eq!(files(&dir), 1);
}

#[test]
fn every_part_of_a_journal_may_be_hit() {
    let lines = journal();
    let whole = file_of(&lines);
    // Some place in every line, and every sign between.
    let places =
        (0..whole.len()).filter(|at| at % 97 == 0 || b"[]\n".contains(&whole.as_bytes()[*at]));
    for at in places {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] ^= 0x10;
        let dir = with(&bytes);
        let run = repair(dir.path(), "--json");
        assert!([0, 6].contains(&run.code), "{at}: {}", run.err);
        let told: Value = serde_json::from_str(&run.out).unwrap();
        let count = |list: &str| told[list].as_array().unwrap().len();
        assert!(count("damaged") + count("not_kept") > 0, "{at}");
        assert_eq!(run.code == 6, !run.err.is_empty(), "{at}");
        let now = text(&dir, FILE);
        if run.code == 0 {
            assert_eq!(now, whole.as_bytes(), "{at}");
        }
        assert_eq!(
            node(dir.path(), &format!("chain verify {RULES}")).code,
            0,
            "{at}"
        );
    }
}

#[test]
fn a_node_that_runs_is_left_alone_and_one_that_is_damaged_starts_again() {
    let world = World::new();
    let (dir, running) = world.start("");
    let port = running.port().to_owned();
    let name = format!("blocks-{port}.json");
    let run = repair(dir.path(), &name);
    assert_eq!(run.code, 4, "{}", run.text());
    assert!(run.err.contains("stop it first"), "{}", run.err);
    assert_eq!(running.stop(Signal::TERM).0, 0);

    let path = dir.path().join(&name);
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replacen("\"creator\"", "\"maker\"", 2)).unwrap();
    let args = format!("--port {port} {RULES}");
    let (code, log) = Running::try_start(dir.path(), &args).err().unwrap();
    assert_eq!(code, 6, "{log}");
    assert!(
        log.contains("node chain repair") && log.contains("byte"),
        "{log}"
    );
    let mode = fs::metadata(&path).unwrap().mode();
    assert_eq!(repair(dir.path(), &name).code, 6);
    assert_eq!(fs::metadata(&path).unwrap().mode(), mode);
    let running = Running::start(dir.path(), &args);
    assert_ne!(running.status()["tip"], world.tip().hash().to_string());
    // A second damage is kept under a name of its own.
    assert_eq!(running.stop(Signal::TERM).0, 0);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\n]", ";\n]", 1)).unwrap();
    assert_eq!(repair(dir.path(), &name).code, 0);
    assert!(
        dir.path()
            .join(format!("blocks-{port}.damaged-2.json"))
            .exists()
    );
}
