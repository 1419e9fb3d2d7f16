//! A node whose clock jumps by days, beside one whose clock is right.
#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use plugcoin_sdk::ledger::Block;
use plugcoin_testkit::fixtures::{SECOND_US, START_US};
use program::libraries::c_library;
use program::running::Running;
use program::world::{RULES, World, alice, block, bob, pay};

const DAY_S: i64 = 24 * 60 * 60;

/// What stands before the system's own function: its clock, and as much as a file says.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead_s;

__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("AHEAD_S"), O_RDONLY);
    void *map = mmap(0, sizeof *ahead_s, PROT_READ, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) abort();
    ahead_s = map;
}

__attribute__((visibility("default")))
int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = (int)syscall(SYS_clock_gettime, clock, time);
    if (!failed && clock == CLOCK_REALTIME && ahead_s) time->tv_sec += *ahead_s;
    return failed;
}
"#;

/// The clock of one node.
struct Clock(File);

impl Clock {
    fn new(dir: &Path) -> Self {
        let file = File::create_new(dir.join("ahead")).unwrap();
        let clock = Self(file);
        clock.set_ahead(0);
        clock
    }

    /// Sets it so much before the system's; behind it, if it is negative.
    fn set_ahead(&self, ahead_s: i64) {
        self.0.write_all_at(&ahead_s.to_ne_bytes(), 0).unwrap();
    }
}

fn start(dir: &Path, args: &str) -> (Clock, Running) {
    let clock = Clock::new(dir);
    let library = dir.join(c_library(dir, "clock", SHIM));
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command
        .env("LD_PRELOAD", library)
        .env("AHEAD_S", dir.join("ahead"));
    (clock, Running::try_start_by(command, dir, args).unwrap())
}

/// How many seconds after the fixtures' beginning it is, by the right clock.
fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (since.as_micros() as i64 - START_US) / SECOND_US
}

fn reaches(node: &Running, block: &Block) {
    let tip = block.hash().to_string();
    node.wait("the other's tip", |status| status["tip"] == tip);
}

#[test]
fn by_days_forward_and_back_and_right_again_it_serves_follows_and_bans_nobody() {
    let world = World::new();
    let (_dir, right) = world.start("");
    let dir = tempfile::tempdir().unwrap();
    let args = format!("--port 0 {RULES} --peer {}", right.address);
    let (clock, node) = start(dir.path(), &args);
    reaches(&node, world.tip());
    let post = |node: &Running, block: &Block| node.ask("POST", "/block", block.text());
    let mut paid = 0;
    let mut pay = || {
        paid += 1;
        let payment = pay(&alice(), "carol", "0.01", 50 + paid);
        assert_eq!(node.ask("POST", "/inv", payment.text()).0, 200);
        // One waited before.
        right.wait("the payment", |status| status["pool"] == 1 + paid);
    };

    clock.set_ahead(3 * DAY_S);
    pay();
    let key = bob().public.clone();
    let tomorrow = block(world.tip(), &key, Vec::new(), now_s() + DAY_S);
    assert_eq!(post(&right, &tomorrow).0, 400, "the clock there is right");
    assert_eq!(post(&node, &tomorrow).0, 200, "and here ahead");

    clock.set_ahead(0);
    let fourth = block(world.tip(), &alice().public, Vec::new(), 60);
    let fifth = block(&fourth, &alice().public, Vec::new(), 61);
    assert_eq!(post(&right, &fourth).0, 200);
    assert_eq!(post(&right, &fifth).0, 200);
    reaches(&node, &fifth);

    clock.set_ahead(-3 * DAY_S);
    pay();
    let today = block(&fifth, &key, Vec::new(), now_s());
    assert_eq!(post(&right, &today).0, 200);
    let (status, said) = post(&node, &today);
    assert_eq!(status, 400, "the clock here is behind: {said}");

    clock.set_ahead(0);
    pay();
    let next = block(&today, &key, Vec::new(), now_s() + 1);
    assert_eq!(post(&right, &next).0, 200);
    reaches(&node, &next);
    for node in [&node, &right] {
        assert!(!node.log().contains("banned"), "{}", node.log());
    }
    assert!(node.ask("GET", "/getpeers", "").1.contains(&right.address));
}
