//! The simulated world: real cores, a virtual clock, a seeded network.
