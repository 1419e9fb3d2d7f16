//! [`Runs`]: blocks and parts of pages that lie ready, since many nodes ask for the same ones.

use axum::body::Bytes;
use plugcoin_sdk::ledger::Hash;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::limits::READY_ENTRY_BYTES;

/// What was read for neighbouring blocks of some chain, as the wire has it, by the first and the last
/// hash that were asked for: single blocks, runs, of which pages are made, and whole pages.
///
/// * Nothing in it can grow old: the last block's hash commits to all before it and to every byte, and what
///   may be told once may be told for ever.
/// * When half of its room is taken up by newer ones, what was not asked for since goes.
/// * What alone would take up more than an eighth of its room is not kept.
#[derive(Debug)]
pub(crate) struct Runs {
    bytes_max: usize,
    held: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Ends, Run>,
    young_bytes: usize,
    old: HashMap<Ends, Run>,
}

/// What lies ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// A block alone.
    Block,
    /// Levels between commas, the first of which has one before it.
    Run,
    /// A whole answer.
    Page,
}

type Ends = (Part, Hash, Hash);

/// The text of the first of the blocks that were asked for, and how many it has.
pub(crate) type Run = (Bytes, usize);

impl Runs {
    /// Room for so many bytes, with what the entries themselves take.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            held: Mutex::default(),
        }
    }

    /// Whether a run of so many bytes is kept.
    pub(crate) fn keeps(&self, bytes: usize) -> bool {
        bytes <= self.bytes_max / 8
    }

    /// What was read when these blocks were asked for.
    pub(crate) fn find(&self, part: Part, asked: &[Hash]) -> Option<Run> {
        let ends = ends(part, asked)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = held.young.get(&ends) {
            return Some(run.clone());
        }
        let run = held.old.remove(&ends)?;
        let gone = held.add(self.bytes_max, ends, run.clone());
        drop(held);
        drop(gone);
        Some(run)
    }

    /// Keeps what was read when these blocks were asked for, if it is not too long.
    pub(crate) fn keep(&self, part: Part, asked: &[Hash], run: Run) {
        if let Some(ends) = ends(part, asked)
            && self.keeps(run.0.len())
        {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = held.add(self.bytes_max, ends, run);
            drop(held);
            drop(gone);
        }
    }
}

fn ends(part: Part, asked: &[Hash]) -> Option<Ends> {
    Some((part, *asked.first()?, *asked.last()?))
}

fn entry_bytes((bytes, _): &Run) -> usize {
    bytes.len() + READY_ENTRY_BYTES
}

impl Generations {
    /// Adds what lies ready from now on; what goes for it comes back, since to free thousands takes a while, and
    /// others wait for the lock.
    fn add(&mut self, bytes_max: usize, ends: Ends, run: Run) -> HashMap<Ends, Run> {
        let mut gone = HashMap::new();
        if self.young_bytes + entry_bytes(&run) > bytes_max / 2 {
            gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            self.young_bytes = 0;
        }
        self.young_bytes += entry_bytes(&run);
        if let Some(before) = self.young.insert(ends, run) {
            self.young_bytes -= entry_bytes(&before);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 64 << 10;

    fn hashes(names: &[&str]) -> Vec<Hash> {
        names.iter().map(|name| Hash::of(name)).collect()
    }

    #[test]
    fn a_run_is_found_by_what_was_asked_for() {
        let runs = Runs::new(ROOM);
        let run = (Bytes::from_static(b"ab"), 2);
        runs.keep(Part::Run, &hashes(&["a", "b", "c"]), run.clone());
        assert_eq!(runs.find(Part::Run, &hashes(&["a", "b", "c"])), Some(run));
        for others in [&["a", "b"][..], &["b", "c"], &["a", "b", "other"], &[]] {
            assert_eq!(runs.find(Part::Run, &hashes(others)), None);
        }
        for part in [Part::Page, Part::Block] {
            assert_eq!(runs.find(part, &hashes(&["a", "b", "c"])), None);
        }
    }

    #[test]
    fn its_bytes_are_bounded_and_what_is_asked_for_stays() {
        for length in [0, 1_000, ROOM / 8] {
            let runs = Runs::new(ROOM);
            let bytes = Bytes::from(vec![0; length]);
            for n in 0..4 * ROOM / READY_ENTRY_BYTES {
                runs.keep(Part::Block, &[Hash::of(&n.to_string())], (bytes.clone(), 1));
                assert!(runs.find(Part::Block, &[Hash::of("0")]).is_some(), "{n}");
                let held = runs.held.lock().unwrap();
                let held = held.young.values().chain(held.old.values());
                assert!(held.map(entry_bytes).sum::<usize>() <= ROOM);
            }
            assert!(runs.find(Part::Block, &[Hash::of("1")]).is_none());
        }
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let runs = Runs::new(ROOM);
        let long = Bytes::from(vec![0; ROOM / 8 + 1]);
        runs.keep(Part::Run, &[Hash::of("long")], (long, 1));
        assert!(runs.find(Part::Run, &[Hash::of("long")]).is_none());
    }
}
