//! [`State`]: what everybody has at the tip, and which transactions the best chain has.

use std::collections::HashMap;

use plugcoin_sdk::ledger::{Amount, Block, Hash};

use super::View;

/// Balances and transaction ids at the best tip.
#[derive(Debug, Default)]
pub struct State {
    balances: HashMap<Box<str>, Amount>,
    ids: HashMap<Hash, u32>,
}

impl State {
    /// The state after the genesis block, which is given and not judged.
    pub fn new(genesis: &Block) -> Self {
        let mut state = Self::default();
        for transaction in genesis.transactions() {
            state
                .balances
                .insert(transaction.to().into(), transaction.amount());
            state.ids.insert(transaction.id(), 0);
        }
        state
    }

    /// What a key has.
    pub fn balance(&self, key: &str) -> Amount {
        self.balances.get(key).copied().unwrap_or_default()
    }

    /// The height at which the best chain has a transaction.
    pub fn transaction_nr(&self, id: &Hash) -> Option<u64> {
        self.ids.get(id).map(|&nr| nr.into())
    }

    /// The sum of all balances.
    pub fn total(&self) -> Amount {
        let units = self.balances.values().map(|amount| amount.units()).sum();
        Amount::from_units(units)
    }

    /// All keys that have something, with what they have.
    pub fn balances(&self) -> impl Iterator<Item = (&str, Amount)> {
        self.balances.iter().map(|(key, amount)| (&**key, *amount))
    }

    /// Moves the tip to where a view stands.
    ///
    /// * `left` are the transactions of the blocks that left the best chain.
    pub(crate) fn apply(&mut self, view: View, left: impl Iterator<Item = Hash>) {
        for id in left {
            self.ids.remove(&id);
        }
        let (balances, ids) = view.into_parts();
        for (key, amount) in balances {
            if amount == Amount::ZERO {
                self.balances.remove(&*key);
            } else {
                self.balances.insert(key, amount);
            }
        }
        self.ids.extend(ids);
    }
}
