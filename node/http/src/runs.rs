//! [`Runs`]: parts of pages that lie ready, since many nodes ask for the same ones.

use axum::body::Bytes;
use plugcoin_sdk::ledger::Hash;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::limits::{RUN_BYTES_MAX, RUNS_BYTES_MAX};

/// What was read for neighbouring blocks of some chain, as the wire has it, by the first and the last
/// hash that were asked for: runs, of which pages are made, and whole pages.
///
/// * Nothing in it can grow old: the last block's hash commits to all before it and to every byte.
/// * When half of its room is taken up by newer ones, what was not asked for since goes.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Ends, Run>,
    young_bytes: usize,
    old: HashMap<Ends, Run>,
}

/// What lies ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// Levels between commas, the first of which has one before it.
    Run,
    /// A whole answer.
    Page,
}

type Ends = (Part, Hash, Hash);

/// The text of the first of the blocks that were asked for, and how many it has.
pub(crate) type Run = (Bytes, usize);

impl Runs {
    /// What was read when these blocks were asked for.
    pub(crate) fn find(&self, part: Part, asked: &[Hash]) -> Option<Run> {
        let ends = ends(part, asked)?;
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.young.get(&ends) {
            return Some(run.clone());
        }
        let run = runs.old.remove(&ends)?;
        runs.add(ends, run.clone());
        Some(run)
    }

    /// Keeps what was read when these blocks were asked for, if it is not too long.
    pub(crate) fn keep(&self, part: Part, asked: &[Hash], run: Run) {
        if let Some(ends) = ends(part, asked)
            && run.0.len() <= RUN_BYTES_MAX
        {
            let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            runs.add(ends, run);
        }
    }
}

fn ends(part: Part, asked: &[Hash]) -> Option<Ends> {
    Some((part, *asked.first()?, *asked.last()?))
}

impl Generations {
    fn add(&mut self, ends: Ends, run: Run) {
        if self.young_bytes + run.0.len() > RUNS_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += run.0.len();
        if let Some((before, _)) = self.young.insert(ends, run) {
            self.young_bytes -= before.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(names: &[&str]) -> Vec<Hash> {
        names.iter().map(|name| Hash::of(name)).collect()
    }

    #[test]
    fn a_run_is_found_by_what_was_asked_for() {
        let runs = Runs::default();
        let run = (Bytes::from_static(b"ab"), 2);
        runs.keep(Part::Run, &hashes(&["a", "b", "c"]), run.clone());
        assert_eq!(runs.find(Part::Run, &hashes(&["a", "b", "c"])), Some(run));
        for others in [&["a", "b"][..], &["b", "c"], &["a", "b", "other"], &[]] {
            assert_eq!(runs.find(Part::Run, &hashes(others)), None);
        }
        assert_eq!(runs.find(Part::Page, &hashes(&["a", "b", "c"])), None);
    }

    #[test]
    fn its_bytes_are_bounded_and_what_is_asked_for_stays() {
        let runs = Runs::default();
        let bytes = Bytes::from(vec![0; RUN_BYTES_MAX]);
        let many = 4 * RUNS_BYTES_MAX / RUN_BYTES_MAX;
        for n in 0..many {
            runs.keep(Part::Run, &[Hash::of(&n.to_string())], (bytes.clone(), 1));
            assert!(runs.find(Part::Run, &[Hash::of("0")]).is_some(), "{n}");
            let held = runs.0.lock().unwrap();
            let held = held.young.values().chain(held.old.values());
            assert!(held.map(|run| run.0.len()).sum::<usize>() <= RUNS_BYTES_MAX);
        }
        assert!(runs.find(Part::Run, &[Hash::of("1")]).is_none());
        let long = Bytes::from(vec![0; RUN_BYTES_MAX + 1]);
        runs.keep(Part::Run, &[Hash::of("long")], (long, 1));
        assert!(runs.find(Part::Run, &[Hash::of("long")]).is_none());
    }
}
