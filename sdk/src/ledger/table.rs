//! [`Table`]: rows by hash, in their order; it grows in small steps, and nothing in it moves.

use std::sync::Arc;

use super::slots::Slots;
use super::{Drawn, Hash, Key};

/// How many rows lie together.
const CHUNK_ROWS: usize = 1_024;

/// From how many rows on the positions are in many shards, so that small tables stay small.
const SHARD_ROWS_MIN: usize = 8_192;

/// How many shards there are then. Each grows on its own, in some microseconds.
const SHARDS: usize = 256;

/// Small values by hash, one row each, in the order in which they came.
///
/// * A row costs its own size and at most 12 bytes, also right after the table has grown; to grow it need not
///   look at the rows.
/// * [`rows`](Self::rows) costs no copy of the rows; a chunk of them is copied when it changes later.
/// * Whoever chooses the hashes can't make it slow: where they lie is [`Drawn`] in each process.
#[derive(Clone, Debug)]
pub struct Table<V> {
    rows: Rows<(Hash, V)>,
    positions: Positions,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            positions: Positions::default(),
        }
    }
}

impl<V: Copy> Table<V> {
    /// The table of these rows, made faster than by a [`push`](Self::push) of each.
    ///
    /// * Their hashes are all different.
    pub fn of(rows: impl Iterator<Item = (Hash, V)>) -> Self {
        let mut all = Rows::default();
        rows.for_each(|row| all.push(row));
        let positions = Positions::of(all.len(), |at| all.get(at).0);
        Self {
            rows: all,
            positions,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A hash's value.
    pub fn get(&self, hash: &Hash) -> Option<&V> {
        Some(&self.rows.get(self.find(hash)?).1)
    }

    /// Reads where the position of a hash of this [key](Drawn::key) would lie, so that the processor has it near at
    /// hand afterwards.
    ///
    /// * Nothing waits for it: called for several keys in a row, with nothing to compute in between, it has all of
    ///   them fetched at once.
    #[inline]
    pub fn touch(&self, key: Key) {
        self.positions.touch(key);
    }

    /// The values of several hashes, in the order asked for.
    ///
    /// * Hashes whose rows are neighbours cost little: the row behind the one found last is looked at first.
    pub fn get_all<'a>(
        &self,
        hashes: &'a [Hash],
    ) -> impl Iterator<Item = Option<&V>> + use<'_, 'a, V> {
        let mut next = 0;
        hashes.iter().map(move |hash| {
            let is_next = (next as usize) < self.len() && self.rows.get(next).0 == *hash;
            let at = match is_next {
                true => next,
                false => self.find(hash)?,
            };
            next = at + 1;
            Some(&self.rows.get(at).1)
        })
    }

    fn find(&self, hash: &Hash) -> Option<u32> {
        let (count, hash_at) = (self.len(), |at| self.rows.get(at).0);
        self.positions.find_among(count, hash, hash_at)
    }

    /// Puts a row at the end, or a new value into the row that there is.
    pub fn insert(&mut self, hash: Hash, value: V) {
        self.settle();
        let rows = &self.rows;
        match self.positions.find_or_push(&hash, |at| rows.get(at).0) {
            Some(at) => self.rows.get_mut(at).1 = value,
            None => self.rows.push((hash, value)),
        }
    }

    /// Puts a row at the end.
    ///
    /// * There is no row of this hash yet.
    pub fn push(&mut self, hash: Hash, value: V) {
        self.settle();
        self.positions.push(&hash, |at| self.rows.get(at).0);
        self.rows.push((hash, value));
    }

    /// Puts a row at the end that has no position before [`settle`](Self::settle): many rows one after the
    /// other cost less than by [`push`](Self::push).
    ///
    /// * Until then it is found by looking at all such rows.
    /// * There is no row of this hash yet.
    pub fn push_later(&mut self, hash: Hash, value: V) {
        self.rows.push((hash, value));
    }

    /// Whether every row has its position.
    pub fn is_settled(&self) -> bool {
        self.positions.len() == self.rows.len()
    }

    /// Every row has its position from now on.
    pub fn settle(&mut self) {
        let rows = &self.rows;
        self.positions.settle(rows.len(), |at| rows.get(at).0);
    }

    /// Takes a row out; the last row gets its position.
    pub fn remove(&mut self, hash: &Hash) -> Option<V> {
        self.settle();
        let at = self.positions.remove(hash, |at| self.rows.get(at).0)?;
        let last = self.rows.pop()?;
        if at as usize == self.rows.len() {
            return Some(last.1);
        }
        Some(std::mem::replace(self.rows.get_mut(at), last).1)
    }

    /// The rows as they are now.
    pub fn rows(&self) -> Rows<(Hash, V)> {
        self.rows.clone()
    }
}

/// A long list; copies of it share what did not change since, but for a few items at the end.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    full: Vec<Arc<[T]>>,
    /// Less than a chunk, and nobody else's: putting an item at the end asks nobody.
    tail: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            full: Vec::new(),
            tail: Vec::new(),
        }
    }
}

impl<T> Rows<T> {
    /// The number of items.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK_ROWS + self.tail.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let full = self.full.iter().flat_map(|chunk| chunk.iter());
        full.chain(&self.tail)
    }

    /// The item at a position, which there must be.
    #[inline]
    pub fn get(&self, position: u32) -> &T {
        let position = position as usize;
        let chunk = self.full.get(position / CHUNK_ROWS);
        &chunk.map_or(&*self.tail, |chunk| &**chunk)[position % CHUNK_ROWS]
    }
}

impl<T: Copy> Rows<T> {
    /// The items in their order, of a list that is not needed any more.
    pub fn into_items(self) -> impl Iterator<Item = T> {
        let copied = |chunk: Arc<[T]>| (0..chunk.len()).map(move |at| chunk[at]);
        self.full.into_iter().flat_map(copied).chain(self.tail)
    }

    /// The item at a position, which there must be, to be changed.
    pub fn get_mut(&mut self, position: u32) -> &mut T {
        let position = position as usize;
        let chunk = match self.full.get_mut(position / CHUNK_ROWS) {
            Some(chunk) => Arc::make_mut(chunk),
            None => &mut *self.tail,
        };
        &mut chunk[position % CHUNK_ROWS]
    }

    /// Puts an item at the end.
    pub fn push(&mut self, item: T) {
        self.tail.push(item);
        if self.tail.len() == CHUNK_ROWS {
            self.full.push(self.tail.as_slice().into());
            self.tail.clear();
        }
    }

    /// Takes the last item away.
    pub fn pop(&mut self) -> Option<T> {
        if self.tail.is_empty()
            && let Some(last) = self.full.pop()
        {
            self.tail.extend_from_slice(&last);
        }
        self.tail.pop()
    }
}

/// At which position of a list each hash is, for a list that is kept elsewhere.
///
/// * `hash_at` gives the hash at a position of that list.
#[derive(Clone, Debug)]
pub struct Positions {
    shards: Vec<Slots>,
    count: u32,
}

impl Default for Positions {
    fn default() -> Self {
        Self {
            shards: vec![Slots::default()],
            count: 0,
        }
    }
}

impl Positions {
    /// The positions of so many hashes, all of which are different.
    ///
    /// * One shard after the other is filled, so that each stays in the cache meanwhile. It takes 16 bytes a
    ///   hash as long as it lasts.
    pub fn of(count: usize, hash_at: impl Fn(u32) -> Hash) -> Self {
        let mut positions = Self::default();
        if count >= SHARD_ROWS_MIN {
            positions.shards = shards_for(0);
        }
        let keys: Vec<u64> = (0..count)
            .map(|at| Drawn::key(&hash_at(at as u32)).bits())
            .collect();
        let mut ends = vec![0; positions.shards.len() + 1];
        for key in &keys {
            ends[positions.shard(*key) + 1] += 1;
        }
        for shard in 1..ends.len() {
            ends[shard] += ends[shard - 1];
        }
        let begins = ends.clone();
        // The half of a key that finds its place within a shard.
        let mut sorted = vec![(0_u32, 0); count];
        for (at, key) in (0_u32..).zip(keys) {
            let end = &mut ends[positions.shard(key)];
            sorted[*end] = (key as u32, at);
            *end += 1;
        }
        for (shard, ends) in positions.shards.iter_mut().zip(begins.windows(2)) {
            let rows = &sorted[ends[0]..ends[1]];
            *shard = Slots::with_capacity(rows.len());
            for &(key, at) in rows {
                shard.insert(u64::from(key), at);
            }
        }
        positions.count = count as u32;
        positions
    }

    /// The position of a hash.
    pub fn find(&self, hash: &Hash, hash_at: impl Fn(u32) -> Hash) -> Option<u32> {
        let (key, shard) = self.place(hash);
        self.shards[shard].find(key, |at| hash_at(at) == *hash)
    }

    /// Reads where the position of a hash of this [key](Drawn::key) would lie, so that the processor has it near at
    /// hand afterwards.
    ///
    /// * As [`Table::touch`].
    #[inline]
    pub fn touch(&self, key: Key) {
        let key = key.bits();
        self.shards[self.shard(key)].touch(key);
    }

    /// The position of a hash in a list of this length, whose last hashes may have none yet: these are looked
    /// at one by one.
    pub fn find_among(
        &self,
        count: usize,
        hash: &Hash,
        hash_at: impl Fn(u32) -> Hash,
    ) -> Option<u32> {
        let found = self.find(hash, &hash_at);
        found.or_else(|| (self.count..count as u32).find(|at| hash_at(*at) == *hash))
    }

    /// The position of a hash; if it has none, it gets the next one.
    pub fn find_or_push(&mut self, hash: &Hash, hash_at: impl Fn(u32) -> Hash) -> Option<u32> {
        let found = self.find(hash, &hash_at);
        if found.is_none() {
            self.push(hash, hash_at);
        }
        found
    }

    /// The number of hashes.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Gives positions to all hashes of a list of this length that have none yet.
    ///
    /// * All are given anew if most have none, since that costs less.
    pub fn settle(&mut self, count: usize, hash_at: impl Fn(u32) -> Hash) {
        if count > 2 * self.len() + 1 {
            *self = Self::of(count, hash_at);
            return;
        }
        for at in self.count..count as u32 {
            self.push(&hash_at(at), &hash_at);
        }
    }

    /// Gives the next position to a hash that has none yet.
    pub fn push(&mut self, hash: &Hash, hash_at: impl Fn(u32) -> Hash) {
        if self.shards.len() == 1 && self.count as usize >= SHARD_ROWS_MIN {
            self.shards = shards_for(self.count as usize);
            for position in 0..self.count {
                self.put(&hash_at(position), position);
            }
        }
        self.put(hash, self.count);
        self.count += 1;
    }

    /// Takes a hash out, and gives its position, which comes back, to the last one.
    pub fn remove(&mut self, hash: &Hash, hash_at: impl Fn(u32) -> Hash) -> Option<u32> {
        let (key, shard) = self.place(hash);
        let position = self.shards[shard].remove(key, |at| hash_at(at) == *hash)?;
        self.count -= 1;
        let last = self.count;
        if position != last {
            let (key, shard) = self.place(&hash_at(last));
            self.shards[shard].replace(key, last, position);
        }
        Some(position)
    }

    fn put(&mut self, hash: &Hash, position: u32) {
        let (key, shard) = self.place(hash);
        self.shards[shard].insert(key, position);
    }

    /// The key of a hash, and its shard; the key's low bits find the place there.
    fn place(&self, hash: &Hash) -> (u64, usize) {
        let key = Drawn::key(hash).bits();
        (key, self.shard(key))
    }

    fn shard(&self, key: u64) -> usize {
        (key >> 40) as usize & (self.shards.len() - 1)
    }
}

/// Empty shards for so many rows in all.
fn shards_for(rows: usize) -> Vec<Slots> {
    let shards = (0..SHARDS).map(|_| Slots::with_capacity(rows / SHARDS));
    shards.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn hash(n: u32) -> Hash {
        Hash::of(&n.to_string())
    }

    #[test]
    fn a_large_table_has_every_row_in_its_order() {
        let count = 3 * SHARD_ROWS_MIN as u32;
        let rows = (0..count).map(|n| (hash(n), n));
        let mut grown = Table::default();
        rows.clone().for_each(|(hash, n)| grown.push(hash, n));
        let asked = [5, 6, 7, count, 8, 2, 2, 3, count - 1, 0].map(hash);
        let values = [5, 6, 7, count, 8, 2, 2, 3, count - 1, 0].map(|n| (n < count).then_some(n));
        assert!(grown.get_all(&asked).map(Option::<&u32>::copied).eq(values));
        let few = Table::of(rows.clone().take(3));
        assert_eq!((few.len(), few.get(&hash(2))), (3, Some(&2)));
        for table in [&grown, &Table::of(rows.clone())] {
            for n in 0..count {
                assert_eq!(table.get(&hash(n)), Some(&n));
            }
            assert_eq!(table.get(&hash(count)), None);
            assert!(
                table
                    .rows()
                    .iter()
                    .copied()
                    .eq((0..count).map(|n| (hash(n), n)))
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// With enough rows before it that there are several chunks, and shards or not.
        #[test]
        fn it_does_what_a_map_does(
            before in prop::sample::select(vec![0, CHUNK_ROWS as u32 - 10, SHARD_ROWS_MIN as u32 - 10]),
            steps in prop::collection::vec((0_u8..5, 0_u32..60), 0..200),
        ) {
            let mut table = Table::default();
            let mut model = HashMap::new();
            for n in 0..before {
                table.push(hash(1_000 + n), n);
                model.insert(hash(1_000 + n), n);
            }
            let mut frozen = None;
            for (n, (step, key)) in steps.into_iter().enumerate() {
                match step {
                    0 | 1 => {
                        table.insert(hash(key), n as u32);
                        model.insert(hash(key), n as u32);
                    }
                    2 => prop_assert_eq!(table.remove(&hash(key)), model.remove(&hash(key))),
                    3 => {
                        let first = 1_000_000 + 100 * n as u32;
                        for later in first..first + key {
                            table.push_later(hash(later), later);
                            model.insert(hash(later), later);
                        }
                        // What has no position yet is found, too.
                        if key % 2 == 0 {
                            table.settle();
                            prop_assert!(table.is_settled());
                        }
                    }
                    _ => frozen = Some((table.rows(), model.clone())),
                }
                prop_assert_eq!(table.get(&hash(key)), model.get(&hash(key)));
            }
            prop_assert_eq!(table.len(), model.len());
            prop_assert_eq!(table.is_empty(), model.is_empty());
            for (hash, value) in table.rows().iter() {
                prop_assert_eq!(model.get(hash), Some(value));
                prop_assert_eq!(table.get(hash), Some(value));
            }
            if let Some((rows, then)) = frozen {
                prop_assert_eq!(rows.len(), then.len());
                prop_assert!(rows.iter().all(|(hash, value)| then.get(hash) == Some(value)));
            }
        }
    }
}
