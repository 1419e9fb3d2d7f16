//! [`Tree`]: all accepted blocks by height and hash, and the best chain among them.

use std::collections::BTreeMap;

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Ancestor, ForkChoice, Tip, Wants};
use plugcoin_sdk::ledger::{Hash, Key, Positions, Rows, Target, Work};

use super::Chunks;
use super::branches::Sums;

/// A block's place in the order of acceptance; the genesis block is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(pub(super) u32);

impl Index {
    /// The block that was accepted as so manieth.
    pub(crate) fn at(place: usize) -> Self {
        Self(place as u32)
    }

    /// How many were accepted before it.
    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }
}

pub(super) const NONE: Index = Index(u32::MAX);

// Without the four bytes that would round it up: there is one for each block.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub(super) struct Node {
    /// Of the chain up to and with this block.
    pub(super) work: Work,
    pub(super) target: Target,
    pub(super) time_us: i64,
    pub(super) nr: u32,
    pub(super) parent: Index,
    /// Some block further down, so chosen that every block beneath is few jumps and steps away.
    pub(super) jump: Index,
    pub(super) first_child: Index,
    pub(super) next_sibling: Index,
}

/// How the best chain changed when a block was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The block stands on the tip and is the new tip.
    Extended,
    /// The block is on a side branch.
    Side,
    /// Another branch won.
    Reorganised {
        /// The last block that both chains have.
        fork: Index,
        /// The blocks that left the best chain, the lowest first.
        left: Vec<Index>,
        /// The blocks that joined it, the lowest first.
        joined: Vec<Index>,
    },
}

/// All accepted blocks, and the best chain among them.
///
/// * Adding to the tip costs the same however long the chain is and however many forks it has.
/// * Adding to a side branch costs the logarithm of its length, and a little for each side branch
///   that leaves the best chain further up. Only when it wins is it walked, with all upon it.
#[derive(Debug)]
pub struct Tree {
    pub(super) nodes: Rows<Node>,
    /// Each block's hash, shared with what is served.
    pub(super) hashes: Chunks<Hash>,
    pub(super) positions: Positions,
    /// The best chain, by height; shared alike.
    pub(super) best: Chunks<Index>,
    /// The side blocks that stand on the best chain, by the height of their parent, and what each
    /// weighs with all above it.
    pub(super) heads: BTreeMap<(u32, Index), Sums>,
}

impl Tree {
    /// A tree of the genesis block alone, which counts as no work.
    pub fn new(genesis: Hash, time_us: i64, target: Target) -> Self {
        let node = Node {
            work: Work::ZERO,
            target,
            time_us,
            nr: 0,
            parent: NONE,
            jump: Index::at(0),
            first_child: NONE,
            next_sibling: NONE,
        };
        let mut tree = Self {
            nodes: Rows::default(),
            hashes: Chunks::default(),
            positions: Positions::default(),
            best: Chunks::default(),
            heads: BTreeMap::new(),
        };
        let index = tree.push(genesis, node);
        tree.settle();
        tree.best.push(index);
        tree
    }

    /// Puts a node at the end, which has no position before [`settle`](Self::settle).
    pub(super) fn push(&mut self, hash: Hash, node: Node) -> Index {
        let index = Index::at(self.nodes.len());
        self.hashes.push(hash);
        self.nodes.push(node);
        index
    }

    /// Every block has its position from now on; until then it is found by looking at all that have none.
    pub(crate) fn settle(&mut self) {
        let hashes = &self.hashes;
        self.positions
            .settle(hashes.len(), |at| hashes[at as usize]);
    }

    /// The place of a block.
    pub fn find(&self, hash: &Hash) -> Option<Index> {
        // What is asked for most, and what never has to be fetched from afar.
        let tip = self.tip();
        if self.hash(tip) == *hash {
            return Some(tip);
        }
        let hash_at = |at| self.hashes[at as usize];
        let found = self.positions.find_among(self.len(), hash, hash_at);
        found.map(Index)
    }

    /// Reads where a block of this key would be found, so that the processor has it near at hand afterwards.
    #[inline]
    pub(crate) fn touch(&self, key: Key) {
        self.positions.touch(key);
    }

    /// Whether this is the tip, and nothing stands on it.
    pub(crate) fn is_bare_tip(&self, hash: &Hash) -> bool {
        let tip = self.tip();
        self.hash(tip) == *hash && self.node(tip).first_child == NONE
    }

    /// The best tip.
    pub fn tip(&self) -> Index {
        self.best[self.best.len() - 1]
    }

    /// The best tip as peers are told.
    pub fn tip_named(&self) -> Tip {
        Tip {
            nr: self.nr(self.tip()),
            hash: self.hash(self.tip()),
        }
    }

    /// The best chain's block at a height.
    pub fn best_at(&self, nr: u64) -> Option<Index> {
        usize::try_from(nr).ok().and_then(|nr| self.best.get(nr))
    }

    /// Whether a block is on the best chain.
    pub fn is_best(&self, index: Index) -> bool {
        self.best.get(self.node(index).nr as usize) == Some(index)
    }

    /// A block's hash.
    pub fn hash(&self, index: Index) -> Hash {
        self.hashes[index.0 as usize]
    }

    /// A block's height.
    pub fn nr(&self, index: Index) -> u64 {
        self.node(index).nr.into()
    }

    /// The target that a block had to meet.
    pub fn target(&self, index: Index) -> Target {
        self.node(index).target
    }

    /// The work of the chain up to and with a block.
    pub fn work(&self, index: Index) -> Work {
        self.node(index).work
    }

    /// The block before; none for the genesis block.
    pub fn parent(&self, index: Index) -> Option<Index> {
        let parent = self.node(index).parent;
        (parent != NONE).then_some(parent)
    }

    /// The number of blocks, side blocks with them.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: the genesis block is there.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The blocks that stand on a block, the best chain's first, then in the order of acceptance.
    pub fn children(&self, index: Index) -> Vec<Index> {
        let mut children: Vec<Index> = self.upon(index).collect();
        children.sort_by_key(|&child| (!self.is_best(child), child));
        children
    }

    /// The blocks that stand on a block, the latest first.
    pub(super) fn upon(&self, index: Index) -> impl Iterator<Item = Index> {
        let there = |child: Index| (child != NONE).then_some(child);
        std::iter::successors(there(self.node(index).first_child), move |&child| {
            there(self.node(child).next_sibling)
        })
    }

    /// Where a block's branch leaves the best chain: the block there, and the branch's lowest; none
    /// for a block of the best chain.
    pub fn fork_of(&self, index: Index) -> (Index, Option<Index>) {
        if self.is_best(index) {
            return (index, None);
        }
        let mut at = index;
        loop {
            let Node { parent, jump, .. } = *self.node(at);
            // All beneath a block of the best chain is on it, so no jump to a side block leads too far.
            if !self.is_best(jump) {
                at = jump;
            } else if !self.is_best(parent) {
                at = parent;
            } else {
                return (parent, Some(at));
            }
        }
    }

    /// The path from a block down to the best chain: the block there, and those above it on the
    /// way, the lowest first.
    pub fn path_to_best(&self, index: Index) -> (Index, Vec<Index>) {
        let mut path = Vec::new();
        let mut at = index;
        while !self.is_best(at) {
            path.push(at);
            at = self.node(at).parent;
        }
        path.reverse();
        (at, path)
    }

    /// The ancestors that a difficulty rule wants for the block that would stand on `parent`.
    pub fn ancestors(&self, parent: Index, wants: &Wants) -> Vec<Ancestor> {
        let nr = self.nr(parent) + 1;
        let mut heights = match wants {
            Wants::Nothing => return Vec::new(),
            Wants::Parent => vec![nr - 1],
            Wants::Last(count) => (nr.saturating_sub(*count)..nr).collect(),
            Wants::At(heights) => heights.iter().copied().filter(|&at| at < nr).collect(),
        };
        heights.sort_unstable();
        heights.dedup();
        self.ancestors_of(parent, &heights)
    }

    /// A block's own ancestors, itself among them, at these heights.
    pub(crate) fn ancestors_of(&self, index: Index, heights: &[u64]) -> Vec<Ancestor> {
        let at = |&nr: &u64| self.ancestor(self.beneath(index, nr));
        heights.iter().map(at).collect()
    }

    /// A block's own ancestor, or itself, at a height.
    fn beneath(&self, index: Index, nr: u64) -> Index {
        let mut at = index;
        while !self.is_best(at) && self.nr(at) != nr {
            let Node { parent, jump, .. } = *self.node(at);
            at = if self.nr(jump) >= nr { jump } else { parent };
        }
        match self.is_best(at) {
            true => self.best[nr as usize],
            false => at,
        }
    }

    fn ancestor(&self, index: Index) -> Ancestor {
        let node = self.node(index);
        Ancestor {
            nr: node.nr.into(),
            hash: self.hash(index),
            time_us: node.time_us,
            target: node.target,
            work: node.work,
        }
    }

    /// Adds a valid block, and decides which branch is best.
    ///
    /// * The block is not in the tree yet.
    ///
    /// # Errors
    /// Whatever fork choice's plugin returns; the block is in the tree then, and the tip is as it was.
    pub fn add(
        &mut self,
        parent: Index,
        hash: Hash,
        time_us: i64,
        target: Target,
        work: Work,
        choice: &dyn ForkChoice,
    ) -> Result<Change, Error> {
        let is_on_tip = parent == self.tip();
        let index = self.push_on(parent, hash, time_us, target, work);
        self.settle();
        if is_on_tip {
            self.best.push(index);
            return Ok(Change::Extended);
        }
        let branch = self.count_in(index);
        self.decide(branch, choice)
    }

    /// Adds a valid block on the tip, which has no position before [`settle`](Self::settle).
    pub(crate) fn extend_later(&mut self, hash: Hash, time_us: i64, target: Target, work: Work) {
        let index = self.push_on(self.tip(), hash, time_us, target, work);
        self.best.push(index);
    }

    fn push_on(
        &mut self,
        parent: Index,
        hash: Hash,
        time_us: i64,
        target: Target,
        work: Work,
    ) -> Index {
        let below = self.node(parent);
        let node = Node {
            work: below.work.saturating_add(work),
            target,
            time_us,
            nr: below.nr + 1,
            parent,
            jump: self.jump_from(parent),
            first_child: NONE,
            next_sibling: below.first_child,
        };
        let index = self.push(hash, node);
        self.nodes.get_mut(parent.0).first_child = index;
        index
    }

    /// Where a block that stands on this one jumps: twice as far as there, if the two jumps from
    /// there are alike, and a step otherwise.
    ///
    /// * So the lengths are those of skew-binary numbers, and a way of n steps takes at most
    ///   3·log n (Myers, An applicative random-access stack, 1983).
    pub(super) fn jump_from(&self, parent: Index) -> Index {
        let below = self.node(parent);
        let first = self.node(below.jump);
        let second = self.node(first.jump);
        match below.nr - first.nr == first.nr - second.nr {
            true => first.jump,
            false => parent,
        }
    }

    /// All hashes, in the order of acceptance.
    pub(super) fn hashes(&self) -> &Chunks<Hash> {
        &self.hashes
    }

    /// The best chain, by height.
    pub(super) fn best(&self) -> &Chunks<Index> {
        &self.best
    }

    pub(super) fn node(&self, index: Index) -> &Node {
        self.nodes.get(index.0)
    }
}
