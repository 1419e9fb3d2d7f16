//! [`View`]: what everybody has after some block, told as differences from the tip.

use std::collections::HashMap;

use plugcoin_sdk::ledger::{Amount, Block, ByHash, Hash, SYSTEM, Transaction};
use plugcoin_sdk::{Error, ErrorKind};

use super::State;

/// The state after a block that need not be the tip, as differences from [`State`].
#[derive(Clone, Debug)]
pub struct View {
    /// The highest block of the best chain beneath; ids of later blocks there do not count.
    fork_nr: u64,
    balances: HashMap<Box<str>, Amount>,
    ids: ByHash<u32>,
}

impl View {
    /// The tip itself.
    pub fn at_tip(tip_nr: u64) -> Self {
        Self {
            fork_nr: tip_nr,
            balances: HashMap::new(),
            ids: ByHash::default(),
        }
    }

    /// Makes room for what so many transactions change, so that the tables need not grow for each.
    pub(crate) fn reserve(&mut self, transactions: usize) {
        self.balances.reserve(2 * transactions);
        self.ids.reserve(transactions);
    }

    /// What a key has.
    pub fn balance(&self, state: &State, key: &str) -> Amount {
        self.balances
            .get(key)
            .copied()
            .unwrap_or_else(|| state.balance(key))
    }

    /// Whether a transaction is on this branch.
    pub fn has(&self, state: &State, id: &Hash) -> bool {
        self.ids.contains_key(id)
            || state
                .transaction_nr(id)
                .is_some_and(|nr| nr <= self.fork_nr)
    }

    /// The keys whose balance may differ from the tip's.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.balances.keys().map(|key| &**key)
    }

    /// The branch's own transactions.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Hash> {
        self.ids.keys()
    }

    /// Pays: the sender has that much less, unless it has less, and the receiver more.
    ///
    /// * False, and nothing is changed, if the sender hasn't so much. Rewards come from nowhere.
    pub(crate) fn pay(&mut self, state: &State, transaction: &Transaction, nr: u64) -> bool {
        if transaction.from() != SYSTEM {
            let has = self.balance(state, transaction.from());
            let Some(rest) = has.checked_sub(transaction.amount()) else {
                return false;
            };
            self.balances.insert(transaction.from().into(), rest);
        }
        let has = self.balance(state, transaction.to());
        // 2^128 units are 3·10^20 greatest sums: no chain is so long.
        let sum = has.checked_add(transaction.amount()).unwrap_or(has);
        self.balances.insert(transaction.to().into(), sum);
        self.ids.insert(transaction.id(), nr as u32);
        true
    }

    /// Applies a block that is known to be valid here.
    pub(crate) fn apply(&mut self, state: &State, block: &Block) -> Result<(), Error> {
        for transaction in block.transactions() {
            if !self.pay(state, transaction, block.nr()) {
                return Err(contradiction(block));
            }
        }
        Ok(())
    }

    /// Takes back the best chain's block at the top of what this view still counts.
    pub(crate) fn undo(&mut self, state: &State, block: &Block) -> Result<(), Error> {
        for transaction in block.transactions().iter().rev() {
            let has = self.balance(state, transaction.to());
            let rest = has
                .checked_sub(transaction.amount())
                .ok_or_else(|| contradiction(block))?;
            self.balances.insert(transaction.to().into(), rest);
            if transaction.from() != SYSTEM {
                let has = self.balance(state, transaction.from());
                let sum = has
                    .checked_add(transaction.amount())
                    .ok_or_else(|| contradiction(block))?;
                self.balances.insert(transaction.from().into(), sum);
            }
        }
        self.fork_nr = block.nr().saturating_sub(1);
        Ok(())
    }

    /// Becomes differences from the tip as it is now; `before` is the view of the block that was the
    /// tip when this one was made.
    pub(crate) fn catch_up(&mut self, before: Self) {
        for (key, amount) in before.balances {
            self.balances.entry(key).or_insert(amount);
        }
    }

    pub(super) fn into_parts(self) -> (HashMap<Box<str>, Amount>, ByHash<u32>) {
        (self.balances, self.ids)
    }
}

pub(super) fn contradiction(block: &Block) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        "the chain's balances contradict a block that was accepted",
    )
    .with("block", block.hash())
}
