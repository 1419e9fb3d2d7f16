//! Measures of the core: what a block and a payment cost as the chain grows.
//!
//! Its own work alone: storage is memory and is not timed, and every signature is believed.

mod far;
mod rig;

use std::cell::RefCell;

use plugcoin_sdk::Error;

use crate::measure::Outcome;
use crate::rounds::{Paired, Spread, paired};
use crate::workbench::Workbench;
use far::Far;
pub(crate) use rig::{Rig, World};

/// Blocks of a round: each takes what was paid right before.
const BLOCKS: u64 = 100;

/// The worst of three costs: of a block and of a payment on a long chain with a full pool, and of a
/// block beside many forks.
pub(crate) fn growth(bench: &Workbench) -> Result<Outcome, Error> {
    let many = bench.effort.size(100_000, 20_000);
    let small = RefCell::new(Rig::new(World::plain(1_000))?);
    let large = RefCell::new(Rig::new(World::plain(many))?);
    let forked = RefCell::new(Rig::new(World {
        forks: 1_000,
        ..World::plain(1_000)
    })?);
    let against = |other: &RefCell<Rig>, cost: fn(&Rig) -> f64| {
        let cost_of = |rig: &RefCell<Rig>| {
            let mut rig = rig.borrow_mut();
            rig.round(BLOCKS)?;
            Ok(cost(&rig))
        };
        paired(bench.effort, || cost_of(&small), || cost_of(other))
    };
    let costs = [
        ("a block", against(&large, |rig| rig.block_us)?),
        ("a payment", against(&large, |rig| rig.payment_us)?),
        (
            "a block, 1 000 forks",
            against(&forked, |rig| rig.block_us)?,
        ),
    ];
    let words = |(what, rounds): &(&str, Paired)| {
        let (ours, baseline) = (rounds.ours, rounds.baseline);
        format!("{what} {ours:.1} µs, {baseline:.1} µs with 1 000")
    };
    let figures: Vec<String> = costs.iter().map(words).collect();
    let worst = costs
        .into_iter()
        .map(|(_, rounds)| rounds)
        .max_by(|a, b| a.ratio.median.total_cmp(&b.ratio.median));
    Ok(worst.map_or_else(
        || Outcome::NotHere("nothing was measured".to_owned()),
        |rounds| {
            let far = Far::new();
            let reads = (0..bench.effort.rounds).map(|_| far.read_ns());
            let (figures, far_ns) = (figures.join("; "), Spread::of(reads.collect()).median);
            rounds.told(format!(
                "{many} blocks: {figures}; a far read of memory {far_ns:.0} ns"
            ))
        },
    ))
}

/// A branch from so far under the tip comes block by block, and wins with its last.
pub(crate) fn reorg_linear(bench: &Workbench) -> Result<Outcome, Error> {
    let (short, deep) = (10, 1_000);
    let rig = || Ok::<_, Error>(RefCell::new(Rig::new(World::plain(2 * deep))?));
    let (shallow, long) = (rig()?, rig()?);
    let rounds = paired(
        bench.effort,
        || {
            let times = deep / short / 5;
            let mut sum_us = 0.0;
            for _ in 0..times {
                sum_us += shallow.borrow_mut().reorganise(short)?;
            }
            Ok(sum_us / times as f64)
        },
        || long.borrow_mut().reorganise(deep),
    )?;
    let figures = format!(
        "{:.1} µs a block, {:.1} µs at 10",
        rounds.ours, rounds.baseline
    );
    Ok(rounds.told(figures))
}
