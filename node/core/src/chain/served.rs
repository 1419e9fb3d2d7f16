//! [`Served`]: what others may be told of the chain, for many readers beside the node.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use plugcoin_sdk::ledger::Hash;

use super::{Chunks, Index, Tree};

/// What others may be told of the chain: the blocks that are durable, save those that are withheld.
///
/// * It is a copy that shares nearly all of its memory with the node's own tree, and is brought up
///   to date by `Node::hide` and `Node::show` around each commit; whoever reads it keeps nobody
///   waiting for the disk.
/// * A clone costs a thousandth of the chain's length, and is a picture of one moment.
#[derive(Clone, Debug, Default)]
pub struct Served {
    hashes: Chunks<Hash>,
    best: Chunks<Index>,
    /// The blocks that are not on the best chain, by height and in the order of acceptance.
    sides: Arc<BTreeMap<u32, Vec<Side>>>,
    withheld: Arc<HashSet<Hash>>,
}

/// A block that is not on the best chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Side {
    index: Index,
    parent: Index,
}

impl Served {
    /// Hides these blocks, and no others any more.
    pub(crate) fn hide(&mut self, withheld: &Arc<HashSet<Hash>>) {
        self.withheld = withheld.clone();
    }

    /// Becomes what this tree is; it was an earlier state of it.
    pub(crate) fn follow(&mut self, tree: &Tree) {
        let (known, fork) = (self.hashes.len(), self.fork(tree));
        let height = |index| tree.nr(index) as u32;
        let side = |index| {
            let parent = tree.parent(index)?;
            Some((height(index), Side { index, parent }))
        };
        let joined: Vec<Index> = tree
            .best()
            .from(fork)
            .filter(|i| i.place() < known)
            .collect();
        let left: Vec<_> = self.best.from(fork).filter_map(side).collect();
        let new = (known..tree.len()).map(Index::at);
        let new: Vec<_> = new.filter(|&i| !tree.is_best(i)).filter_map(side).collect();
        if !(joined.is_empty() && left.is_empty() && new.is_empty()) {
            // A reader with a clone keeps the old one.
            let sides = Arc::make_mut(&mut self.sides);
            for index in joined {
                let nr = height(index);
                let at = sides.entry(nr).or_default();
                at.retain(|side| side.index != index);
                if at.is_empty() {
                    sides.remove(&nr);
                }
            }
            for (nr, side) in left.into_iter().chain(new) {
                let at = sides.entry(nr).or_default();
                at.insert(at.partition_point(|other| *other < side), side);
            }
        }
        self.best.follow(tree.best(), fork);
        self.hashes.follow(tree.hashes(), known);
    }

    /// The lowest height from which on the best chain is another one.
    fn fork(&self, tree: &Tree) -> usize {
        let best = tree.best();
        let mut fork = self.best.len().min(best.len());
        while fork > 0 && self.best[fork - 1] != best[fork - 1] {
            fork -= 1;
        }
        fork
    }

    /// Whether a block is hidden from others.
    pub fn hides(&self, hash: &Hash) -> bool {
        self.withheld.contains(hash)
    }

    /// The best chain's blocks from a height on, at most so many.
    ///
    /// * It ends before a block that is hidden.
    pub fn page(&self, nr: u64, limit: u64) -> Vec<Hash> {
        let from = usize::try_from(nr)
            .unwrap_or(usize::MAX)
            .min(self.best.len());
        let count = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .min(self.best.len() - from);
        let mut page = Vec::with_capacity(count);
        let blocks = self
            .best
            .from(from)
            .take(count)
            .map(|index| self.hashes[index.place()]);
        page.extend(blocks.take_while(|hash| !self.hides(hash)));
        page
    }

    /// All blocks, level by level, from the genesis block on.
    pub fn all(self) -> Walk {
        let level = self.best.from(0).take(1).collect();
        Walk {
            nr: 0,
            level,
            left: u64::MAX,
            served: self,
        }
    }

    /// The block at a place and its descendants, level by level, at most so many levels; none if it
    /// is hidden or was never shown.
    pub fn descendants(self, place: Place, limit: u64) -> Option<Walk> {
        let hash = self.hashes.get(place.index.place())?;
        (!self.hides(&hash)).then(|| Walk {
            nr: place.nr,
            level: vec![place.index],
            left: limit,
            served: self,
        })
    }
}

/// Where a block stands in the tree.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub(crate) index: Index,
    pub(crate) nr: u32,
}

/// The hashes of blocks level by level, the best chain's first and then in the order of acceptance.
///
/// * A block that is hidden is not among them, nor is what stands on it.
/// * It tells of the moment at which it was begun, however long it is read.
#[derive(Debug)]
pub struct Walk {
    served: Served,
    nr: u32,
    level: Vec<Index>,
    left: u64,
}

impl Iterator for Walk {
    type Item = Vec<Hash>;

    fn next(&mut self) -> Option<Vec<Hash>> {
        if self.left == 0 || self.level.is_empty() {
            return None;
        }
        self.left -= 1;
        let served = &self.served;
        let hash = |index: &Index| served.hashes[index.place()];
        let found = self.level.iter().map(hash).collect();
        let best = served.best.get(self.nr as usize);
        let next_best = served.best.get(self.nr as usize + 1);
        let next_best = next_best.filter(|_| best.is_some_and(|best| self.level.contains(&best)));
        self.nr += 1;
        self.level.sort_unstable();
        let sides = served.sides.get(&self.nr).into_iter().flatten();
        let next_sides = sides.filter(|side| self.level.binary_search(&side.parent).is_ok());
        let next = next_best
            .into_iter()
            .chain(next_sides.map(|side| side.index));
        self.level = next.filter(|index| !served.hides(&hash(index))).collect();
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::{Target, Work};
    use proptest::prelude::*;

    /// All levels of a tree, as the tree itself tells them.
    fn levels(tree: &Tree, withheld: &HashSet<Hash>) -> Vec<Vec<Hash>> {
        let (mut level, mut found) = (vec![Index::at(0)], Vec::new());
        while !level.is_empty() {
            found.push(level.iter().map(|&index| tree.hash(index)).collect());
            let next = level.iter().flat_map(|&index| tree.children(index));
            level = next
                .filter(|&index| !withheld.contains(&tree.hash(index)))
                .collect();
            level.sort_by_key(|&index| (!tree.is_best(index), index));
        }
        found
    }

    proptest! {
        #[test]
        fn it_follows_any_tree_through_any_reorganisations(
            blocks in proptest::collection::vec((0_usize..12, 1_u64..4, any::<bool>(), 0_u8..9), 1..80),
        ) {
            let target = Target::MAX;
            let one = Work::of_target(&target);
            let mut tree = Tree::new(Hash::of("genesis"), 0, target);
            let choice = most_work::MostWork::default();
            let (mut served, mut withheld) = (Served::default(), Arc::<HashSet<Hash>>::default());
            let mut begun = None;
            for (n, (back, work, shown, hidden)) in blocks.into_iter().enumerate() {
                let parent = Index::at(tree.len().saturating_sub(1 + back));
                let hash = Hash::of(&n.to_string());
                let work = (1..work).fold(one, |sum, _| sum.saturating_add(one));
                tree.add(parent, hash, 0, target, work, &choice).unwrap();
                if hidden == 0 {
                    Arc::make_mut(&mut withheld).insert(hash);
                }
                if !shown {
                    continue;
                }
                served.hide(&withheld);
                served.follow(&tree);
                let all = levels(&tree, &withheld);
                prop_assert_eq!(served.clone().all().collect::<Vec<_>>(), all.clone());
                for nr in 0..=all.len() as u64 {
                    let page = served.page(nr, 3);
                    let best = (nr..nr + 3).map_while(|nr| tree.best_at(nr)).map(|i| tree.hash(i));
                    prop_assert!(page.into_iter().eq(best.take_while(|hash| !withheld.contains(hash))));
                }
                // What was begun before tells of the moment at which it was begun.
                if let Some((walk, told)) = begun.replace((served.clone().all(), all)) {
                    prop_assert_eq!(walk.collect::<Vec<_>>(), told);
                }
            }
        }
    }
}
