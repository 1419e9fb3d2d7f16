//! Weighing a branch that leaves the best chain too far down to be kept before it wins.
//!
//! Its blocks are fetched once to check their seals alone, and only their hashes are remembered;
//! when the branch would win they are fetched again, judged wholly and kept. So nobody can fill the
//! disk with a branch that is long and light (the idea is that of Bitcoin Core's header pre-sync).

use plugcoin_sdk::hooks::{Ancestor, Branch, PeerId, PeerRequest, Preference, Wants};
use plugcoin_sdk::ledger::{Block, Hash, Header, Work};
use plugcoin_sdk::{Error, Invalid};

use super::Node;
use super::network::Why;
use crate::chain::Index;
use crate::limits::{PAGE_LEVELS, STAGED_LEVELS_MAX};
use crate::rules::Halt;
use crate::step::Step;
use crate::sync::{Pages, Phase, Sync};

/// A branch that is being weighed.
#[derive(Debug)]
pub(crate) struct Staged {
    /// The block of the tree on which it stands.
    root: Index,
    root_nr: u64,
    /// Its blocks so far, the lowest first.
    blocks: Vec<Ancestor>,
    /// The header of the highest.
    last: Header,
    /// The only peer that is asked: another may have another branch.
    pub(crate) source: PeerId,
}

impl Staged {
    /// The next height to be fetched.
    fn next(&self) -> u64 {
        self.root_nr + 1 + self.blocks.len() as u64
    }
}

impl Node {
    /// Begins to weigh the branch on `root`.
    pub(super) fn begin_staging(
        &mut self,
        root: Index,
        source: PeerId,
        step: &mut Step,
    ) -> Result<(), Error> {
        let last = self.body(root)?.header().clone();
        let root_nr = self.tree.nr(root);
        let staged = Staged {
            root,
            root_nr,
            blocks: Vec::new(),
            last,
            source,
        };
        if let Some(sync) = &mut self.sync {
            sync.phase = Phase::Stage(staged);
        }
        self.call_staged(source, root_nr + 1, step);
        Ok(())
    }

    fn call_staged(&mut self, source: PeerId, nr: u64, step: &mut Step) {
        self.call(
            source,
            PeerRequest::Page {
                nr,
                limit: PAGE_LEVELS,
            },
            Why::Stage(nr),
            step,
        );
    }

    /// A page of the branch came.
    pub(super) fn staged_came(
        &mut self,
        now_us: i64,
        peer: PeerId,
        nr: u64,
        blocks: Vec<Result<Block, Invalid>>,
        step: &mut Step,
    ) -> Result<(), Halt> {
        let Some(Sync {
            phase: Phase::Stage(_),
            ..
        }) = &self.sync
        else {
            return Ok(());
        };
        let Some(Sync {
            phase: Phase::Stage(mut staged),
            target,
            sources,
            progress_us,
        }) = self.sync.take()
        else {
            return Ok(());
        };
        if staged.next() != nr || staged.source != peer {
            self.sync = Some(Sync {
                phase: Phase::Stage(staged),
                target,
                sources,
                progress_us,
            });
            return Ok(());
        }
        let came = !blocks.is_empty();
        let mut fault = None;
        for block in blocks {
            let weighed = block
                .map_err(Halt::from)
                .and_then(|block| self.weigh(&mut staged, &block));
            match weighed {
                Ok(()) => {}
                Err(Halt::Invalid(reason)) => {
                    fault = Some(reason);
                    break;
                }
                Err(halt) => return Err(halt),
            }
        }
        let wins = self.would_win(&staged)?;
        self.rules.judging.set(None);
        let next = staged.next();
        let too_long = staged.blocks.len() >= STAGED_LEVELS_MAX;
        let root_nr = staged.root_nr;
        let phase = if wins && fault.is_none() {
            let expected = staged.blocks.iter().map(|block| block.hash).collect();
            Phase::Pages(Pages::from(root_nr + 1).expecting(expected))
        } else {
            Phase::Stage(staged)
        };
        self.sync = Some(Sync {
            phase,
            target,
            sources,
            progress_us: now_us,
        });
        if let Some(reason) = fault {
            self.blame(now_us, peer, reason, step);
            self.source_failed(peer, None, step);
            self.end_sync(Some("a peer's chain does not hold"), step);
        } else if wins {
        } else if !came || next > target.nr || too_long {
            self.source_failed(peer, None, step);
            self.end_sync(Some("the branch leaves far down, and does not win"), step);
        } else {
            self.call_staged(peer, next, step);
        }
        Ok(())
    }

    /// Checks one block's hash, place and seal, and adds its work.
    fn weigh(&self, staged: &mut Staged, block: &Block) -> Result<(), Halt> {
        let header = block.header();
        let nr = staged.next();
        if header.nr != nr || header.previous_hash != Some(staged.last.hash) {
            return Err(
                Invalid::new("parent", "the page's blocks do not stand on one another")
                    .observed(header.hash)
                    .required(format_args!("a child of {}", staged.last.hash))
                    .into(),
            );
        }
        let computed = block.computed_hash();
        if computed != header.hash {
            return Err(
                Invalid::new("hash", "the block's hash is not the hash of its text")
                    .observed(header.hash)
                    .required(computed)
                    .into(),
            );
        }
        self.check_poison(header.hash, block.transactions())?;
        let difficulty = &self.rules.hooks.difficulty.at(nr).hook;
        let wants = difficulty.wants(nr)?;
        let target = difficulty.target(nr, &self.staged_ancestors(staged, nr, &wants))?;
        self.rules.check_seal(header, Some(&staged.last), &target)?;
        let below = match staged.blocks.last() {
            Some(block) => block.work,
            None => self.tree.work(staged.root),
        };
        staged.blocks.push(Ancestor {
            nr,
            hash: header.hash,
            time_us: header.timestamp.us(),
            target,
            work: below.saturating_add(self.rules.work(nr, &target)?),
        });
        staged.last = header.clone();
        Ok(())
    }

    /// What a difficulty rule wants to see beneath a staged block: some in the tree, some staged.
    fn staged_ancestors(&self, staged: &Staged, nr: u64, wants: &Wants) -> Vec<Ancestor> {
        let heights: Vec<u64> = match wants {
            Wants::Nothing => return Vec::new(),
            Wants::Parent => vec![nr - 1],
            Wants::Last(count) => (nr.saturating_sub(*count)..nr).collect(),
            Wants::At(heights) => heights.iter().copied().filter(|&at| at < nr).collect(),
        };
        let (low, high): (Vec<u64>, Vec<u64>) =
            heights.into_iter().partition(|&at| at <= staged.root_nr);
        let mut ancestors = self.tree.ancestors_of(staged.root, &low);
        let above = high
            .iter()
            .filter_map(|at| staged.blocks.get((at - staged.root_nr - 1) as usize));
        ancestors.extend(above.copied());
        ancestors.sort_by_key(|ancestor| ancestor.nr);
        ancestors.dedup_by_key(|ancestor| ancestor.nr);
        ancestors
    }

    /// Whether fork choice would follow the staged branch rather than the best chain.
    fn would_win(&self, staged: &Staged) -> Result<bool, Error> {
        let (Some(first), Some(last)) = (staged.blocks.first(), staged.blocks.last()) else {
            return Ok(false);
        };
        let (fork, head) = self.tree.fork_of(staged.root);
        let Some(ours) = self.tree.best_at(self.tree.nr(fork) + 1) else {
            return Ok(true);
        };
        // The siblings are the best chain's block and the lowest of the other branch.
        let (hash, nr): (Hash, u64) = match head {
            Some(index) => (self.tree.hash(index), self.tree.nr(index)),
            None => (first.hash, first.nr),
        };
        let below: Work = self.tree.work(fork);
        let theirs = Branch {
            hash,
            nr,
            first_seen: u64::MAX,
            tip_work: last.work,
            tip_first_seen: u64::MAX,
            subtree_work: last.work.saturating_sub(below),
            subtree_blocks: last.nr - self.tree.nr(fork),
        };
        let choice = &self.rules.hooks.fork_choice.hook;
        Ok(choice.prefer(&self.tree.branch(ours), &theirs)? == Preference::B)
    }
}
