//! How soon a node answers while all its processors mine.

use std::thread;
use std::time::{Duration, Instant};

use plugcoin_sdk::Error;

use super::client::{Client, get};
use crate::measure::Outcome;
use crate::process::Process;
use crate::rounds::paired;
use crate::workbench::Workbench;

/// How long a client waits before it asks again: so long that the miners have all cores back.
const PAUSE: Duration = Duration::from_millis(1);

/// A node's status, asked for now and then: while it mines with all cores, and while it does nothing.
pub(crate) fn status(bench: &Workbench) -> Result<Outcome, Error> {
    let count = bench.effort.size(200, 100);
    let idle = Process::start(bench, "status-idle", &[])?;
    let (mut resting, mut mining) = (Vec::new(), Vec::new());
    let rounds = paired(
        bench.effort,
        || ask(&idle, count, &mut resting),
        || {
            ask(
                &Process::mining(bench, "status-mining")?,
                count,
                &mut mining,
            )
        },
    )?;
    let seldom_us = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() * 99 / 100]
    };
    Ok(rounds.told(format!(
        "{:.0} µs, 99 of 100 within {:.0}; without mining {:.0} and {:.0} µs",
        rounds.ours,
        seldom_us(mining),
        rounds.baseline,
        seldom_us(resting)
    )))
}

/// How long an answer takes in the middle, in microseconds; all of them are added to `all`.
fn ask(node: &Process, count: usize, all: &mut Vec<f64>) -> Result<f64, Error> {
    let mut client = Client::connect(node.at)?;
    let request = get("/status");
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        thread::sleep(PAUSE);
        let begin = Instant::now();
        client.ask(&request)?;
        took.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    all.extend(&took);
    took.sort_by(f64::total_cmp);
    Ok(took[count / 2])
}
