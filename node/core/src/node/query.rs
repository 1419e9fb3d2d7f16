//! Questions about a node that change nothing.

use std::sync::Arc;

use plugcoin_sdk::hooks::{Contact, Tip};
use plugcoin_sdk::ledger::{Address, Amount, Block, Hash, Transaction};

use super::Node;
use crate::chain::{Index, Place, Served};
use crate::limits::SIDE_DEPTH_MAX;
use crate::verifier::{Stand, Verifier};

/// Which blocks are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Levels {
    /// All: one list per height, the best chain's block first.
    All,
    /// A block and its descendants, at most so many levels.
    From(Hash, u64),
    /// The best chain's blocks alone from a height on, at most so many levels.
    Best(u64, u64),
}

impl Node {
    /// What verifies this node's signatures: to be asked beforehand, on other threads.
    pub fn verifier(&self) -> Arc<Verifier> {
        self.rules.verifier.clone()
    }

    /// What the seal of a block that nobody asked for is held against, with its own hash already; none if
    /// it is known, lacks its parent, lies too deep or is refused at once, and nothing dear need be done
    /// for it.
    ///
    /// * None after a fault, too: the node meets it again when the block comes.
    pub fn stand(&self, block: &Block) -> Option<Stand> {
        let hash = block.hash();
        let parent = self.tree.find(&block.header().previous_hash?)?;
        let (nr, tip_nr) = (self.tree.nr(parent) + 1, self.tree.nr(self.tree.tip()));
        let deep = nr + SIDE_DEPTH_MAX < tip_nr;
        if deep || block.nr() != nr || self.tree.find(&hash).is_some() || self.is_poison(&hash) {
            return None;
        }
        if block.computed_hash() != hash {
            return None;
        }
        self.rules.judging.set(Some(hash));
        let target = self.rules.target(&self.tree, parent);
        let parent = target.and_then(|target| Ok((self.body(parent)?, target)));
        self.rules.judging.set(None);
        let (parent, target) = parent.ok()?;
        let parent = parent.header().clone();
        Some(Stand { parent, target })
    }

    /// The best tip.
    pub fn tip(&self) -> Tip {
        self.tree.tip_named()
    }

    /// What it says of itself to other nodes, with the best tip that it tells of.
    pub fn contact(&self) -> Contact {
        let mut nr = self.tip().nr;
        let told = |index: &Index| !self.network.withheld.contains(&self.tree.hash(*index));
        while nr > 0 && !self.tree.best_at(nr).as_ref().is_some_and(told) {
            nr -= 1;
        }
        let tip = self.tree.best_at(nr).map(|index| Tip {
            nr,
            hash: self.tree.hash(index),
        });
        Contact {
            tip,
            ..self.config.me.clone()
        }
    }

    /// The addresses of the peers to tell others of.
    pub fn peers(&self, now_us: i64) -> Vec<Address> {
        self.network.peers.addresses(now_us)
    }

    /// The number of known peers.
    pub fn peer_count(&self) -> usize {
        self.network.peers.len()
    }

    /// Whether a sync is under way.
    pub fn is_syncing(&self) -> bool {
        self.sync.is_some()
    }

    /// Whether a block may be served: it is known, and not withheld.
    pub fn serves(&self, hash: &Hash) -> bool {
        self.has_block(hash) && !self.network.withheld.contains(hash)
    }

    /// How many blocks the snapshot had that it was opened by; 0 if there was none.
    pub fn restored_blocks(&self) -> usize {
        self.restored_blocks
    }

    /// The number of blocks, side blocks with them.
    pub fn blocks(&self) -> usize {
        self.tree.len()
    }

    /// Whether a block is known and valid.
    pub fn has_block(&self, hash: &Hash) -> bool {
        self.tree.find(hash).is_some()
    }

    /// What a key has at the tip.
    pub fn balance(&self, key: &str) -> Amount {
        self.state.balance(key)
    }

    /// All that has something at the tip, by key.
    pub fn balances(&self) -> std::collections::BTreeMap<String, Amount> {
        self.state
            .balances()
            .map(|(key, amount)| (key.to_owned(), amount))
            .collect()
    }

    /// The sum of all balances at the tip.
    pub fn total(&self) -> Amount {
        self.state.total()
    }

    /// Whether a transaction is on the best chain, and at which height.
    pub fn transaction_nr(&self, id: &Hash) -> Option<u64> {
        self.state.transaction_nr(id)
    }

    /// Whether a transaction waits.
    pub fn is_waiting(&self, id: &Hash) -> bool {
        self.pool.contains(id)
    }

    /// The number of waiting transactions.
    pub fn waiting(&self) -> usize {
        self.pool.len()
    }

    /// The waiting transactions in order of arrival, with the moment of it.
    pub fn waiting_transactions(&self) -> Vec<(Transaction, i64)> {
        self.pool.in_order_of_arrival()
    }

    /// The number of blocks that wait for their parent.
    pub fn orphans(&self) -> usize {
        self.orphans.len()
    }

    /// Hides from others what they may not be told; before a step's records are written, since the
    /// journal may be read as soon as they are.
    pub fn hide(&self, served: &mut Served) {
        served.hide(&self.network.withheld);
    }

    /// Shows others what is new; once all records of all steps are durable.
    ///
    /// * It costs as much as what changed since the last time, however long the chain is.
    pub fn show(&self, served: &mut Served) {
        served.follow(&self.tree);
    }

    /// Where a block stands, for [`Served::descendants`]; none if it is not known.
    pub fn place(&self, hash: &Hash) -> Option<Place> {
        let index = self.tree.find(hash)?;
        // Heights are counted in 32 bits in the tree as well.
        let nr = self.tree.nr(index) as u32;
        Some(Place { index, nr })
    }

    /// The hashes of some blocks, level by level; none if the block asked for is not known.
    ///
    /// * A block that is withheld is not among them, nor is what stands on it.
    pub fn levels(&self, levels: Levels) -> Option<Vec<Vec<Hash>>> {
        let told = |index: &Index| !self.network.withheld.contains(&self.tree.hash(*index));
        let (mut level, limit) = match levels {
            Levels::Best(nr, limit) => {
                let last = nr
                    .saturating_add(limit)
                    .min(self.tree.nr(self.tree.tip()) + 1);
                let best = (nr..last).map_while(|nr| self.tree.best_at(nr));
                let level = |index| vec![self.tree.hash(index)];
                return Some(best.take_while(told).map(level).collect());
            }
            Levels::All => (self.tree.best_at(0).into_iter().collect(), u64::MAX),
            Levels::From(hash, limit) => (
                vec![self.tree.find(&hash).filter(|_| self.serves(&hash))?],
                limit,
            ),
        };
        let mut found = Vec::new();
        while !level.is_empty() && (found.len() as u64) < limit {
            found.push(level.iter().map(|&index| self.tree.hash(index)).collect());
            let mut next: Vec<Index> = level
                .iter()
                .flat_map(|&index| self.tree.children(index))
                .filter(told)
                .collect();
            next.sort_by_key(|&index| (!self.tree.is_best(index), index));
            level = next;
        }
        Some(found)
    }
}
