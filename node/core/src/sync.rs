//! [`Sync`]: fetching a better chain: the fork is sought, then pages are taken upward.

use std::collections::{BTreeMap, VecDeque};

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{PeerId, Tip};
use plugcoin_sdk::ledger::{Block, Hash};

use crate::limits::{PAGE_LEVELS, PAGES_MAX, PAGES_PER_PEER_MAX};
use crate::node::staging::Staged;

/// A sync under way.
#[derive(Debug)]
pub(crate) struct Sync {
    pub(crate) target: Tip,
    /// Peers that have the target.
    pub(crate) sources: Vec<PeerId>,
    pub(crate) phase: Phase,
    /// When it last brought something that was not known.
    pub(crate) progress_us: i64,
}

/// What a peer sent as a block; why, if it is none.
pub(crate) type Read = Result<Block, Invalid>;

/// How far a sync is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// One block of the peer's best chain is asked for, ever further down.
    Seek {
        /// The height asked for.
        nr: u64,
        /// How far down the next step goes.
        step: u64,
    },
    /// A branch that leaves far down is weighed first.
    Stage(Staged),
    /// Pages are fetched.
    Pages(Pages),
}

/// Pages by the heights that they begin at.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The ranges that nobody is asked for: their lengths by the heights that they begin at. The
    /// lowest goes first, since everything that arrived waits for it.
    todo: BTreeMap<u64, u64>,
    /// The first height behind all ranges so far.
    frontier: u64,
    /// The next height to be taken in.
    pub(crate) next: u64,
    in_flight: BTreeMap<u64, (PeerId, u64)>,
    arrived: BTreeMap<u64, (PeerId, Vec<Read>)>,
    /// The hashes of the first blocks, if the branch was weighed before.
    expected: VecDeque<Hash>,
}

impl Pages {
    pub(crate) fn from(nr: u64) -> Self {
        Self {
            todo: BTreeMap::new(),
            frontier: nr,
            next: nr,
            in_flight: BTreeMap::new(),
            arrived: BTreeMap::new(),
            expected: VecDeque::new(),
        }
    }

    /// The same, where the first blocks must be those that were weighed.
    pub(crate) fn expecting(mut self, expected: VecDeque<Hash>) -> Self {
        self.expected = expected;
        self
    }

    /// Whether a block may come next, and whether it was weighed as part of a winning branch.
    pub(crate) fn expects(&mut self, hash: &Hash) -> Expected {
        match self.expected.pop_front() {
            None => Expected::Any,
            Some(expected) if expected == *hash => Expected::Weighed,
            Some(_) => Expected::Other,
        }
    }

    /// The next range to ask this peer for, if there is room for one.
    pub(crate) fn ask(&mut self, peer: PeerId, target_nr: u64) -> Option<(u64, u64)> {
        let mine = self
            .in_flight
            .values()
            .filter(|(asked, _)| *asked == peer)
            .count();
        if mine >= PAGES_PER_PEER_MAX || self.in_flight.len() + self.arrived.len() >= PAGES_MAX {
            return None;
        }
        let range = self.todo.pop_first().or_else(|| {
            let limit = PAGE_LEVELS.min(target_nr.saturating_add(1).saturating_sub(self.frontier));
            (limit > 0).then(|| {
                let nr = self.frontier;
                self.frontier += limit;
                (nr, limit)
            })
        })?;
        self.in_flight.insert(range.0, (peer, range.1));
        Some(range)
    }

    /// A page came; a rest that it lacks is asked for again, and none at all was no answer.
    ///
    /// * What it has too much belongs to the pages after it, which are asked for already.
    /// * A page that this peer is not asked for is the answer of a sync that is over: it is left,
    ///   since whoever is asked for it now would have to answer for it.
    pub(crate) fn arrive(&mut self, peer: PeerId, nr: u64, mut blocks: Vec<Read>) -> bool {
        let Some(limit) = self.answered(peer, nr) else {
            return true;
        };
        blocks.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let got = blocks.len() as u64;
        if got < limit {
            self.todo.insert(nr + got, limit - got);
        }
        if got == 0 {
            return false;
        }
        self.arrived.insert(nr, (peer, blocks));
        true
    }

    /// A page didn't come.
    pub(crate) fn fail(&mut self, peer: PeerId, nr: u64) {
        if let Some(limit) = self.answered(peer, nr) {
            self.todo.insert(nr, limit);
        }
    }

    /// Ends the waiting for a page, if this peer is asked for it: how many levels it was to have.
    fn answered(&mut self, peer: PeerId, nr: u64) -> Option<u64> {
        let (asked, limit) = *self.in_flight.get(&nr)?;
        if asked != peer {
            return None;
        }
        self.in_flight.remove(&nr);
        Some(limit)
    }

    /// The page that comes next, if it is here: its source, its first height and its blocks.
    pub(crate) fn take(&mut self) -> Option<(PeerId, u64, Vec<Read>)> {
        let nr = self.next;
        let (peer, blocks) = self.arrived.remove(&nr)?;
        self.next += blocks.len() as u64;
        Some((peer, nr, blocks))
    }
}

/// What a page's block is to a branch that was weighed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Nothing was weighed at its height.
    Any,
    /// It is the block that was weighed.
    Weighed,
    /// Another block was weighed.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::genesis;

    const FIRST: PeerId = PeerId(1);
    const SECOND: PeerId = PeerId(2);

    #[test]
    fn what_everything_waits_for_is_asked_for_before_anything_above_it() {
        let (length, target_nr) = (PAGE_LEVELS, 100_000);
        let blocks = |count: u64| vec![Ok(genesis()); count as usize];
        let mut pages = Pages::from(1);
        let mut turns = [FIRST, SECOND].into_iter().cycle();
        let mut asked = Vec::new();
        while let Some((nr, limit)) = turns.next().and_then(|peer| pages.ask(peer, target_nr)) {
            assert_eq!((nr, limit), (1 + asked.len() as u64 * length, length));
            asked.push(nr);
        }
        assert_eq!(asked.len(), PAGES_MAX);
        // The lowest page fails while the other source is busy, and a higher one comes in part:
        // the rest of that must not take the last place.
        let [first, second, ..] = asked[..] else {
            panic!("two sources have a page each")
        };
        pages.fail(FIRST, first);
        assert_eq!(pages.ask(SECOND, target_nr), None);
        assert!(pages.arrive(SECOND, second, blocks(length / 2)));
        assert_eq!(pages.ask(SECOND, target_nr), Some((first, length)));
        for (&nr, peer) in asked[2..].iter().zip([FIRST, SECOND].into_iter().cycle()) {
            assert!(pages.arrive(peer, nr, blocks(length)));
        }
        assert_eq!(pages.ask(SECOND, target_nr), None, "all places are taken");
        assert!(pages.arrive(SECOND, first, blocks(length)));
        assert_eq!(pages.take().map(|(_, nr, _)| nr), Some(first));
    }

    #[test]
    fn a_page_counts_for_whoever_is_asked_for_it_alone() {
        let mut pages = Pages::from(1);
        let (nr, length) = pages.ask(SECOND, 100_000).unwrap();
        assert!(pages.arrive(
            FIRST,
            nr,
            vec![Err(Invalid::new("form", "of an earlier sync"))]
        ));
        pages.fail(FIRST, nr);
        assert_eq!(pages.take(), None);
        let blocks = vec![Ok(genesis()); length as usize];
        assert!(pages.arrive(SECOND, nr, blocks.clone()));
        assert_eq!(pages.take(), Some((SECOND, nr, blocks)));
    }
}
