//! A disk that is full, that may not be written, that no longer gives what it was given.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use program::node;
use program::running::Running;
use program::world::{RULES, World, alice, write_journal, write_wallet};
use rustix::process::{Signal, geteuid};
use tempfile::tempdir;

/// How many bytes of payments a disk takes before it is full.
const ROOM_BYTES: usize = 40_000;

/// Says on the terminal that a test tries less than it could.
fn note(text: &str) {
    let mut terminal = std::io::stderr();
    writeln!(terminal, "note: {text}").unwrap();
}

/// A small file system in memory, until the end of the test.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// None if that is not allowed here.
    fn new(at: &'a Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at);
        let mounted = geteuid().is_root() && mount.status().is_ok_and(|status| status.success());
        mounted.then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// Writes the world's files into a folder: alice has coins, and one node its wallet.
fn write_world(dir: &Path, port: u16) {
    let world = World::new();
    let texts: Vec<&str> = world.best.iter().map(|block| block.text()).collect();
    write_journal(dir, port, &texts);
    write_wallet(dir, port, "ed25519", &alice());
}

/// Asks for payments until the node ends; those that it acknowledged.
fn pay_until_it_ends(running: &Running) -> Vec<String> {
    let mut acknowledged = Vec::new();
    loop {
        let body = b"{\"to\": \"bob\",\"sum\": 0.00001}";
        match running.try_ask("POST", "/money", body) {
            Some((200, text)) => {
                let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
                acknowledged.push(answer["accepted"].as_str().unwrap().to_owned());
            }
            Some((status, text)) => assert!(status >= 500, "{status}: {text}"),
            None => return acknowledged,
        }
        assert!(acknowledged.len() < ROOM_BYTES, "nothing is ever full");
    }
}

/// The node ended with a reason, and starts again with all that it acknowledged.
fn is_all_there(running: Running, dir: &Path, args: &str, words: &[&str]) {
    let acknowledged = pay_until_it_ends(&running);
    assert!(!acknowledged.is_empty());
    let port = running.port().to_owned();
    assert_eq!(running.ended(), 1);
    let log = fs::read_to_string(dir.join("node.log")).unwrap();
    for word in words {
        assert!(log.contains(word), "{word}: {log}");
    }
    let free = dir.join("disk/filler");
    if free.exists() {
        fs::remove_file(free).unwrap();
    }
    let again = Running::start(dir, &format!("--port {port} {args}"));
    assert_eq!(again.status()["pool"], acknowledged.len());
    for id in acknowledged {
        let (status, text) = again.ask("GET", &format!("/explain?id={id}"), "");
        assert!(status == 200 && text.contains("\"waiting\""), "{text}");
    }
    again.pay("bob", "0.1");
    assert_eq!(again.stop(Signal::TERM).0, 0);
}

#[test]
fn a_disk_that_is_full_ends_the_node_and_loses_nothing() {
    let dir = tempdir().unwrap();
    let disk = dir.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let Some(_mounted) = Mounted::new(&disk, "size=1m") else {
        return note("no file system can be mounted, so none was filled");
    };
    let args = format!("--data-dir disk {RULES}");
    let running = Running::start_with(dir.path(), &args, |_, port| write_world(&disk, port));
    // All the room but a little.
    let mut filler = fs::File::create(disk.join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    let length = filler.metadata().unwrap().len();
    filler.set_len(length - ROOM_BYTES as u64).unwrap();
    drop(filler);
    let words = ["the disk is full", "make room and start the node again"];
    is_all_there(running, dir.path(), &args, &words);
}

#[test]
fn a_file_that_may_not_grow_ends_the_node_and_loses_nothing() {
    let dir = tempdir().unwrap();
    let start = |port: u16| {
        let mut limited = Command::new("sh");
        let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
        limited.args(["-c", script, env!("CARGO_BIN_EXE_node")]);
        Running::try_start_by(limited, dir.path(), &format!("--port {port} {RULES}"))
    };
    let running = Running::start_with(dir.path(), RULES, write_world);
    let port: u16 = running.port().parse().unwrap();
    assert_eq!(running.stop(Signal::TERM).0, 0);
    let words = ["grow no further", "ulimit -f", "nothing of it is kept"];
    is_all_there(start(port).unwrap(), dir.path(), RULES, &words);
}

#[test]
fn a_journal_that_is_no_longer_what_it_was_ends_the_node_when_it_is_read() {
    let world = World::new();
    let (dir, running) = world.start("");
    let port = running.port().to_owned();
    let path = dir.path().join(format!("blocks-{port}.json"));
    let whole = fs::read(&path).unwrap();
    OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(100)
        .unwrap();
    let tip = world.tip().hash();
    let _ = running.try_ask("GET", &format!("/getdata?id={tip}"), b"");
    assert_eq!(running.ended(), 1);
    let log = fs::read_to_string(dir.path().join("node.log")).unwrap();
    assert!(
        log.contains("the journal can't be read") && log.contains("byte"),
        "{log}"
    );
    fs::write(&path, whole).unwrap();
    let again = Running::start(dir.path(), &format!("--port {port} {RULES}"));
    assert_eq!(again.status()["tip"], tip.to_string());
}

#[test]
fn a_folder_that_may_not_be_written_is_named_with_the_way_out() {
    let dir = tempdir().unwrap();
    let locked = dir.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::write(dir.path().join("peers-default.json"), "{\"peers\": []}").unwrap();
    fs::set_permissions(&locked, Permissions::from_mode(0o555)).unwrap();
    let mounted = Mounted::new(&locked, "ro");
    if mounted.is_none() && geteuid().is_root() {
        return note("no file system can be mounted, and root may write everywhere");
    }
    let run = node(dir.path(), "--port 0 --data-dir locked");
    assert_eq!(run.code, 1, "{}", run.err);
    for word in [
        "journal",
        "locked/blocks-",
        "let the node's user write there",
        "--data-dir",
    ] {
        assert!(run.err.contains(word), "{word}: {}", run.err);
    }
    let run = node(dir.path(), "--port 0 --data-dir locked/new");
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("locked/new"), "{}", run.err);
}
