//! [`Mempool`]: admission, order and capacity of waiting transactions; when a block is due.

use serde::{Deserialize, Serialize};

use crate::ledger::{Amount, Transaction};
use crate::{Error, Invalid};

/// Decides which valid transactions may wait, in which order they are mined, and when.
///
/// * It is asked only about transactions that are valid and covered at the tip.
/// * The node keeps the pool and its order: higher priority first, then order of arrival.
pub trait Mempool: Send + Sync {
    /// Whether a transaction may wait.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn admit(&self, transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error>;

    /// Whether a block is due.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn due(&self, pool: &PoolSummary, now_us: i64) -> Result<Due, Error>;

    /// How much may wait.
    ///
    /// * A constant of the plugin and its options.
    /// * When it is exceeded the node drops the lowest priority, the latest of these first.
    fn capacity(&self) -> Capacity {
        Capacity {
            transactions: 100_000,
            bytes: 64 << 20,
        }
    }
}

/// What waits, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolSummary {
    /// How many transactions wait.
    pub transactions: u64,
    /// How many bytes of text they have.
    pub bytes: u64,
    /// How many of them the sender in question has.
    pub sender_transactions: u64,
    /// What the sender in question has waiting in sum.
    pub sender_sum: Amount,
    /// When the oldest of them arrived, in microseconds since 1970.
    pub oldest_us: Option<i64>,
    /// The node's clock, in microseconds since 1970.
    pub now_us: i64,
}

/// The answer of [`Mempool::admit`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// It may wait.
    Accept {
        /// Higher is mined first and dropped last.
        priority: i64,
        /// When it is dropped, in microseconds since 1970; never, if none.
        expires_us: Option<i64>,
    },
    /// It may not.
    Refuse(Invalid),
}

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// How many transactions.
    pub transactions: u64,
    /// How many bytes of text.
    pub bytes: u64,
}

/// The answer of [`Mempool::due`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// Put a block together now.
    Now,
    /// Not before this moment, in microseconds since 1970, if nothing else happens.
    At(i64),
    /// Not before something changes.
    No,
}
