//! What branches weigh, and which of them is the best chain.

use std::collections::HashMap;

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Branch, ForkChoice, Preference};
use plugcoin_sdk::ledger::Work;

use super::tree::{Change, Index, Tree};

/// What a branch weighs, as fork choice asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    tip_work: Work,
    tip_seen: Index,
    work: Work,
    blocks: u64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
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

impl Tree {
    /// What a block weighs alone.
    fn alone(&self, index: Index) -> Sums {
        let node = self.node(index);
        let below = self.parent(index).map(|parent| self.work(parent));
        Sums {
            tip_work: node.work,
            tip_seen: index,
            work: node.work.saturating_sub(below.unwrap_or_default()),
            blocks: 1,
        }
    }

    /// Counts a new side block into its branch; where that leaves the best chain, and its lowest block.
    pub(super) fn count_in(&mut self, index: Index) -> (Index, Index) {
        let (fork, head) = self.fork_of(index);
        let head = head.unwrap_or(index);
        let own = self.alone(index);
        self.heads
            .entry((self.node(fork).nr, head))
            .and_modify(|sums| sums.add(&own))
            .or_insert(own);
        (fork, head)
    }

    /// Decides anew from the fork where a new side block's branch leaves the best chain; `head` is its
    /// lowest block.
    ///
    /// * Forks further down are not touched: the branch that is preferred there grew alone.
    /// * Nor are the other branches of this fork: the best chain was preferred to them before, and has
    ///   grown alone since. However many there are, the new block costs one question.
    pub(super) fn decide(
        &mut self,
        (fork, head): (Index, Index),
        choice: &dyn ForkChoice,
    ) -> Result<Change, Error> {
        if let Some(best) = self.best_at(self.nr(fork) + 1)
            && choice.prefer(&self.branch(best), &self.branch(head))? == Preference::A
        {
            return Ok(Change::Side);
        }
        let sums = self.weigh(head);
        let (mut joined, mut at) = (Vec::new(), Some(head));
        while let Some(child) = at {
            joined.push(child);
            at = self.preferred_child(child, choice, |child| sums[&child])?;
        }
        Ok(self.switch(fork, joined, &sums))
    }

    fn preferred_child(
        &self,
        index: Index,
        choice: &dyn ForkChoice,
        sums: impl Fn(Index) -> Sums,
    ) -> Result<Option<Index>, Error> {
        let children = self.children(index);
        let Some((&first, others)) = children.split_first() else {
            return Ok(None);
        };
        let mut best = first;
        let mut best_branch = (!others.is_empty()).then(|| self.as_branch(first, &sums(first)));
        for &other in others {
            let branch = self.as_branch(other, &sums(other));
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
        self.as_branch(index, &self.sums_of(index))
    }

    fn as_branch(&self, index: Index, sums: &Sums) -> Branch {
        Branch {
            hash: self.hash(index),
            nr: self.nr(index),
            first_seen: index.0.into(),
            tip_work: sums.tip_work,
            tip_first_seen: sums.tip_seen.0.into(),
            subtree_work: sums.work,
            subtree_blocks: sums.blocks,
        }
    }

    fn sums_of(&self, index: Index) -> Sums {
        let nr = self.node(index).nr;
        if !self.is_best(index) {
            let head = nr
                .checked_sub(1)
                .and_then(|nr| self.heads.get(&(nr, index)));
            return head.copied().unwrap_or_else(|| self.weigh(index)[&index]);
        }
        // What lies between here and the tip, and all side branches upon it.
        let below = self.parent(index).map(|parent| self.work(parent));
        let tip = self.node(self.tip());
        let mut sums = Sums {
            tip_work: tip.work,
            tip_seen: self.tip(),
            work: tip.work.saturating_sub(below.unwrap_or_default()),
            blocks: u64::from(tip.nr - nr) + 1,
        };
        for (_, head) in self.heads.range((nr, Index::at(0))..) {
            sums.add(head);
        }
        sums
    }

    /// What a block and each above it weighs with all above it.
    fn weigh(&self, root: Index) -> HashMap<Index, Sums> {
        let mut blocks = vec![root];
        let mut next = 0;
        while let Some(&index) = blocks.get(next) {
            blocks.extend(self.upon(index));
            next += 1;
        }
        let mut sums: HashMap<Index, Sums> = blocks
            .iter()
            .map(|&index| (index, self.alone(index)))
            .collect();
        // From above: each is complete when it is counted into its parent.
        for &index in blocks[1..].iter().rev() {
            let own = sums[&index];
            if let Some(parent) = sums.get_mut(&self.node(index).parent) {
                parent.add(&own);
            }
        }
        sums
    }

    /// Makes another branch the best chain; `sums` is what it and each block upon it weigh.
    fn switch(&mut self, fork: Index, joined: Vec<Index>, sums: &HashMap<Index, Sums>) -> Change {
        let fork_nr = self.node(fork).nr;
        let left: Vec<Index> = self.best.from(fork_nr as usize + 1).collect();
        let loser = left.first().map(|&index| (index, self.sums_of(index)));
        // What stands on the chain that loses is in its branch now.
        self.heads.split_off(&(fork_nr + 1, Index::at(0)));
        if let Some(head) = joined.first() {
            self.heads.remove(&(fork_nr, *head));
        }
        if let Some((head, sums)) = loser {
            self.heads.insert((fork_nr, head), sums);
        }
        self.best.truncate(fork_nr as usize + 1);
        for &index in &joined {
            self.best.push(index);
        }
        for &index in &joined {
            let nr = self.node(index).nr;
            for child in self.upon(index).collect::<Vec<_>>() {
                if !self.is_best(child) {
                    self.heads.insert((nr, child), sums[&child]);
                }
            }
        }
        Change::Reorganised { fork, left, joined }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::{Hash, Target};
    use proptest::prelude::*;

    /// Follows the subtree with the most work, so that every sum counts.
    struct Heaviest;

    impl ForkChoice for Heaviest {
        fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
            let place = |branch: &Branch| {
                let Branch {
                    subtree_work,
                    first_seen,
                    ..
                } = *branch;
                (subtree_work, std::cmp::Reverse(first_seen))
            };
            Ok(match place(a) > place(b) {
                true => Preference::A,
                false => Preference::B,
            })
        }
    }

    /// The same tree told by parents and works alone, and reckoned anew for each question.
    #[derive(Default)]
    struct Model {
        parents: Vec<usize>,
        works: Vec<Work>,
    }

    impl Model {
        fn way(&self, mut at: usize) -> Vec<usize> {
            let mut way = vec![at];
            while at > 0 {
                at = self.parents[at];
                way.push(at);
            }
            way.reverse();
            way
        }

        fn work(&self, at: usize) -> Work {
            let add = |sum: Work, &at: &usize| sum.saturating_add(self.works[at]);
            self.way(at).iter().fold(Work::ZERO, add)
        }

        fn branch(&self, tree: &Tree, root: usize) -> Branch {
            let all: Vec<usize> = (0..self.parents.len())
                .filter(|&at| self.way(at).contains(&root))
                .collect();
            let tip_work = all.iter().map(|&at| self.work(at)).max().unwrap();
            let first = all.iter().find(|&&at| self.work(at) == tip_work).unwrap();
            let add = |sum: Work, &at: &usize| sum.saturating_add(self.works[at]);
            Branch {
                hash: tree.hash(Index::at(root)),
                nr: self.way(root).len() as u64 - 1,
                first_seen: root as u64,
                tip_work,
                tip_first_seen: *first as u64,
                subtree_work: all.iter().fold(Work::ZERO, add),
                subtree_blocks: all.len() as u64,
            }
        }

        fn best(&self, tree: &Tree, choice: &dyn ForkChoice) -> Vec<usize> {
            let mut best = vec![0];
            loop {
                let parent = best[best.len() - 1];
                let next = (1..self.parents.len())
                    .filter(|&at| self.parents[at] == parent)
                    .reduce(|a, b| {
                        let (ours, theirs) = (self.branch(tree, a), self.branch(tree, b));
                        match choice.prefer(&ours, &theirs).unwrap() {
                            Preference::A => a,
                            Preference::B => b,
                        }
                    });
                match next {
                    Some(next) => best.push(next),
                    None => return best,
                }
            }
        }
    }

    fn holds(tree: &Tree, model: &Model, choice: &dyn ForkChoice) -> Result<(), TestCaseError> {
        let best = model.best(tree, choice);
        let told: Vec<usize> = tree.best().from(0).map(Index::place).collect();
        prop_assert_eq!(&told, &best);
        for at in 0..model.parents.len() {
            let (index, way) = (Index::at(at), model.way(at));
            prop_assert_eq!(tree.work(index), model.work(at));
            prop_assert_eq!(tree.branch(index), model.branch(tree, at));
            let common = way.iter().zip(&best).take_while(|(a, b)| a == b).count();
            let head = way.get(common).map(|&head| Index::at(head));
            prop_assert_eq!(tree.fork_of(index), (Index::at(way[common - 1]), head));
            let side: Vec<Index> = way[common..].iter().map(|&at| Index::at(at)).collect();
            let fork = Index::at(way[common - 1]);
            prop_assert_eq!(tree.path_to_best(index), (fork, side));
            let heights: Vec<u64> = (0..way.len() as u64).collect();
            let ancestors = tree.ancestors_of(index, &heights);
            let hashes = way.iter().map(|&at| tree.hash(Index::at(at)));
            prop_assert!(ancestors.iter().map(|ancestor| ancestor.hash).eq(hashes));
            // So a block on a bare tip is new.
            prop_assert!(at == 0 || !tree.is_bare_tip(&tree.hash(Index::at(model.parents[at]))));
        }
        Ok(())
    }

    proptest! {
        /// Parents are near the last block, so that branches are long and have branches.
        #[test]
        fn it_is_what_all_blocks_reckoned_anew_are(
            blocks in proptest::collection::vec((0_usize..6, 1_u64..4), 1..48),
            heaviest: bool,
        ) {
            let choice: &dyn ForkChoice = match heaviest {
                true => &Heaviest,
                false => &most_work::MostWork::default(),
            };
            let target = Target::MAX;
            let one = Work::of_target(&target);
            let mut tree = Tree::new(Hash::of("genesis"), 0, target);
            let mut model = Model { parents: vec![0], works: vec![Work::ZERO] };
            for (n, (back, work)) in blocks.into_iter().enumerate() {
                let parent = n.saturating_sub(back);
                let work = (1..work).fold(one, |sum, _| sum.saturating_add(one));
                model.parents.push(parent);
                model.works.push(work);
                let hash = Hash::of(&n.to_string());
                tree.add(Index::at(parent), hash, 0, target, work, choice).unwrap();
                holds(&tree, &model, choice)?;
            }
        }
    }

    #[test]
    fn from_a_long_branch_it_is_few_jumps_to_the_best_chain() {
        let target = Target::MAX;
        let one = Work::of_target(&target);
        let mut tree = Tree::new(Hash::of("genesis"), 0, target);
        let choice = most_work::MostWork::default();
        for n in 0..2_001_u64 {
            let parent = match n {
                // The best chain, and then a branch on the genesis block.
                0..1_001 => tree.tip(),
                1_001 => Index::at(0),
                _ => Index::at(n as usize),
            };
            let hash = Hash::of(&n.to_string());
            tree.add(parent, hash, 0, target, one, &choice).unwrap();
        }
        let (mut at, mut steps) = (Index::at(2_001), 0);
        while tree.nr(at) > 0 {
            at = tree.node(at).jump;
            steps += 1;
        }
        assert!(steps <= 10, "{steps} jumps over 1 000 levels");
        let head = Index::at(1_002);
        assert_eq!(tree.fork_of(Index::at(2_001)), (Index::at(0), Some(head)));
    }
}
