//! Blocks that orphans lack: asking for them, and judging what comes.

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Origin, PeerId, PeerRequest};
use plugcoin_sdk::ledger::{Block, Hash};

use super::Node;
use super::network::Why;
use crate::limits::FETCH_TRIES_MAX;
use crate::rules::Halt;
use crate::step::{Reply, Step};

impl Node {
    /// A block that an orphan lacks came.
    pub(super) fn fetched(
        &mut self,
        now_us: i64,
        peer: PeerId,
        hash: Hash,
        block: Result<Block, Invalid>,
        step: &mut Step,
    ) -> Result<(), Halt> {
        let block = match block {
            Ok(block) if block.hash() == hash => block,
            Ok(other) => {
                let reason = Invalid::new("answer", "another block than the one asked for")
                    .observed(other.hash())
                    .required(hash);
                self.blame(now_us, peer, reason, step);
                self.fetch_again(now_us, hash, step);
                return Ok(());
            }
            Err(reason) => {
                self.blame(now_us, peer, reason, step);
                self.fetch_again(now_us, hash, step);
                return Ok(());
            }
        };
        self.network.fetching.remove(&hash);
        self.take_fetched(now_us, peer, block, false, step)
    }

    /// Judges a block that this node asked a peer for; faults count against the peer.
    pub(super) fn take_fetched(
        &mut self,
        now_us: i64,
        peer: PeerId,
        block: Block,
        asked: bool,
        step: &mut Step,
    ) -> Result<(), Halt> {
        match self.receive_block(now_us, block, Origin::Peer(peer), asked, step) {
            Ok(Reply::Accepted(_)) => {
                if let Some(sync) = &mut self.sync {
                    sync.progress_us = now_us;
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(Halt::Invalid(reason)) => {
                self.blame(now_us, peer, reason, step);
                Ok(())
            }
            Err(fault) => Err(fault),
        }
    }

    pub(super) fn fetch_again(&mut self, now_us: i64, hash: Hash, step: &mut Step) {
        self.fetch(now_us, hash, &Origin::Client, step);
    }

    /// Asks somebody for a block that an orphan lacks: first whoever sent the orphan.
    pub(super) fn fetch(&mut self, now_us: i64, hash: Hash, origin: &Origin, step: &mut Step) {
        if self.tree.find(&hash).is_some() {
            self.network.fetching.remove(&hash);
            return;
        }
        let asked = self.network.fetching.entry(hash).or_default().clone();
        if asked.len() >= FETCH_TRIES_MAX {
            self.network.fetching.remove(&hash);
            return;
        }
        let mut choice = self.network.peers.usable(now_us);
        choice.retain(|peer| !asked.contains(&peer.id));
        choice.sort_by_key(|peer| {
            (
                Origin::Peer(peer.id) != *origin,
                std::cmp::Reverse(peer.tip_nr),
            )
        });
        let Some(first) = choice.first() else {
            self.network.fetching.remove(&hash);
            return;
        };
        self.network
            .fetching
            .entry(hash)
            .or_default()
            .push(first.id);
        self.call(first.id, PeerRequest::Block(hash), Why::Fetch(hash), step);
    }
}
