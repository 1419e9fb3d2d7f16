//! Every plugin at work in real nodes: what it does is seen from outside, over HTTP and in files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

#[path = "../program/mod.rs"]
mod program;

mod difficulty;
mod failing;
mod live;
mod other_rules;
mod pool;
mod retarget;
mod rules;
mod signers;
mod spreading;
mod stored;
