//! [`Frozen`]: a tree as it was at one moment, and a tree made of it again.

use std::collections::BTreeMap;

use plugcoin_sdk::ledger::{Hash, Positions, Rows, Target, Work};

use super::Chunks;
use super::tree::{Index, NONE, Node, Tree};

/// A tree as it was at one moment; it shares nearly all of its memory with the tree.
#[derive(Clone, Debug)]
pub(crate) struct Frozen {
    nodes: Rows<Node>,
    hashes: Chunks<Hash>,
    tip: Index,
}

/// A block of a tree; all else of it follows from the order in which they were accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) hash: Hash,
    /// Of the genesis block no block at all.
    pub(crate) parent: Index,
    pub(crate) time_us: i64,
    pub(crate) target: Target,
    /// Of the chain up to and with this block.
    pub(crate) work: Work,
}

impl Frozen {
    pub(crate) fn tip(&self) -> Index {
        self.tip
    }

    /// The number of blocks.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The blocks in the order of acceptance.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Stored> {
        let both = self.nodes.iter().zip(self.hashes.from(0));
        both.map(|(node, hash)| Stored {
            hash,
            parent: node.parent,
            time_us: node.time_us,
            target: node.target,
            work: node.work,
        })
    }
}

impl Tree {
    /// The tree as it is now.
    pub(crate) fn frozen(&self) -> Frozen {
        Frozen {
            nodes: self.nodes.clone(),
            hashes: self.hashes.clone(),
            tip: self.tip(),
        }
    }

    /// A tree of these blocks, in the order in which they were accepted, with this best tip.
    ///
    /// * None if they make no tree.
    pub(crate) fn restored(
        blocks: impl Iterator<Item = Option<Stored>>,
        tip: Index,
    ) -> Option<Self> {
        let mut tree = Self {
            nodes: Rows::default(),
            hashes: Chunks::default(),
            positions: Positions::default(),
            best: Chunks::default(),
            heads: BTreeMap::new(),
        };
        for block in blocks {
            tree.restore(&block?)?;
        }
        let hashes = &tree.hashes;
        tree.positions = Positions::of(tree.len(), |at| hashes[at as usize]);
        if tip.place() >= tree.len() {
            return None;
        }
        let below = std::iter::successors(Some(tip), |&index| tree.parent(index));
        let mut best: Vec<Index> = below.collect();
        best.reverse();
        best.into_iter().for_each(|index| tree.best.push(index));
        for index in (0..tree.len()).map(Index::at) {
            if !tree.is_best(index) {
                tree.count_in(index);
            }
        }
        Some(tree)
    }

    /// Puts a block at the end, which can't be found by its hash yet.
    fn restore(&mut self, block: &Stored) -> Option<()> {
        let (mut nr, mut jump, mut next_sibling) = (0, Index::at(0), NONE);
        let index = Index::at(self.len());
        if index.place() > 0 {
            if block.parent >= index {
                return None;
            }
            jump = self.jump_from(block.parent);
            let parent = self.nodes.get_mut(block.parent.place() as u32);
            nr = parent.nr + 1;
            next_sibling = std::mem::replace(&mut parent.first_child, index);
        }
        let node = Node {
            work: block.work,
            target: block.target,
            time_us: block.time_us,
            nr,
            parent: if nr == 0 { NONE } else { block.parent },
            jump,
            first_child: NONE,
            next_sibling,
        };
        self.hashes.push(block.hash);
        self.nodes.push(node);
        Some(())
    }
}
