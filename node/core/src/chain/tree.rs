//! [`Tree`]: all accepted blocks by height and hash, and the best chain among them.

use std::collections::{BTreeMap, HashMap};

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Ancestor, Branch, ForkChoice, Preference, Tip, Wants};
use plugcoin_sdk::ledger::{Hash, Positions, Rows, Target, Work};

use super::Chunks;

/// A block's place in the order of acceptance; the genesis block is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(u32);

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

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Of the chain up to and with this block.
    pub(super) work: Work,
    pub(super) target: Target,
    pub(super) time_us: i64,
    pub(super) nr: u32,
    pub(super) parent: Index,
    pub(super) first_child: Index,
    pub(super) next_sibling: Index,
}

/// What a branch weighs, as fork choice asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) tip_work: Work,
    pub(super) tip_seen: Index,
    pub(super) work: Work,
    pub(super) blocks: u64,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        if (other.tip_work, std::cmp::Reverse(other.tip_seen))
            > (self.tip_work, std::cmp::Reverse(self.tip_seen))
        {
            self.tip_work = other.tip_work;
            self.tip_seen = other.tip_seen;
        }
        self.work = self.work.saturating_add(other.work);
        self.blocks += other.blocks;
    }
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
/// * Adding to a side branch costs the branch's length.
#[derive(Debug)]
pub struct Tree {
    pub(super) nodes: Rows<Node>,
    /// Each block's hash, shared with what is served.
    pub(super) hashes: Chunks<Hash>,
    pub(super) positions: Positions,
    /// The best chain, by height; shared alike.
    pub(super) best: Chunks<Index>,
    /// What each block that is not on the best chain weighs with all above it.
    pub(super) sums: HashMap<Index, Sums>,
    /// The side blocks that stand on the best chain, by the height of their parent.
    pub(super) side_heads: BTreeMap<u32, Vec<Index>>,
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
            first_child: NONE,
            next_sibling: NONE,
        };
        let mut tree = Self {
            nodes: Rows::default(),
            hashes: Chunks::default(),
            positions: Positions::default(),
            best: Chunks::default(),
            sums: HashMap::new(),
            side_heads: BTreeMap::new(),
        };
        let index = tree.push(genesis, node);
        tree.best.push(index);
        tree
    }

    /// Puts a node at the end.
    pub(super) fn push(&mut self, hash: Hash, node: Node) -> Index {
        let index = Index::at(self.nodes.len());
        let hashes = &self.hashes;
        self.positions.push(&hash, |at| hashes[at as usize]);
        self.hashes.push(hash);
        self.nodes.push(node);
        index
    }

    /// The place of a block.
    pub fn find(&self, hash: &Hash) -> Option<Index> {
        self.positions
            .find(hash, |at| self.hashes[at as usize])
            .map(Index)
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
        let mut children = Vec::new();
        let mut child = self.node(index).first_child;
        while child != NONE {
            children.push(child);
            child = self.node(child).next_sibling;
        }
        children.sort_by_key(|&child| (!self.is_best(child), child));
        children
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
        let (fork, path) = self.path_to_best(index);
        let fork_nr = self.nr(fork);
        let at = |nr: u64| match nr.checked_sub(fork_nr + 1) {
            Some(above) => path[above as usize],
            None => self.best[nr as usize],
        };
        heights.iter().map(|&nr| self.ancestor(at(nr))).collect()
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
        let below = self.node(parent);
        let node = Node {
            work: below.work.saturating_add(work),
            target,
            time_us,
            nr: below.nr + 1,
            parent,
            first_child: NONE,
            next_sibling: below.first_child,
        };
        let index = self.push(hash, node);
        self.nodes.get_mut(parent.0).first_child = index;
        if parent == self.tip() {
            self.best.push(index);
            return Ok(Change::Extended);
        }
        self.count_in(index, work);
        self.decide(index, choice)
    }

    /// Adds a new side block to the sums of all beneath it, down to the best chain.
    fn count_in(&mut self, index: Index, work: Work) {
        let own = Sums {
            tip_work: self.node(index).work,
            tip_seen: index,
            work,
            blocks: 1,
        };
        self.sums.insert(index, own);
        let mut at = index;
        loop {
            let parent = self.node(at).parent;
            if self.is_best(parent) {
                if at == index {
                    self.side_heads
                        .entry(self.node(parent).nr)
                        .or_default()
                        .push(index);
                }
                return;
            }
            if let Some(sums) = self.sums.get_mut(&parent) {
                sums.add(&own);
            }
            at = parent;
        }
    }

    /// Decides anew from the fork where a new side block's branch leaves the best chain.
    ///
    /// Forks further down are not touched: the branch that is preferred there grew alone.
    fn decide(&mut self, index: Index, choice: &dyn ForkChoice) -> Result<Change, Error> {
        let (fork, _) = self.path_to_best(index);
        let mut at = self.preferred_child(fork, choice)?;
        if at.is_none_or(|child| self.is_best(child)) {
            return Ok(Change::Side);
        }
        let mut joined = Vec::new();
        while let Some(child) = at {
            joined.push(child);
            at = self.preferred_child(child, choice)?;
        }
        Ok(self.switch(fork, joined))
    }

    fn preferred_child(
        &self,
        index: Index,
        choice: &dyn ForkChoice,
    ) -> Result<Option<Index>, Error> {
        let children = self.children(index);
        let Some((&first, others)) = children.split_first() else {
            return Ok(None);
        };
        let mut best = first;
        let mut best_branch = (!others.is_empty()).then(|| self.branch(first));
        for &other in others {
            let branch = self.branch(other);
            if let Some(kept) = &best_branch
                && choice.prefer(kept, &branch)? == Preference::B
            {
                best = other;
                best_branch = Some(branch);
            }
        }
        Ok(Some(best))
    }

    /// A block with all that stands on it, as fork choice asks.
    pub(crate) fn branch(&self, index: Index) -> Branch {
        let sums = self.sums_of(index);
        let node = self.node(index);
        Branch {
            hash: self.hash(index),
            nr: node.nr.into(),
            first_seen: index.0.into(),
            tip_work: sums.tip_work,
            tip_first_seen: sums.tip_seen.0.into(),
            subtree_work: sums.work,
            subtree_blocks: sums.blocks,
        }
    }

    pub(super) fn sums_of(&self, index: Index) -> Sums {
        if let Some(sums) = self.sums.get(&index) {
            return *sums;
        }
        // On the best chain: what lies between here and the tip, and all side branches upon it.
        let below = self
            .parent(index)
            .map(|parent| self.node(parent).work)
            .unwrap_or_default();
        let tip = self.node(self.tip());
        let nr = self.node(index).nr;
        let mut sums = Sums {
            tip_work: tip.work,
            tip_seen: self.tip(),
            work: tip.work.saturating_sub(below),
            blocks: u64::from(tip.nr - nr) + 1,
        };
        for head in self.side_heads.range(nr..).flat_map(|(_, heads)| heads) {
            sums.add(&self.sums_of(*head));
        }
        sums
    }

    /// Makes another branch the best chain.
    fn switch(&mut self, fork: Index, joined: Vec<Index>) -> Change {
        let fork_nr = self.node(fork).nr;
        let left: Vec<Index> = self.best.from(fork_nr as usize + 1).collect();
        let mut above: Option<Sums> = None;
        for &index in left.iter().rev() {
            let node = self.node(index);
            let (nr, below) = (node.nr, self.node(node.parent).work);
            let mut sums = Sums {
                tip_work: node.work,
                tip_seen: index,
                work: node.work.saturating_sub(below),
                blocks: 1,
            };
            if let Some(above) = above {
                sums.add(&above);
            }
            for head in self.side_heads.remove(&nr).unwrap_or_default() {
                sums.add(&self.sums_of(head));
            }
            self.sums.insert(index, sums);
            above = Some(sums);
        }
        self.best.truncate(fork_nr as usize + 1);
        for &index in &joined {
            self.best.push(index);
            self.sums.remove(&index);
        }
        for &index in std::iter::once(&fork).chain(&joined) {
            let heads: Vec<Index> = self
                .children(index)
                .into_iter()
                .filter(|&child| !self.is_best(child))
                .collect();
            let nr = self.node(index).nr;
            if heads.is_empty() {
                self.side_heads.remove(&nr);
            } else {
                self.side_heads.insert(nr, heads);
            }
        }
        Change::Reorganised { fork, left, joined }
    }

    /// All hashes, in the order of acceptance.
    pub(super) fn hashes(&self) -> &Chunks<Hash> {
        &self.hashes
    }

    /// The best chain, by height.
    pub(super) fn best(&self) -> &Chunks<Index> {
        &self.best
    }

    fn node(&self, index: Index) -> &Node {
        self.nodes.get(index.0)
    }
}
