//! [`Latest`]: what came last of what never ends, by hash.

use plugcoin_sdk::ledger::{ByHash, Hash};

/// The latest values by hash: all of the last half of `max`, and `max` at most.
///
/// * The oldest go together, half of all at once: to let each go when another comes, it would have to be looked
///   for far away in the memory.
#[derive(Debug)]
pub(crate) struct Latest<V> {
    young: ByHash<V>,
    old: ByHash<V>,
    max: usize,
}

impl<V: Copy> Latest<V> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            young: ByHash::default(),
            old: ByHash::default(),
            max,
        }
    }

    /// A hash's value.
    pub(crate) fn get(&self, hash: &Hash) -> Option<V> {
        let value = self.young.get(hash).or_else(|| self.old.get(hash));
        value.copied()
    }

    /// Puts a value in, the latest of all.
    pub(crate) fn insert(&mut self, hash: Hash, value: V) {
        if self.young.len() >= self.max / 2 {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(hash, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_latest_half_is_there_and_never_more_than_all(
            keys in prop::collection::vec(0_u32..40, 0..300),
            half in 1_usize..12,
        ) {
            let hash = |key: u32| Hash::of(&key.to_string());
            let mut latest = Latest::new(2 * half);
            let mut came: Vec<(u32, usize)> = Vec::new();
            for (n, key) in keys.into_iter().enumerate() {
                latest.insert(hash(key), n);
                came.retain(|(other, _)| *other != key);
                came.push((key, n));
                for &(key, n) in came.iter().rev().take(half) {
                    prop_assert_eq!(latest.get(&hash(key)), Some(n));
                }
                let there = came.iter().filter(|(key, _)| latest.get(&hash(*key)).is_some());
                prop_assert!(there.count() <= 2 * half);
                // What is left of those before is what came last of them, too.
                for &(key, n) in &came {
                    prop_assert!(latest.get(&hash(key)).is_none_or(|left| left == n));
                }
            }
        }
    }
}
