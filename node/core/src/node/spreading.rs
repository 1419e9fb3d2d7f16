//! Spreading what is new, and sending a peer what it has not had.

use std::sync::Arc;

use plugcoin_sdk::hooks::{
    GossipAction, GossipEvent, Item, ItemKind, Origin, PeerId, PeerRequest, Record, Spread,
};
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, Invalid};

use super::Node;
use super::network::Why;
use crate::limits::RESEND_MAX;
use crate::step::Step;

fn item_of(record: &Record) -> Item {
    match record {
        Record::Block(block) => Item {
            kind: ItemKind::Block,
            hash: block.hash(),
        },
        Record::Transaction(transaction) => Item {
            kind: ItemKind::Transaction,
            hash: transaction.id(),
        },
    }
}

fn request_of(record: Record) -> PeerRequest {
    match record {
        Record::Block(block) => PeerRequest::PostBlock(block),
        Record::Transaction(transaction) => PeerRequest::PostTransaction(transaction),
    }
}

impl Node {
    /// Sends a peer what waits and it has not had.
    pub(super) fn resend(&mut self, now_us: i64, id: PeerId, step: &mut Step) {
        let Some(peer) = self
            .network
            .peers
            .get(id)
            .filter(|peer| peer.is_usable(now_us))
        else {
            return;
        };
        let from = peer.pool_told_to;
        let lacking: Vec<_> = self
            .pool
            .arrived_from(from)
            .filter(|(_, transaction)| !peer.has(&transaction.id()))
            .take(RESEND_MAX)
            .map(|(place, transaction)| (place, transaction.clone()))
            .collect();
        let told_to = lacking.last().map(|(place, _)| place + 1);
        for (_, transaction) in lacking {
            self.tell(id, Record::Transaction(transaction), step);
        }
        if let (Some(peer), Some(told_to)) = (self.network.peers.get_mut(id), told_to) {
            peer.pool_told_to = told_to;
        }
    }

    /// Tells a peer of an item, unless it has it.
    pub(super) fn tell(&mut self, id: PeerId, record: Record, step: &mut Step) {
        let hash = item_of(&record).hash;
        if self
            .network
            .peers
            .get_mut(id)
            .is_some_and(|peer| peer.note(hash))
        {
            self.call(id, request_of(record), Why::Tell(hash), step);
        }
    }

    pub(super) fn spread(
        &mut self,
        now_us: i64,
        record: Record,
        origin: &Origin,
        step: &mut Step,
    ) -> Result<(), Error> {
        let item = item_of(&record);
        if let Origin::Peer(id) = origin
            && let Some(peer) = self.network.peers.get_mut(*id)
        {
            peer.note(item.hash);
        }
        let mut usable = self.network.peers.usable(now_us);
        usable.retain(|peer| {
            self.network
                .peers
                .get(peer.id)
                .is_some_and(|p| !p.has(&item.hash))
        });
        self.network.draws += 1;
        let seed = Hash::of(&format!("{} {}", self.config.seed, self.network.draws));
        let seed = u64::from_be_bytes(seed.as_bytes()[..8].try_into().unwrap_or_default());
        let gossip = self.rules.hooks.gossip.hook.clone();
        match gossip.targets(&item, origin, &usable, seed)? {
            Spread::To(peers) => {
                for id in peers {
                    self.tell(id, record.clone(), step);
                }
            }
            Spread::Withhold => {
                if *origin == Origin::Own && item.kind == ItemKind::Block {
                    Arc::make_mut(&mut self.network.withheld).insert(item.hash);
                }
            }
        }
        if let Record::Block(block) = &record {
            let best = self
                .tree
                .find(&item.hash)
                .is_some_and(|index| self.tree.is_best(index));
            let own = *origin == Origin::Own;
            let event = GossipEvent::BlockAccepted {
                hash: item.hash,
                nr: block.nr(),
                own,
                best,
            };
            let mut actions = gossip.on_event(&event, &usable)?;
            if best {
                let event = GossipEvent::TipChanged {
                    hash: item.hash,
                    nr: block.nr(),
                };
                actions.extend(gossip.on_event(&event, &usable)?);
            }
            self.act(now_us, actions, step)?;
        }
        Ok(())
    }

    pub(super) fn act(
        &mut self,
        now_us: i64,
        actions: Vec<GossipAction>,
        step: &mut Step,
    ) -> Result<(), Error> {
        for action in actions {
            match action {
                GossipAction::Announce { item, to } => {
                    // What others share is copied only when it changes.
                    if self.network.withheld.contains(&item.hash) {
                        Arc::make_mut(&mut self.network.withheld).remove(&item.hash);
                    }
                    let record = match item.kind {
                        ItemKind::Block if self.tree.find(&item.hash).is_some() => {
                            Record::Block(self.body_of(&item.hash)?)
                        }
                        ItemKind::Block => continue,
                        ItemKind::Transaction => match self.pool.get(&item.hash) {
                            Some(transaction) => Record::Transaction(transaction.clone()),
                            None => continue,
                        },
                    };
                    for id in to {
                        self.tell(id, record.clone(), step);
                    }
                }
                GossipAction::Score { peer, points } => {
                    let reason = Invalid::new("gossip", "the gossip plugin says so");
                    let reason = self.rules.hooks.gossip.says(reason.penalty(points));
                    self.blame(now_us, peer, reason, step);
                }
            }
        }
        Ok(())
    }
}
