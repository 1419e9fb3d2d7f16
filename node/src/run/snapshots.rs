//! [`Snapshots`]: what the node made of its journal is kept now and then, for a faster start.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plugcoin_core::{Node, Snapshot};
use plugcoin_sdk::hooks::Storage;

use super::limits::{SNAPSHOT_BLOCKS, SNAPSHOT_PAUSE_MS};

/// Keeps snapshots while the node works on.
///
/// * Each is written when the chain is a quarter longer than at the one before, so that all together are
///   five times as long as the last one at most, however long the chain becomes; and at the end, unless
///   hardly anything is new.
/// * While a chain is fetched they are rare: the disk and the cores have other things to do.
/// * The node stands still for as long as it takes one, and not for as long as it is written.
/// * The chain is safe without them: one that can't be kept is told of, and no more.
pub(crate) struct Snapshots {
    storage: Arc<dyn Storage>,
    /// How many blocks the latest has that is kept.
    blocks: usize,
    /// When the latest was taken, or the node started.
    latest: Instant,
    /// What is being written: how many blocks it will have, if it can be kept.
    writing: Option<JoinHandle<Option<usize>>>,
}

impl Snapshots {
    /// The latest is the one that the node was opened by, if it was.
    pub(crate) fn new(storage: Arc<dyn Storage>, node: &Node) -> Self {
        Self {
            storage,
            blocks: node.restored_blocks(),
            latest: Instant::now(),
            writing: None,
        }
    }

    /// Takes one when it is due; all that the node decided is durable now.
    pub(crate) fn follow(&mut self, node: &Node) {
        if !is_due(node.blocks(), self.blocks)
            || is_too_soon(node.is_syncing(), self.latest.elapsed())
        {
            return;
        }
        if let Some(thread) = self.writing.take_if(|thread| thread.is_finished()) {
            self.written(thread);
            return self.follow(node);
        }
        if self.writing.is_none()
            && let Some((position, snapshot)) = self.take(node)
        {
            let (storage, blocks) = (self.storage.clone(), node.blocks());
            let write = move || write(&*storage, position, &snapshot).then_some(blocks);
            let started = thread::Builder::new().name("snapshot".to_owned());
            self.writing = started.spawn(write).ok();
            self.latest = Instant::now();
        }
    }

    /// Takes the last one, and returns when it is kept; all that the node decided is durable.
    pub(crate) fn end(mut self, node: &Node) {
        if let Some(thread) = self.writing.take() {
            self.written(thread);
        }
        if is_due_at_the_end(node.blocks(), self.blocks)
            && let Some((position, snapshot)) = self.take(node)
        {
            write(&*self.storage, position, &snapshot);
        }
    }

    /// One that could not be kept is as good as none, and the next is due at once.
    fn written(&mut self, thread: JoinHandle<Option<usize>>) {
        self.blocks = thread.join().ok().flatten().unwrap_or(self.blocks);
    }

    fn take(&self, node: &Node) -> Option<(u64, Snapshot)> {
        let position = self.storage.snapshot_position()?;
        Some((position, node.snapshot()?))
    }
}

/// Whether a snapshot is due with so many blocks, when the latest has so many.
fn is_due(blocks: usize, kept: usize) -> bool {
    blocks >= kept + SNAPSHOT_BLOCKS.max(kept / 4)
}

/// Whether one that is due is put off, so long after the latest was taken.
fn is_too_soon(is_syncing: bool, since: Duration) -> bool {
    is_syncing && since < Duration::from_millis(SNAPSHOT_PAUSE_MS)
}

/// Whether one is due when the node stops.
fn is_due_at_the_end(blocks: usize, kept: usize) -> bool {
    blocks >= SNAPSHOT_BLOCKS && blocks > kept + kept / 100
}

/// Whether it could be kept.
fn write(storage: &dyn Storage, position: u64, snapshot: &Snapshot) -> bool {
    let kept = storage.save_snapshot(position, &snapshot.to_bytes());
    if let Err(error) = &kept {
        tracing::warn!(%error, "no snapshot is kept; the next start reads more of the journal");
    }
    kept.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_due_when_a_quarter_is_new() {
        for (kept, due) in [
            (0, 10_000),
            (20_000, 30_000),
            (40_000, 50_000),
            (100_000, 125_000),
        ] {
            assert!(is_due(due, kept), "{kept}");
            assert!(!is_due(due - 1, kept), "{kept}");
        }
    }

    #[test]
    fn while_a_chain_is_fetched_there_is_one_a_minute_at_most() {
        let minute = Duration::from_secs(60);
        let just_before = minute - Duration::from_millis(1);
        assert!(is_too_soon(true, Duration::ZERO) && is_too_soon(true, just_before));
        assert!(!is_too_soon(true, minute));
        assert!(!is_too_soon(false, Duration::ZERO));
    }

    #[test]
    fn at_the_end_one_is_due_unless_hardly_anything_is_new() {
        assert!(!is_due_at_the_end(9_999, 0));
        assert!(is_due_at_the_end(10_000, 0));
        assert!(!is_due_at_the_end(10_100, 10_000));
        assert!(is_due_at_the_end(10_101, 10_000));
    }
}
