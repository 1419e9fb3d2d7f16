//! Following a better chain that a peer has.

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Event, PeerId, PeerRequest};
use plugcoin_sdk::ledger::Block;

use super::Node;
use super::network::Why;
use crate::limits::{SIDE_DEPTH_MAX, SYNC_STALL_US, TIP_GRACE_US};
use crate::rules::Halt;
use crate::step::{Output, Step};
use crate::sync::{Expected, Pages, Phase, Sync};

impl Node {
    /// Begins a sync if a peer has a tip that this node lacks, or goes on with the one under way.
    /// Says when to look again.
    pub(super) fn follow_with_sync(&mut self, now_us: i64, step: &mut Step) -> Option<i64> {
        if let Some(sync) = &self.sync
            && self.tree.find(&sync.target.hash).is_some()
        {
            self.end_sync(None, step);
        }
        if let Some(sync) = &self.sync
            && now_us - sync.progress_us >= SYNC_STALL_US
        {
            for source in sync.sources.clone() {
                self.give_up_tip(source);
            }
            self.end_sync(Some("it brings nothing new"), step);
        }
        let wake_us = match &self.sync {
            Some(sync) => Some(sync.progress_us.saturating_add(SYNC_STALL_US)),
            None => self.begin_sync(now_us, step),
        };
        self.ask_pages(step);
        wake_us
    }

    fn begin_sync(&mut self, now_us: i64, step: &mut Step) -> Option<i64> {
        let mut wake_us: Option<i64> = None;
        let mut best: Option<(PeerId, plugcoin_sdk::hooks::Tip)> = None;
        for (id, peer) in self.network.peers.iter() {
            let Some(tip) = peer.tip else { continue };
            if !peer.is_usable(now_us)
                || self.tree.find(&tip.hash).is_some()
                || peer.tip_given_up == Some(tip.hash)
                || now_us < peer.unsought_until_us
            {
                continue;
            }
            let ripe_us = peer.tip_heard_us.saturating_add(TIP_GRACE_US);
            if now_us < ripe_us {
                wake_us = Some(wake_us.map_or(ripe_us, |us| us.min(ripe_us)));
            } else if best.is_none_or(|(_, found)| tip.nr > found.nr) {
                best = Some((id, tip));
            }
        }
        let (id, target) = best?;
        let sources: Vec<PeerId> = self
            .network
            .peers
            .iter()
            .filter(|(_, peer)| peer.tip == Some(target) && peer.is_usable(now_us))
            .map(|(id, _)| id)
            .collect();
        let nr = self.tree.nr(self.tree.tip()).min(target.nr);
        if let Some(peer) = self.network.peers.get(id) {
            let event = Event::SyncStarted {
                address: peer.address.clone(),
                nr: target.nr,
            };
            step.outputs.push(Output::Tell(event));
        }
        let first = sources.first().copied().unwrap_or(id);
        self.sync = Some(Sync {
            target,
            sources,
            phase: Phase::Seek { nr, step: 1 },
            progress_us: now_us,
        });
        self.call(
            first,
            PeerRequest::Page { nr, limit: 1 },
            Why::Seek(nr),
            step,
        );
        Some(now_us.saturating_add(SYNC_STALL_US))
    }

    pub(super) fn end_sync(&mut self, reason: Option<&str>, step: &mut Step) {
        if self.sync.take().is_some() {
            let nr = self.tree.nr(self.tree.tip());
            let reason = reason.map(str::to_owned);
            step.outputs
                .push(Output::Tell(Event::SyncEnded { nr, reason }));
        }
    }

    /// One block of a peer's best chain came, to find the fork by.
    pub(super) fn sought(
        &mut self,
        now_us: i64,
        peer: PeerId,
        asked_nr: u64,
        blocks: Vec<Result<Block, Invalid>>,
        step: &mut Step,
    ) -> Result<(), Halt> {
        let Some(Sync {
            phase: Phase::Seek { nr, step: down },
            sources,
            progress_us,
            ..
        }) = &mut self.sync
        else {
            return Ok(());
        };
        let (at, by) = (*nr, *down);
        if at != asked_nr || sources.first() != Some(&peer) {
            // The answer to a search that is over.
            return Ok(());
        }
        *progress_us = now_us;
        let block = match blocks.into_iter().next() {
            Some(Ok(block)) => Some(block),
            Some(Err(reason)) => {
                self.blame(now_us, peer, reason, step);
                self.source_failed(peer, None, step);
                return Ok(());
            }
            None => None,
        };
        let known = block.and_then(|block| self.tree.find(&block.hash()));
        if let Some(root) = known {
            let (fork, _) = self.tree.fork_of(root);
            let depth = self.tree.nr(self.tree.tip()) - self.tree.nr(fork);
            if depth > SIDE_DEPTH_MAX {
                self.begin_staging(root, peer, step)?;
                return Ok(());
            }
            if let Some(sync) = &mut self.sync {
                sync.phase = Phase::Pages(Pages::from(at + 1));
            }
            return Ok(());
        }
        if at == 0 {
            let reason = Invalid::new("genesis", "the peer's chain begins with another block");
            self.blame(now_us, peer, reason, step);
            self.source_failed(peer, None, step);
            return Ok(());
        }
        let lower = at.saturating_sub(by);
        (*nr, *down) = (lower, by * 2);
        self.call(
            peer,
            PeerRequest::Page {
                nr: lower,
                limit: 1,
            },
            Why::Seek(lower),
            step,
        );
        Ok(())
    }

    fn ask_pages(&mut self, step: &mut Step) {
        let Some(sync) = &mut self.sync else {
            return;
        };
        let Phase::Pages(pages) = &mut sync.phase else {
            return;
        };
        let mut calls = Vec::new();
        let mut asked = true;
        while asked {
            asked = false;
            for &source in &sync.sources {
                if let Some((nr, limit)) = pages.ask(source, sync.target.nr) {
                    calls.push((source, nr, limit));
                    asked = true;
                }
            }
        }
        for (source, nr, limit) in calls {
            self.call(source, PeerRequest::Page { nr, limit }, Why::Page(nr), step);
        }
    }

    /// A page came: what is next in line is taken in.
    pub(super) fn page_came(
        &mut self,
        now_us: i64,
        peer: PeerId,
        nr: u64,
        blocks: Vec<Result<Block, Invalid>>,
        step: &mut Step,
    ) -> Result<(), Halt> {
        let Some(Sync {
            phase: Phase::Pages(pages),
            ..
        }) = &mut self.sync
        else {
            return Ok(());
        };
        if !pages.arrive(peer, nr, blocks) {
            self.source_failed(peer, None, step);
            return Ok(());
        }
        while let Some(Sync {
            phase: Phase::Pages(pages),
            ..
        }) = &mut self.sync
            && let Some((from, first_nr, blocks)) = pages.take()
        {
            for (nr, block) in (first_nr..).zip(blocks) {
                // With the same known blocks for ever higher levels a sync would never end.
                let block = match block.and_then(|block| of_height(block, nr)) {
                    Ok(block) => block,
                    Err(reason) => {
                        self.blame(now_us, from, reason, step);
                        self.source_failed(from, None, step);
                        self.end_sync(
                            Some("a peer sent what is no block, or another than was asked for"),
                            step,
                        );
                        return Ok(());
                    }
                };
                let hash = block.hash();
                let expected = match &mut self.sync {
                    Some(Sync {
                        phase: Phase::Pages(pages),
                        ..
                    }) => pages.expects(&hash),
                    _ => Expected::Any,
                };
                if expected == Expected::Other {
                    self.source_failed(from, None, step);
                    self.end_sync(Some("a peer's chain changed while it was weighed"), step);
                    return Ok(());
                }
                let weighed = expected == Expected::Weighed;
                self.take_fetched(now_us, from, block, weighed, step)?;
                if self.tree.find(&hash).is_none() {
                    self.source_failed(from, None, step);
                    self.end_sync(Some("a peer's chain does not hold"), step);
                    return Ok(());
                }
            }
        }
        if let Some(Sync {
            phase: Phase::Pages(pages),
            target,
            ..
        }) = &self.sync
            && pages.next > target.nr
        {
            // The peers' chain moved on while it was fetched; what they say next is followed.
            self.give_up_tip(peer);
            self.end_sync(None, step);
        }
        Ok(())
    }

    /// A source did not deliver: the others go on, if there are any.
    pub(super) fn source_failed(&mut self, peer: PeerId, page: Option<u64>, step: &mut Step) {
        self.give_up_tip(peer);
        let Some(sync) = &mut self.sync else {
            return;
        };
        sync.sources.retain(|source| *source != peer);
        if let Phase::Pages(pages) = &mut sync.phase
            && let Some(nr) = page
        {
            pages.fail(peer, nr);
        }
        let staging = matches!(&sync.phase, Phase::Stage(staged) if staged.source == peer);
        let seeking = staging || matches!(sync.phase, Phase::Seek { .. });
        match (sync.sources.first().copied(), seeking) {
            (None, _) => self.end_sync(Some("no peer delivers it"), step),
            (Some(next), true) => {
                let nr = self.tree.nr(self.tree.tip()).min(sync.target.nr);
                sync.phase = Phase::Seek { nr, step: 1 };
                self.call(
                    next,
                    PeerRequest::Page { nr, limit: 1 },
                    Why::Seek(nr),
                    step,
                );
            }
            (Some(_), false) => {}
        }
    }

    fn give_up_tip(&mut self, id: PeerId) {
        if let Some(peer) = self.network.peers.get_mut(id) {
            peer.tip_given_up = peer.tip.map(|tip| tip.hash);
        }
    }
}

/// The block, if it is of the height that was asked for.
fn of_height(block: Block, nr: u64) -> Result<Block, Invalid> {
    match block.nr() == nr {
        true => Ok(block),
        false => Err(
            Invalid::new("answer", "a block of another height than the one asked for")
                .observed(block.nr())
                .required(nr),
        ),
    }
}
