//! [`ByText`]: maps by a field of the ledger, as a public key.

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use plugcoin_sdk::ledger::DrawnText;

/// A map by a field of the ledger.
pub(crate) type ByText<V> = HashMap<Box<str>, V, DrawnText>;

/// A key's value to be changed, which is made if there is none; the key is copied then alone.
pub(crate) fn entry<'a, V>(
    map: &'a mut ByText<V>,
    key: &str,
    new: impl FnOnce() -> V,
) -> &'a mut V {
    match map.entry_ref(key) {
        EntryRef::Occupied(entry) => entry.into_mut(),
        EntryRef::Vacant(entry) => entry.insert_with_key(key.into(), new()),
    }
}
