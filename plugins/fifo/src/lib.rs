//! Mempool: first come, first mined.

use plugcoin_sdk::hooks::{Admission, Capacity, Due, Mempool, PoolSummary};
use plugcoin_sdk::ledger::Transaction;
use plugcoin_sdk::{Error, ErrorKind};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct FifoOptions {
        /// A block is due when at least this many transactions wait.
        local n_transactions: u64 = 2,
        /// How many transactions may wait; the latest are dropped beyond that.
        local transactions_max: u64 = 100_000,
        /// How many bytes of transactions may wait; the latest are dropped beyond that.
        local bytes_max: u64 = 64 << 20,
    }
}

/// The rule that every transaction may wait, and that the first to come is the first to be mined.
#[derive(Clone, Debug, PartialEq)]
pub struct Fifo {
    options: FifoOptions,
}

impl Fifo {
    /// The rule with these options.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for an option that is 0.
    pub fn new(options: FifoOptions) -> Result<Self, Error> {
        let all = [
            ("n_transactions", options.n_transactions),
            ("transactions_max", options.transactions_max),
            ("bytes_max", options.bytes_max),
        ];
        if let Some((name, _)) = all.into_iter().find(|(_, value)| *value == 0) {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("fifo.{name} is 0; take 1 or more"),
            ));
        }
        Ok(Self { options })
    }
}

impl Default for Fifo {
    /// The rule with the default of every option.
    fn default() -> Self {
        Self {
            options: FifoOptions::default(),
        }
    }
}

impl Mempool for Fifo {
    fn admit(&self, _transaction: &Transaction, _pool: &PoolSummary) -> Result<Admission, Error> {
        Ok(Admission::Accept {
            priority: 0,
            expires_us: None,
        })
    }

    fn due(&self, pool: &PoolSummary, _now_us: i64) -> Result<Due, Error> {
        Ok(if pool.transactions >= self.options.n_transactions {
            Due::Now
        } else {
            Due::No
        })
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            transactions: self.options.transactions_max,
            bytes: self.options.bytes_max,
        }
    }
}

plugcoin_sdk::register!(Mempool, "fifo", |options: FifoOptions| Fifo::new(options));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::pool;

    #[test]
    fn a_block_is_due_when_enough_wait() {
        let due = |fifo: &Fifo, waiting| fifo.due(&pool(waiting), 0).unwrap();
        let two = Fifo::default();
        assert_eq!(due(&two, 0), Due::No);
        assert_eq!(due(&two, 1), Due::No);
        assert_eq!(due(&two, 2), Due::Now);
        assert_eq!(due(&two, 3), Due::Now);
        let one = Fifo::new(FifoOptions {
            n_transactions: 1,
            ..FifoOptions::default()
        });
        assert_eq!(due(&one.unwrap(), 1), Due::Now);
    }

    #[test]
    fn nothing_may_be_zero() {
        let error = Fifo::new(FifoOptions {
            n_transactions: 0,
            ..FifoOptions::default()
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "fifo.n_transactions is 0; take 1 or more"
        );
    }
}
