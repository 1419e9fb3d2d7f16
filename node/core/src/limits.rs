//! Every bound of the core, with its reason.

/// How far under the tip a block that nobody asked for may lie, in levels.
///
/// From the protocol: deeper branches are cheap to make where difficulty was low.
pub const SIDE_DEPTH_MAX: u64 = 1_000;

/// How many bytes of orphans are held: sixteen blocks of the greatest size.
pub const ORPHAN_BYTES_MAX: usize = 16 << 20;

/// How many orphans are held: enough for a burst that overtakes its parents.
pub const ORPHANS_MAX: usize = 1_000;

/// How many verified signatures are remembered, by leaf hash: a full pool.
pub const SIGNATURES_MAX: usize = 100_000;

/// How many bodies of recent blocks are kept in memory: short forks need no disk.
pub const RECENT_BLOCKS_MAX: usize = 64;

/// How many side branches keep their balances ready: each is rebuilt from the journal otherwise.
pub const VIEWS_MAX: usize = 8;

/// How many attempts one slice of sealing makes: a few milliseconds on one core.
pub const SLICE_ATTEMPTS: u64 = 4_096;

/// After how long a draft is made anew when more transactions wait, in microseconds.
pub const REDRAFT_US: i64 = 5_000_000;
