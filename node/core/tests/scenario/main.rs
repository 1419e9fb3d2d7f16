//! Scripted scenarios: inputs go in, steps come out; no runtime, no socket, no sleep.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bench;
mod chain;
mod clock;
mod crowds;
mod explain;
mod faults;
mod mining;
mod network;
mod pool;
mod verifying;
