//! Every bound of the program's tasks, with its reason.

use plugcoin_core::limits::RESEND_MAX;

/// How many connections may wait to be accepted: a client whose first packet finds no room tries again only
/// after a second.
pub(crate) const UNACCEPTED_MAX: i32 = 1_024;

/// How many inputs from outside may wait for the core: more than a second's work only grows stale.
pub(crate) const QUEUE_MAX: usize = 1_024;

/// How many transactions are verified as one batch when many come at once: more are hardly faster, and
/// are shared by the cores instead.
pub(crate) const VERIFIED_AT_ONCE_MAX: usize = 64;

/// The least blocks of a page that are worth a core of their own.
pub(crate) const SHARE_BLOCKS_MIN: usize = 16;

/// How many blocks a sync lacks at least for its progress to be shown: fewer are here at once, and
/// each has a line of its own in the log.
pub(crate) const PROGRESS_BLOCKS_MIN: u64 = 100;

/// How often a log says how far a sync is, in microseconds.
pub(crate) const PROGRESS_LINE_US: i64 = 5_000_000;

/// How often a bar is drawn anew, in microseconds: as often as an eye sees.
pub(crate) const PROGRESS_BAR_US: i64 = 100_000;

/// How many messages share one write to the disk: under load the disk is slower than the core.
pub(crate) const BATCH_MAX: usize = 256;

/// After how many bytes of records a batch ends, so that nobody waits for a long write.
pub(crate) const BATCH_BYTES_MAX: usize = 4 << 20;

/// How many calls wait for one peer: all that a newcomer is sent at once of what waits in the pool,
/// and some more; a slow one is told no more than that.
pub(crate) const CALLS_PER_PEER_MAX: usize = RESEND_MAX + 28;

/// After how long without a call a peer's worker ends, in milliseconds: longer than a round of asking.
pub(crate) const WORKER_IDLE_MS: u64 = 30_000;

/// How long one call may take whatever the transport says, in milliseconds.
pub(crate) const CALL_MS: u64 = 120_000;

/// How many events wait for one observer.
pub(crate) const EVENTS_MAX: usize = 1_024;

/// How long observers have to see the last events when the node stops, in milliseconds.
pub(crate) const OBSERVERS_END_MS: u64 = 200;

/// How many lines of the log others may cause at once: enough to see what happens.
pub(crate) const LINES_BURST: i64 = 100;

/// How many lines of the log others may cause in a second, then: some 2 KB, so 170 MB a day at the worst.
pub(crate) const LINES_PER_S: i64 = 10;

/// The least time between two writes of the known peers, in milliseconds.
pub(crate) const SAVE_PEERS_MS: u64 = 1_000;

/// How long the tasks that are left have to end when the node stops, in milliseconds.
pub(crate) const END_MS: u64 = 200;

/// The least time between two ticks, in milliseconds.
pub(crate) const TICK_MS: u64 = 1;

/// The longest file of peers or rules that is read, in bytes; true ones are a hundred times shorter.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;

/// How many things a source address may push in at once: the transactions of a busy wallet, or
/// what a peer posts after it was cut off.
pub(crate) const PUSH_BURST: i64 = 500;

/// How many things a source address may push in a second, then: beyond what one honest peer has
/// to tell, and within what one core verifies.
pub(crate) const PUSH_PER_S: i64 = 100;

/// How much more loopback may: all nodes and loads of an experiment on one machine are one source.
pub(crate) const PUSH_LOOPBACK_FACTOR: i64 = 100;

/// How many source addresses are kept account of: about a megabyte.
pub(crate) const SOURCES_MAX: usize = 20_000;

/// The fewest characters of a token that makes the node pay: at a thousand guesses a second, nobody
/// guesses sixteen digits in a lifetime.
pub(crate) const TOKEN_CHARACTERS_MIN: usize = 16;

/// How many looks there are for a rule that holds its thread, in the time after which the node stops.
pub(crate) const LOOKS_FOR_STUCK: u32 = 30;

/// How many things that made a plugin fail are remembered.
pub(crate) const FAULTS_MAX: usize = 1_000;

/// How long a miner's thread searches before it looks whether it should stop, in milliseconds: with
/// what comes before and after, it has left a stale search within five.
pub(crate) const SLICE_MS: u64 = 3;

/// How many tries a consensus may say take as long as one: more than any processor makes, and few enough
/// that a search can be stopped.
pub(crate) const AT_ONCE_MAX: u64 = 4_096;

/// How many bytes the first slice hashes, before it is known how fast the machine is: a plain loop
/// does so much in three milliseconds.
pub(crate) const SLICE_BYTES_FIRST: u64 = 1 << 20;

/// The most bytes that a slice hashes: three milliseconds of a machine three times as fast as any.
pub(crate) const SLICE_BYTES_MAX: u64 = 64 << 20;

/// From how many blocks on a snapshot is kept, and how many must be new for the next at least: fewer are
/// read in a blink.
pub(crate) const SNAPSHOT_BLOCKS: usize = 10_000;

/// How long after the start, and after each, none is kept while a chain is fetched: what comes within
/// such a time is read from the journal in a small part of it.
pub(crate) const SNAPSHOT_PAUSE_MS: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_asks_never_fills_the_queue() {
        // One question is under way on a connection at a time.
        const { assert!(plugcoin_http::limits::CONNECTIONS_MAX < QUEUE_MAX) };
    }
}
