//! [`Snapshots`]: what the node made of its journal is kept now and then, for a faster start.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use plugcoin_core::{Node, Snapshot};
use plugcoin_sdk::hooks::Storage;

use super::limits::SNAPSHOT_BLOCKS;

/// Keeps snapshots while the node works on.
///
/// * Each is written when the chain is a quarter longer than at the one before, or twice as long while it
///   is fetched, so that all together are five times as long as the last one at most, however long the
///   chain becomes; and at the end, unless hardly anything is new.
/// * The node stands still for as long as it takes one, and not for as long as it is written.
/// * The chain is safe without them: one that can't be kept is told of, and no more.
pub(crate) struct Snapshots {
    storage: Arc<dyn Storage>,
    /// How many blocks the latest has.
    blocks: usize,
    writing: Option<JoinHandle<()>>,
}

impl Snapshots {
    /// The latest is the one that the node was opened by, if it was.
    pub(crate) fn new(storage: Arc<dyn Storage>, node: &Node) -> Self {
        Self {
            storage,
            blocks: node.restored_blocks(),
            writing: None,
        }
    }

    /// Takes one when it is due; all that the node decided is durable now.
    pub(crate) fn follow(&mut self, node: &Node) {
        // While a chain is fetched, the disk and the cores have other things to do.
        let share = match node.is_syncing() {
            true => self.blocks,
            false => self.blocks / 4,
        };
        if node.blocks() < self.blocks + SNAPSHOT_BLOCKS.max(share) {
            return;
        }
        if self
            .writing
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
        {
            return;
        }
        let Some((position, snapshot)) = self.take(node) else {
            return;
        };
        let storage = self.storage.clone();
        let write = move || write(&*storage, position, &snapshot);
        let started = thread::Builder::new().name("snapshot".to_owned());
        self.writing = started.spawn(write).ok();
    }

    /// Takes the last one, and returns when it is kept; all that the node decided is durable.
    pub(crate) fn end(mut self, node: &Node) {
        if let Some(thread) = self.writing.take() {
            let _ = thread.join();
        }
        if node.blocks() < SNAPSHOT_BLOCKS || node.blocks() <= self.blocks + self.blocks / 100 {
            return;
        }
        if let Some((position, snapshot)) = self.take(node) {
            write(&*self.storage, position, &snapshot);
        }
    }

    fn take(&mut self, node: &Node) -> Option<(u64, Snapshot)> {
        let position = self.storage.snapshot_position()?;
        let snapshot = node.snapshot()?;
        self.blocks = node.blocks();
        Some((position, snapshot))
    }
}

fn write(storage: &dyn Storage, position: u64, snapshot: &Snapshot) {
    if let Err(error) = storage.save_snapshot(position, &snapshot.to_bytes()) {
        tracing::warn!(%error, "no snapshot is kept; the next start reads the whole journal");
    }
}
