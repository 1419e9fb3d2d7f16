//! The simulated world: real cores, a virtual clock, a seeded network.
//!
//! * The same seed gives the same run, to the byte: nothing here asks a clock or a random source.
//! * A node is [`plugcoin_core::Node`] as it runs live; only its surroundings are made up.

mod draw;
mod serve;
mod world;

pub use draw::Draw;
pub use world::{Link, World};
