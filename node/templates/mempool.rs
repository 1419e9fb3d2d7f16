//! Mempool: the largest payment is mined first; a block is due ten seconds after its first payment.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Admission, Due, Mempool, PoolSummary};
use plugcoin_sdk::ledger::Transaction;

/// How long the oldest payment waits for company, in microseconds.
const PATIENCE_US: i64 = 10_000_000;

/// The rule that everything may wait, and that larger sums go first.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Mempool for MyRule {
    fn admit(&self, transaction: &Transaction, _pool: &PoolSummary) -> Result<Admission, Error> {
        Ok(Admission::Accept {
            priority: i64::try_from(transaction.amount().units()).unwrap_or(i64::MAX),
            expires_us: None,
        })
    }

    fn due(&self, pool: &PoolSummary, now_us: i64) -> Result<Due, Error> {
        Ok(match pool.oldest_us {
            None => Due::No,
            Some(oldest_us) if now_us - oldest_us >= PATIENCE_US => Due::Now,
            Some(oldest_us) => Due::At(oldest_us + PATIENCE_US),
        })
    }
}

plugcoin_sdk::register!(Mempool, "my-rule", |_| Ok(MyRule));
