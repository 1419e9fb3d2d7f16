//! [`Validity`]: further rules.

use serde::{Deserialize, Serialize};

use crate::ledger::{Amount, Block, Header, Transaction};
use crate::{Error, Verdict};

/// Decides further rules; any number of them are active, and all must agree.
///
/// * The same arguments give the same verdict.
/// * A verdict that depends on the node's clock is [`Invalid::for_now`](crate::Invalid::for_now).
pub trait Validity: Send + Sync {
    /// Checks a block in its place; asked before its transactions are.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn check_block(&self, block: &Block, context: &BlockContext<'_>) -> Result<Verdict, Error> {
        let _ = (block, context);
        Ok(Verdict::Valid)
    }

    /// Checks a transaction, for the pool and in a block; rewards are not asked about.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn check_transaction(
        &self,
        transaction: &Transaction,
        context: &TransactionContext,
    ) -> Result<Verdict, Error> {
        let _ = (transaction, context);
        Ok(Verdict::Valid)
    }

    /// The earliest time that a block on this parent may have, in microseconds since 1970.
    ///
    /// * A miner takes the later of this and its clock. Default: no bound.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn earliest_us(&self, parent: &Header) -> Result<Option<i64>, Error> {
        let _ = parent;
        Ok(None)
    }
}

/// Where a block stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockContext<'a> {
    /// The header of the block before it.
    pub parent: &'a Header,
    /// The node's clock, in microseconds since 1970.
    pub now_us: i64,
}

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionContext {
    /// The height of the block that it is in; the next one, for the pool.
    pub nr: u64,
    /// What the sender has before it pays.
    pub balance: Amount,
    /// The block's time, or the node's clock for the pool; in microseconds since 1970.
    pub time_us: i64,
}
