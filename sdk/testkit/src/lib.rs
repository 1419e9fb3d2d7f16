//! What tests of Plugcoin and its plugins are made of.
//!
//! * [`fixtures`]: keys, transactions, blocks and chains that are the same on every run.
//! * [`doubles`]: storage in memory, storage that fails, a recording gossip, a signer that costs nothing.
//! * [`calls`]: many seeded calls of every hook, for checks of determinism, memory and time.
//! * [`suite`]: for every hook the laws of its trait's doc as checks, which any plugin can run.

#![allow(
    clippy::expect_used,
    reason = "a test that can't go on stops and says why"
)]

pub mod calls;
pub mod doubles;
pub mod fixtures;
pub mod suite;
