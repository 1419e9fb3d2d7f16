//! [`Runs`]: parts of pages that lie ready, since many nodes ask for the same ones.

use axum::body::Bytes;
use plugcoin_sdk::ledger::Hash;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::limits::{RUN_BYTES_MAX, RUNS_BYTES_MAX};

/// Neighbouring blocks of some chain as the wire has them, by the first one's hash.
///
/// * Nothing in it can grow old: the last block's hash commits to all before it and to every byte,
///   so whoever has the same first and last block has the same run.
/// * When half of its room is taken up by newer ones, what was not asked for since goes.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Hash, Run>,
    young_bytes: usize,
    old: HashMap<Hash, Run>,
}

#[derive(Clone, Debug)]
struct Run {
    last: Hash,
    blocks: usize,
    bytes: Bytes,
}

impl Runs {
    /// The run at the beginning of these blocks, and how many of them it has.
    pub(crate) fn find(&self, blocks: &[Hash]) -> Option<(Bytes, usize)> {
        let first = blocks.first()?;
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |run: &Run| blocks.get(run.blocks - 1) == Some(&run.last);
        if let Some(run) = runs.young.get(first) {
            return fits(run).then(|| (run.bytes.clone(), run.blocks));
        }
        let run = runs.old.get(first).filter(|run| fits(run))?.clone();
        let found = (run.bytes.clone(), run.blocks);
        runs.add(*first, run);
        Some(found)
    }

    /// Keeps the text of these blocks, if it is not too long.
    pub(crate) fn keep(&self, blocks: &[Hash], bytes: &Bytes) {
        if let (Some(&first), Some(&last)) = (blocks.first(), blocks.last())
            && bytes.len() <= RUN_BYTES_MAX
        {
            let run = Run {
                last,
                blocks: blocks.len(),
                bytes: bytes.clone(),
            };
            let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            runs.add(first, run);
        }
    }
}

impl Generations {
    fn add(&mut self, first: Hash, run: Run) {
        if self.young_bytes + run.bytes.len() > RUNS_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += run.bytes.len();
        if let Some(before) = self.young.insert(first, run) {
            self.young_bytes -= before.bytes.len();
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
    fn a_run_is_found_by_its_first_and_last_block_alone() {
        let runs = Runs::default();
        let run = Bytes::from_static(b"abc");
        runs.keep(&hashes(&["a", "b", "c"]), &run);
        let found = Some((run.clone(), 3));
        assert_eq!(runs.find(&hashes(&["a", "b", "c"])), found);
        assert_eq!(runs.find(&hashes(&["a", "b", "c", "d"])), found);
        assert_eq!(runs.find(&hashes(&["a", "b", "other"])), None);
        assert_eq!(runs.find(&hashes(&["a", "b"])), None);
        assert_eq!(runs.find(&hashes(&["b", "c"])), None);
        assert_eq!(runs.find(&[]), None);
        let shorter = Bytes::from_static(b"ab");
        runs.keep(&hashes(&["a", "b"]), &shorter);
        assert_eq!(runs.find(&hashes(&["a", "b", "c"])), Some((shorter, 2)));
    }

    #[test]
    fn its_bytes_are_bounded_and_what_is_asked_for_stays() {
        let runs = Runs::default();
        let bytes = Bytes::from(vec![0; RUN_BYTES_MAX]);
        let many = 4 * RUNS_BYTES_MAX / RUN_BYTES_MAX;
        for n in 0..many {
            runs.keep(&[Hash::of(&n.to_string())], &bytes);
            assert!(runs.find(&[Hash::of("0")]).is_some(), "{n}");
            let held = runs.0.lock().unwrap();
            let held = held.young.values().chain(held.old.values());
            assert!(held.map(|run| run.bytes.len()).sum::<usize>() <= RUNS_BYTES_MAX);
        }
        assert!(runs.find(&[Hash::of("1")]).is_none());
        runs.keep(
            &[Hash::of("long")],
            &Bytes::from(vec![0; RUN_BYTES_MAX + 1]),
        );
        assert!(runs.find(&[Hash::of("long")]).is_none());
    }
}
