//! Mempool: large payments and long waits go first.

use plugcoin_sdk::hooks::{Admission, Capacity, Due, Mempool, PoolSummary};
use plugcoin_sdk::ledger::{Amount, Transaction};
use plugcoin_sdk::{Error, ErrorKind};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct PriorityOptions {
        /// A block is due when at least this many transactions wait.
        local n_transactions: u64 = 2,
        /// How many seconds of waiting twice the sum is worth; 0 is first come, first mined.
        local doubling_s: u32 = 60,
    }
}

/// The rule that of two payments the one of the greater weight goes first: the longer it waits and
/// the larger its sum, the more it weighs.
///
/// * Weight at a moment = the time waited + `doubling_s` for each doubling of the sum. All weights
///   grow at the same rate, so their order never changes, and the node may keep it by a priority
///   given once: `doubling_s` · log₂ sum − arrival.
/// * The largest sum has a head start of less than 60 doublings on the smallest, so that nobody waits
///   behind later ones for ever.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorityMempool {
    options: PriorityOptions,
}

impl PriorityMempool {
    /// The rule with these options.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if a block would be due when nothing waits.
    pub fn new(options: PriorityOptions) -> Result<Self, Error> {
        if options.n_transactions == 0 {
            return Err(Error::new(
                ErrorKind::Configuration,
                "priority.n_transactions is 0; take 1 or more",
            ));
        }
        Ok(Self { options })
    }

    /// How many microseconds of waiting this sum is worth: `doubling_s` · log₂ of its units.
    ///
    /// * Between the powers of two it is a straight line, exact in whole numbers on every machine and
    ///   never more than 0.09 doublings below the logarithm.
    fn head_start_us(&self, sum: Amount) -> i64 {
        let units = sum.units().max(1);
        let doubling_us = u128::from(self.options.doubling_s) * 1_000_000;
        let doublings = units.ilog2();
        let power = 1_u128 << doublings;
        // At most 2³² · 10⁶ · 60 for a sum that the ledger takes, which an i64 holds.
        let worth_us = doubling_us * u128::from(doublings) + doubling_us * (units - power) / power;
        i64::try_from(worth_us).unwrap_or(i64::MAX)
    }
}

impl Mempool for PriorityMempool {
    fn admit(&self, transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error> {
        let head_start_us = self.head_start_us(transaction.amount());
        Ok(Admission::Accept {
            priority: head_start_us.saturating_sub(pool.now_us),
            expires_us: None,
        })
    }

    fn due(&self, pool: &PoolSummary, _now_us: i64) -> Result<Due, Error> {
        Ok(match pool.transactions >= self.options.n_transactions {
            true => Due::Now,
            false => Due::No,
        })
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            transactions: 100_000,
            bytes: 64 << 20,
        }
    }
}

plugcoin_sdk::register!(Mempool, "priority", |options: PriorityOptions| {
    PriorityMempool::new(options)
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::SUM_MAX;
    use plugcoin_testkit::fixtures::{SECOND_US, START_US, pay, pool};

    fn rule(doubling_s: u32) -> PriorityMempool {
        PriorityMempool::new(PriorityOptions {
            doubling_s,
            ..PriorityOptions::default()
        })
        .unwrap()
    }

    /// The priority of a payment of this sum that comes so many seconds after the start.
    fn priority(rule: &PriorityMempool, sum: &str, after_s: i64) -> i64 {
        let pool = PoolSummary {
            now_us: START_US + after_s * SECOND_US,
            ..pool(3)
        };
        match rule.admit(&pay("a", "b", sum, START_US), &pool).unwrap() {
            Admission::Accept { priority, .. } => priority,
            Admission::Refuse(invalid) => panic!("{invalid}"),
        }
    }

    #[test]
    fn twice_the_sum_is_worth_a_minute() {
        let rule = rule(60);
        assert!(priority(&rule, "2", 59) > priority(&rule, "1", 0));
        assert!(priority(&rule, "2", 61) < priority(&rule, "1", 0));
        assert!(priority(&rule, "8", 179) > priority(&rule, "1", 0));
        assert!(priority(&rule, "8", 181) < priority(&rule, "1", 0));
    }

    #[test]
    fn of_two_sums_the_larger_and_of_two_arrivals_the_earlier_goes_first() {
        let rule = rule(60);
        let sums = [
            "0.00000001",
            "0.00000002",
            "0.1",
            "0.3",
            "1",
            "1.0001",
            "3",
            "10000000000",
        ];
        for pair in sums.windows(2) {
            assert!(priority(&rule, pair[0], 0) < priority(&rule, pair[1], 0));
        }
        assert!(priority(&rule, "1", 0) > priority(&rule, "1", 1));
    }

    #[test]
    fn nobody_waits_behind_later_ones_for_ever() {
        let rule = rule(60);
        let smallest = priority(&rule, "0.00000001", 0);
        assert!(priority(&rule, "10000000000", 3_600) < smallest);
    }

    #[test]
    fn without_worth_of_the_sum_the_first_come_is_the_first_mined() {
        assert!(priority(&rule(0), "0.1", 0) > priority(&rule(0), "1000", 1));
        assert_eq!(priority(&rule(0), "0.1", 1), priority(&rule(0), "1000", 1));
    }

    #[test]
    fn the_straight_lines_are_near_the_logarithm_and_nothing_overflows() {
        let rule = rule(1);
        for units in [
            1_u128,
            2,
            3,
            5,
            7,
            100,
            12_345,
            1 << 40,
            3 << 40,
            999_999_999_999,
        ] {
            let worth = rule.head_start_us(Amount::from_units(units)) as f64 / 1e6;
            let below = (units as f64).log2() - worth;
            assert!((-1e-6..0.09).contains(&below), "{units}: {below}");
        }
        let most = PriorityMempool::head_start_us(&self::rule(u32::MAX), SUM_MAX);
        assert!(most < i64::MAX / 4);
    }

    #[test]
    fn a_block_is_due_when_enough_wait() {
        let rule = PriorityMempool::default();
        assert_eq!(rule.due(&pool(1), 0).unwrap(), Due::No);
        assert_eq!(rule.due(&pool(2), 0).unwrap(), Due::Now);
        let never = PriorityMempool::new(PriorityOptions {
            n_transactions: 0,
            ..PriorityOptions::default()
        });
        assert_eq!(
            never.unwrap_err().to_string(),
            "priority.n_transactions is 0; take 1 or more"
        );
    }
}
