//! [`Candidates`]: addresses that others named and nobody has tried yet.

use std::collections::VecDeque;

use plugcoin_sdk::ledger::Address;

use super::Source;
use crate::limits::CANDIDATES_MAX;

/// A queue for each that named some; they are tried in turns.
///
/// * So who names a thousand keeps out nobody that another named, nor for long.
/// * With too many, the longest queue loses its last.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    queues: VecDeque<(Source, VecDeque<Address>)>,
    count: usize,
}

impl Candidates {
    pub(super) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    pub(super) fn add(&mut self, address: Address, named_by: Source) {
        if self
            .queues
            .iter()
            .any(|(_, queue)| queue.contains(&address))
        {
            return;
        }
        let own = self.queues.iter().position(|(by, _)| *by == named_by);
        let own_length = own.map_or(0, |own| self.queues[own].1.len());
        if self.count >= CANDIDATES_MAX {
            let longest = self.queues.iter_mut().map(|(_, queue)| queue);
            match longest.max_by_key(|queue| queue.len()) {
                Some(longest) if longest.len() > own_length + 1 => drop(longest.pop_back()),
                _ => return,
            }
            self.count -= 1;
        }
        self.count += 1;
        match own {
            Some(own) => self.queues[own].1.push_back(address),
            None => self.queues.push_back((named_by, [address].into())),
        }
    }

    /// The next one to try: of whoever's turn it is, the one named first.
    pub(super) fn next(&mut self) -> Option<Address> {
        let (by, mut queue) = self.queues.pop_front()?;
        let address = queue.pop_front();
        self.count -= usize::from(address.is_some());
        if !queue.is_empty() {
            self.queues.push_back((by, queue));
        }
        address
    }

    pub(super) fn remove(&mut self, address: &Address) {
        for (_, queue) in &mut self.queues {
            let before = queue.len();
            queue.retain(|candidate| candidate != address);
            self.count -= before - queue.len();
        }
        self.queues.retain(|(_, queue)| !queue.is_empty());
    }
}
