//! [`Slab`]: rows by hash that come and go, with a table beside them that stays in the cache.

use std::hint::black_box;

use hashbrown::HashTable;
use plugcoin_sdk::ledger::{Drawn, Hash, Key};

/// Values by hash, each in a slot of its own for as long as it is there.
///
/// * A slot's number is four bytes, for what else tells an order of the rows.
/// * A slot that is given back is the first to be taken again: rows that came one after the other lie
///   beside each other.
/// * Nothing may follow from which slot a row has: rows that go together go in no certain order.
#[derive(Debug)]
pub(crate) struct Slab<V> {
    rows: Vec<Option<(Hash, V)>>,
    free: Vec<u32>,
    slots: HashTable<u32>,
}

impl<V> Default for Slab<V> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            free: Vec::new(),
            slots: HashTable::new(),
        }
    }
}

impl<V> Slab<V> {
    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The slot of a hash.
    pub(crate) fn find(&self, hash: &Hash) -> Option<u32> {
        let rows = &self.rows;
        let is_it = |&slot: &u32| matches!(&rows[slot as usize], Some((other, _)) if other == hash);
        self.slots.find(Drawn::key(hash).bits(), is_it).copied()
    }

    /// Looks for a hash of this key, so that the processor has its place near at hand afterwards.
    pub(crate) fn touch(&self, key: Key) {
        let not_it = |&slot: &u32| {
            black_box(self.rows[slot as usize].as_ref().map(|(hash, _)| *hash));
            false
        };
        black_box(self.slots.find(key.bits(), not_it));
    }

    /// A hash's value.
    pub(crate) fn get(&self, hash: &Hash) -> Option<&V> {
        self.at(self.find(hash)?)
    }

    /// The value in a slot.
    pub(crate) fn at(&self, slot: u32) -> Option<&V> {
        let (_, value) = self.rows.get(slot as usize)?.as_ref()?;
        Some(value)
    }

    /// All values, in no order.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.rows.iter_mut().flatten().map(|(_, value)| value)
    }

    /// Puts a row into a slot, which comes back.
    ///
    /// * There is no row of this hash yet.
    pub(crate) fn insert(&mut self, hash: Hash, value: V) -> u32 {
        let row = Some((hash, value));
        let slot = match self.free.pop() {
            Some(slot) => {
                self.rows[slot as usize] = row;
                slot
            }
            None => {
                self.rows.push(row);
                (self.rows.len() - 1) as u32
            }
        };
        let key_of = |&slot: &u32| match &self.rows[slot as usize] {
            Some((hash, _)) => Drawn::key(hash).bits(),
            None => 0,
        };
        let key = Drawn::key(&hash).bits();
        self.slots.insert_unique(key, slot, key_of);
        slot
    }

    /// Takes the row in a slot out.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<V> {
        let (hash, value) = self.rows.get_mut(slot as usize)?.take()?;
        let found = self
            .slots
            .find_entry(Drawn::key(&hash).bits(), |&other| other == slot);
        found.ok()?.remove();
        self.free.push(slot);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn hash(n: u32) -> Hash {
        Hash::of(&n.to_string())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_does_what_a_map_does_and_no_row_leaves_its_slot(
            steps in prop::collection::vec((0_u8..4, 0_u32..60), 0..300),
        ) {
            let mut slab = Slab::default();
            let mut model: HashMap<u32, (u32, usize)> = HashMap::new();
            let mut most = 0;
            for (n, (step, key)) in steps.into_iter().enumerate() {
                match (step, model.get_mut(&key)) {
                    (0 | 1, None) => {
                        let slot = slab.insert(hash(key), n);
                        prop_assert!(model.values().all(|(other, _)| *other != slot));
                        model.insert(key, (slot, n));
                    }
                    (2, Some(&mut (slot, value))) => {
                        prop_assert_eq!(slab.remove(slot), Some(value));
                        prop_assert_eq!(slab.remove(slot), None);
                        model.remove(&key);
                    }
                    _ => {
                        slab.values_mut().for_each(|value| *value += 1);
                        model.values_mut().for_each(|(_, value)| *value += 1);
                    }
                }
                most = most.max(model.len());
                prop_assert_eq!(slab.len(), model.len());
                prop_assert_eq!(slab.get(&hash(key)), model.get(&key).map(|(_, value)| value));
            }
            for (key, (slot, value)) in &model {
                prop_assert_eq!(slab.find(&hash(*key)), Some(*slot));
                prop_assert_eq!(slab.at(*slot), Some(value));
            }
            prop_assert_eq!(slab.rows.len(), most);
        }
    }
}
