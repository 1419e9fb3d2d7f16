//! How fast this machine is: each measure is the ratio of what the node does to a baseline of its own,
//! both measured in turn in one process.
//!
//! * [`MEASURES`]: every measure, with what its ratio is and the target. The functions that measure
//!   stand in a file for each family.
//! * [`Growth`]: what things cost as the chain grows, which is no ratio.
//! * [`paired`]: the rounds in which baseline and node take turns.
//! * [`Chain`]: blocks to measure with, as many as one likes, made without searching nonces.
//! * No figure is ever judged by a test: a machine may be busy.

#![allow(
    clippy::cast_precision_loss,
    reason = "counts are divided here, and none comes near 2^53"
)]

mod chain;
mod core;
mod growth;
mod hooks;
mod machine;
mod measure;
mod measures;
mod mining;
mod process;
mod report;
mod rounds;
mod rules;
mod serving;
mod startup;
mod storing;
mod sync;
mod verify;
mod workbench;

pub use chain::{Blocks, Chain};
pub use growth::Growth;
pub use machine::machine;
pub use measure::{Direction, Measure, Measured, Outcome};
pub use measures::{MEASURES, select};
pub use report::Report;
pub use rounds::{Effort, Paired, Spread, paired, rate};
pub use rules::hooks;
pub use workbench::Workbench;
