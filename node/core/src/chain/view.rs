//! [`View`]: what everybody has after some block, told as differences from the tip.

use plugcoin_sdk::ledger::{Amount, Block, ByHash, Hash, SYSTEM, Transaction};
use plugcoin_sdk::{Error, ErrorKind};

use super::{ByText, State, entry};

/// The state after a block that need not be the tip, as differences from [`State`].
#[derive(Clone, Debug)]
pub struct View {
    /// The highest block of the best chain beneath; ids of later blocks there do not count.
    fork_nr: u64,
    balances: ByText<Amount>,
    ids: ByHash<u32>,
}

impl View {
    /// The tip itself.
    pub fn at_tip(tip_nr: u64) -> Self {
        Self {
            fork_nr: tip_nr,
            balances: ByText::default(),
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

    /// What a key has, to be changed.
    pub(crate) fn balance_mut(&mut self, state: &State, key: &str) -> &mut Amount {
        entry(&mut self.balances, key, || state.balance(key))
    }

    /// Pays: the sender has that much less, unless it has less, and the receiver more.
    ///
    /// * False, and nobody has more or less, if the sender hasn't so much. Rewards come from nowhere.
    pub(crate) fn pay(&mut self, state: &State, transaction: &Transaction) -> bool {
        let sum = transaction.amount();
        if transaction.from() != SYSTEM {
            let has = self.balance_mut(state, transaction.from());
            let Some(rest) = has.checked_sub(sum) else {
                return false;
            };
            *has = rest;
        }
        let has = self.balance_mut(state, transaction.to());
        // 2^128 units are 3·10^20 greatest sums: no chain is so long.
        *has = has.checked_add(sum).unwrap_or(*has);
        true
    }

    /// A transaction is on this branch; false, if it was already in one of its own blocks.
    pub(crate) fn add(&mut self, id: Hash, nr: u64) -> bool {
        self.ids.insert(id, nr as u32).is_none()
    }

    /// Applies a block that is known to be valid here.
    pub(crate) fn apply(&mut self, state: &State, block: &Block) -> Result<(), Error> {
        for transaction in block.transactions() {
            if !self.pay(state, transaction) {
                return Err(contradiction(block));
            }
            self.add(transaction.id(), block.nr());
        }
        Ok(())
    }

    /// Takes back the best chain's block at the top of what this view still counts.
    pub(crate) fn undo(&mut self, state: &State, block: &Block) -> Result<(), Error> {
        for transaction in block.transactions().iter().rev() {
            let sum = transaction.amount();
            let has = self.balance_mut(state, transaction.to());
            *has = has.checked_sub(sum).ok_or_else(|| contradiction(block))?;
            if transaction.from() != SYSTEM {
                let has = self.balance_mut(state, transaction.from());
                *has = has.checked_add(sum).ok_or_else(|| contradiction(block))?;
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

    pub(super) fn into_parts(self) -> (ByText<Amount>, ByHash<u32>) {
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
