//! [`Chunks`]: a long list that copies of it share.

use std::ops::Index;
use std::sync::Arc;

/// How many items a chunk has: few enough that what two copies do not share is small, and so many
/// that a copy of a long list is short.
const CHUNK: usize = 1_024;

/// A list that grows and is cut at its end.
///
/// * A full chunk never changes, and copies share it: a copy costs a [`CHUNK`]th of the length.
/// * An item takes its own size, and no more when the list grows.
#[derive(Clone, Debug)]
pub(crate) struct Chunks<T> {
    full: Vec<Arc<[T]>>,
    tail: Vec<T>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self {
            full: Vec::new(),
            tail: Vec::new(),
        }
    }
}

impl<T: Copy> Chunks<T> {
    /// The number of items.
    pub(crate) fn len(&self) -> usize {
        self.full.len() * CHUNK + self.tail.len()
    }

    /// The item at a place, if there is one.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<T> {
        match self.full.get(place / CHUNK) {
            Some(chunk) => Some(chunk[place % CHUNK]),
            None => self.tail.get(place - self.full.len() * CHUNK).copied(),
        }
    }

    /// Adds an item at the end.
    pub(crate) fn push(&mut self, item: T) {
        self.tail.push(item);
        if self.tail.len() == CHUNK {
            self.full.push(self.tail.as_slice().into());
            self.tail.clear();
        }
    }

    /// Leaves the first so many items.
    pub(crate) fn truncate(&mut self, length: usize) {
        let whole = length / CHUNK;
        if let Some(cut) = self.full.get(whole) {
            self.tail = cut[..length % CHUNK].to_vec();
            self.full.truncate(whole);
        } else {
            self.tail.truncate(length - self.full.len() * CHUNK);
        }
    }

    /// The items from a place on.
    pub(crate) fn from(&self, place: usize) -> impl Iterator<Item = T> {
        (place..self.len()).map_while(|place| self.get(place))
    }

    /// Becomes a copy of another list of which the first `same` items are its own already.
    pub(crate) fn follow(&mut self, other: &Self, same: usize) {
        self.truncate(same);
        let shared = self.full.len();
        if other.full.len() > shared {
            self.full.extend_from_slice(&other.full[shared..]);
            self.tail.clear();
        }
        self.tail.extend_from_slice(&other.tail[self.tail.len()..]);
    }
}

impl<T> Index<usize> for Chunks<T> {
    type Output = T;

    #[inline]
    fn index(&self, place: usize) -> &T {
        match self.full.get(place / CHUNK) {
            Some(chunk) => &chunk[place % CHUNK],
            None => &self.tail[place - self.full.len() * CHUNK],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_list_and_a_follower_becomes_the_same(
            steps in proptest::collection::vec((0_usize..3_000, 0_usize..3_000), 1..8),
        ) {
            let (mut list, mut chunks, mut follower) =
                (Vec::new(), Chunks::default(), Chunks::default());
            for (n, (cut, grow)) in steps.into_iter().enumerate() {
                let same = list.len().saturating_sub(cut);
                list.truncate(same);
                chunks.truncate(same);
                for item in 0..grow {
                    list.push((n, item));
                    chunks.push((n, item));
                }
                follower.follow(&chunks, same);
                prop_assert_eq!(chunks.len(), list.len());
                prop_assert!(chunks.from(0).eq(list.iter().copied()));
                prop_assert!(follower.from(0).eq(list.iter().copied()));
                prop_assert_eq!(chunks.get(list.len()), None);
            }
        }
    }
}
