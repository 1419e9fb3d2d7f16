//! [`State`]: what everybody has at the tip, and which transactions the best chain has.

use plugcoin_sdk::Error;
use plugcoin_sdk::ledger::{Amount, Block, ByHash, Hash, Key, Rows, SYSTEM, Table};

use super::view::contradiction;
use super::{ByText, View};

/// What each key has that has something.
pub(crate) type Balances = ByText<Amount>;

/// Balances and transaction ids at the best tip.
#[derive(Debug, Default)]
pub struct State {
    balances: Balances,
    /// The heights of the best chain's transactions.
    ids: Table<u32>,
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

    /// The state that these make.
    pub(crate) fn restored(balances: Balances, ids: Table<u32>) -> Self {
        Self { balances, ids }
    }

    /// A copy of the balances; and the ids, which are shared.
    pub(crate) fn frozen(&self) -> (Balances, Rows<(Hash, u32)>) {
        (self.balances.clone(), self.ids.rows())
    }

    /// What a key has.
    pub fn balance(&self, key: &str) -> Amount {
        self.balances.get(key).copied().unwrap_or_default()
    }

    /// Reads where an id of this key would be found, so that the processor has it near at hand afterwards.
    #[inline]
    pub(crate) fn touch(&self, key: Key) {
        self.ids.touch(key);
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

    /// Moves the tip up by a block that is known to be valid on it.
    ///
    /// * Its transactions have no positions before [`settle`](Self::settle).
    ///
    /// # Errors
    /// [`Error`] if somebody pays more than it has; the state is spoiled then.
    pub(crate) fn extend(&mut self, block: &Block) -> Result<(), Error> {
        for transaction in block.transactions() {
            if transaction.from() != SYSTEM {
                self.take(transaction.from(), transaction.amount())
                    .ok_or_else(|| contradiction(block))?;
            }
            self.give(transaction.to(), transaction.amount());
            self.ids.push_later(transaction.id(), block.nr() as u32);
        }
        Ok(())
    }

    /// All transactions have their positions from now on; until then they are found by looking at all that
    /// have none.
    pub(crate) fn settle(&mut self) {
        self.ids.settle();
    }

    fn take(&mut self, key: &str, amount: Amount) -> Option<()> {
        let has = self.balances.get_mut(key)?;
        *has = has.checked_sub(amount)?;
        if *has == Amount::ZERO {
            self.balances.remove(key);
        }
        Some(())
    }

    fn give(&mut self, key: &str, amount: Amount) {
        match self.balances.get_mut(key) {
            // As in a view: no chain is long enough for more.
            Some(has) => *has = has.checked_add(amount).unwrap_or(*has),
            None if amount == Amount::ZERO => {}
            None => drop(self.balances.insert(key.into(), amount)),
        }
    }

    /// Moves the tip to where a view stands; gives back the transactions that joined the best chain.
    ///
    /// * Those of the blocks that left it are to be [left out](Self::leave_out), unless they joined.
    pub(crate) fn apply(&mut self, view: View) -> ByHash<u32> {
        let (balances, ids) = view.into_parts();
        for (key, amount) in balances {
            if amount == Amount::ZERO {
                self.balances.remove(&*key);
            } else {
                self.balances.insert(key, amount);
            }
        }
        for (id, nr) in &ids {
            self.ids.insert(*id, *nr);
        }
        ids
    }

    /// A transaction is not on the best chain any more.
    pub(crate) fn leave_out(&mut self, id: &Hash) {
        self.ids.remove(id);
    }
}
