//! Mempool: the largest payment is mined first, and nothing waits for ever.

use plugcoin_sdk::hooks::{Admission, Due, Mempool, PoolSummary};
use plugcoin_sdk::ledger::{Amount, Transaction};
use plugcoin_sdk::{Error, Invalid};

/// How long a payment may wait, in microseconds: an hour.
const WAIT_US: i64 = 3_600_000_000;

/// How long the oldest payment waits for company before a block is due, in microseconds.
const PATIENCE_US: i64 = 10_000_000;

/// The least sum that may wait.
const SUM_MIN: Amount = Amount::from_units(1_000);

/// The rule that larger payments go first, that dust is refused, and that a block is due ten seconds
/// after its first payment came.
#[derive(Clone, Copy, Debug, Default)]
pub struct LargestFirst;

impl Mempool for LargestFirst {
    fn admit(&self, transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error> {
        let sum = transaction.amount();
        if sum < SUM_MIN {
            // Another node may take it, so it is no offence.
            return Ok(Admission::Refuse(
                Invalid::new("dust", "the payment is not worth its place")
                    .observed(sum)
                    .required(format_args!("at least {SUM_MIN}"))
                    .for_now(),
            ));
        }
        Ok(Admission::Accept {
            priority: i64::try_from(sum.units()).unwrap_or(i64::MAX),
            expires_us: Some(pool.now_us.saturating_add(WAIT_US)),
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

plugcoin_sdk::register!(Mempool, "largest-first", |_| Ok(LargestFirst));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::{START_US, pay, pool};
    use plugcoin_testkit::suite;

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::mempool::check(&LargestFirst);
    }

    #[test]
    fn a_larger_sum_has_the_higher_priority_and_dust_none() {
        let priority = |sum| match LargestFirst.admit(&pay("a", "b", sum, START_US), &pool(3)) {
            Ok(Admission::Accept { priority, .. }) => Some(priority),
            _ => None,
        };
        assert!(priority("2") > priority("1.99"));
        assert!(priority("10000000000") > priority("9999999999"));
        assert_eq!(priority("0.00000999"), None);
    }

    #[test]
    fn a_block_is_due_ten_seconds_after_the_first_payment() {
        let due = |waiting, now_us| LargestFirst.due(&pool(waiting), now_us).unwrap();
        assert_eq!(due(0, START_US), Due::No);
        assert_eq!(due(1, START_US), Due::At(START_US + PATIENCE_US));
        assert_eq!(due(1, START_US + PATIENCE_US), Due::Now);
    }
}
