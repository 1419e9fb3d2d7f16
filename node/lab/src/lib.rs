//! The simulated world: real cores, a virtual clock, a seeded network.
//!
//! * The same seed gives the same run, to the byte: nothing here asks a clock or a random source.
//! * A node is [`plugcoin_core::Node`] as it runs live; only its surroundings are made up.
//! * [`chaos`] makes a whole scenario of a seed: everything that can go wrong at once.

pub mod byzantine;
pub mod chaos;
mod disk;
mod draw;
mod network;
mod place;
mod queue;
mod serve;
mod world;

pub use disk::{Disk, DiskFault, MemoryDisk};
pub use draw::Draw;
pub use network::Link;
pub use world::{Watch, World};
