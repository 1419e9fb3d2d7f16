//! Three real nodes for a while: payments and reads all the time, and one trouble after another.
//!
//! * Nothing that was acknowledged is lost, in a short run as in a long one.
//! * Memory, files and latencies stay as they are in a long run, which `scripts/soak` starts.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../program/mod.rs"]
mod program;

mod account;
mod bad;
mod client;
mod load;
mod nodes;
mod pauses;
mod run;
mod samples;
mod trouble;

use std::time::Duration;

use run::Plan;

#[test]
fn in_a_short_run_nothing_is_lost() {
    let ran = run::run(&Plan::rounds(2));
    ran.account.check();
    assert!(ran.account.payments() > 0);
}

#[test]
#[ignore = "it takes as many minutes as PLUGCOIN_SOAK_MINUTES says: scripts/soak"]
fn in_a_long_run_nothing_is_lost_or_grows() {
    let minutes: u64 = std::env::var("PLUGCOIN_SOAK_MINUTES")
        .unwrap()
        .parse()
        .unwrap();
    let ran = run::run(&Plan::lasting(Duration::from_secs(60 * minutes)));
    ran.print();
    ran.account.check();
    ran.samples.check();
}
