//! Mempool: what may wait is limited, in all and for each sender, and for how long.

use plugcoin_sdk::hooks::{Admission, Capacity, Due, Mempool, PoolSummary};
use plugcoin_sdk::ledger::{TRANSACTION_TEXT_BYTES_MAX, Transaction};
use plugcoin_sdk::{Error, ErrorKind, Invalid};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct LimitsOptions {
        /// A block is due when at least this many transactions wait.
        local n_transactions: u64 = 2,
        /// How many transactions may wait.
        local transactions_max: u64 = 10_000,
        /// How many bytes of transactions may wait.
        local bytes_max: u64 = 8 << 20,
        /// How many seconds a transaction may wait; it is dropped then.
        local age_max_s: u64 = 86_400,
        /// How many transactions of one sender may wait.
        local sender_transactions_max: u64 = 100,
    }
}

/// The rule that senders take turns, and that none of them has more than its share of the pool.
///
/// * A transaction's priority is less by one for each that its sender had waiting when it came: what
///   everybody sent first is mined before what anybody sent second, and a full pool drops the last
///   of whoever has the most.
/// * A refusal is for now and counts against nobody: another node may have room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MempoolLimits {
    options: LimitsOptions,
}

impl MempoolLimits {
    /// The rule with these options.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for limits under which nothing could wait or no block be due.
    pub fn new(options: LimitsOptions) -> Result<Self, Error> {
        let fail = |message| Err(Error::new(ErrorKind::Configuration, message));
        let least = [
            ("n_transactions", options.n_transactions, 1),
            (
                "bytes_max",
                options.bytes_max,
                TRANSACTION_TEXT_BYTES_MAX as u64,
            ),
            ("age_max_s", options.age_max_s, 1),
            (
                "sender_transactions_max",
                options.sender_transactions_max,
                1,
            ),
        ];
        for (name, value, least) in least {
            if value < least {
                return fail(format!(
                    "mempool-limits.{name} is {value}; take {least} or more"
                ));
            }
        }
        let (due, room) = (options.n_transactions, options.transactions_max);
        if room < due {
            return fail(format!(
                "mempool-limits.transactions_max is {room}, and a block would be due at \
                 {due} (n_transactions), so never; take {due} or more"
            ));
        }
        Ok(Self { options })
    }
}

impl Mempool for MempoolLimits {
    fn admit(&self, _transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error> {
        let (waiting, most) = (
            pool.sender_transactions,
            self.options.sender_transactions_max,
        );
        if waiting >= most {
            return Ok(Admission::Refuse(
                Invalid::new("sender-limit", "the sender has enough waiting already")
                    .observed(format_args!("{waiting} waiting"))
                    .required(format_args!("at most {most} with this one"))
                    .for_now(),
            ));
        }
        let age_max_us = i64::try_from(self.options.age_max_s.saturating_mul(1_000_000));
        Ok(Admission::Accept {
            priority: i64::try_from(waiting).map_or(i64::MIN, |waiting| -waiting),
            expires_us: Some(pool.now_us.saturating_add(age_max_us.unwrap_or(i64::MAX))),
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
            transactions: self.options.transactions_max,
            bytes: self.options.bytes_max,
        }
    }
}

plugcoin_sdk::register!(Mempool, "mempool-limits", |options: LimitsOptions| {
    MempoolLimits::new(options)
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::{START_US, pay, pool};

    /// What becomes of a payment whose sender has so many waiting.
    fn admit(rule: &MempoolLimits, sender_transactions: u64) -> Admission {
        let pool = PoolSummary {
            sender_transactions,
            ..pool(500)
        };
        rule.admit(&pay("a", "b", "1", START_US), &pool).unwrap()
    }

    fn with(change: fn(&mut LimitsOptions)) -> Result<MempoolLimits, Error> {
        let mut options = LimitsOptions::default();
        change(&mut options);
        MempoolLimits::new(options)
    }

    #[test]
    fn senders_take_turns() {
        let priority = |waiting| match admit(&MempoolLimits::default(), waiting) {
            Admission::Accept { priority, .. } => priority,
            Admission::Refuse(invalid) => panic!("{invalid}"),
        };
        assert_eq!(priority(0), 0);
        assert!(priority(0) > priority(1) && priority(1) > priority(99));
    }

    #[test]
    fn a_sender_with_enough_waiting_is_refused_for_now() {
        let rule = with(|options| options.sender_transactions_max = 3).unwrap();
        assert!(matches!(admit(&rule, 2), Admission::Accept { .. }));
        let Admission::Refuse(invalid) = admit(&rule, 3) else {
            panic!("it was admitted")
        };
        assert!(invalid.transient && invalid.penalty == 0);
        assert_eq!(
            invalid.to_string(),
            "sender-limit: the sender has enough waiting already; observed 3 waiting; \
             required at most 3 with this one"
        );
    }

    #[test]
    fn nothing_waits_for_ever() {
        let expires_us = |rule: MempoolLimits| match admit(&rule, 0) {
            Admission::Accept { expires_us, .. } => expires_us.unwrap(),
            Admission::Refuse(invalid) => panic!("{invalid}"),
        };
        let now_us = pool(1).now_us;
        let minute = with(|options| options.age_max_s = 60).unwrap();
        assert_eq!(expires_us(minute), now_us + 60_000_000);
        let longest = with(|options| options.age_max_s = u64::MAX).unwrap();
        assert_eq!(expires_us(longest), i64::MAX);
    }

    #[test]
    fn a_block_is_due_when_enough_wait() {
        let rule = with(|options| options.n_transactions = 3).unwrap();
        assert_eq!(rule.due(&pool(2), 0).unwrap(), Due::No);
        assert_eq!(rule.due(&pool(3), 0).unwrap(), Due::Now);
    }

    #[test]
    fn limits_under_which_nothing_would_happen_are_refused() {
        let said = |rule: Result<MempoolLimits, Error>| rule.unwrap_err().to_string();
        assert_eq!(
            said(with(|options| options.n_transactions = 0)),
            "mempool-limits.n_transactions is 0; take 1 or more"
        );
        assert_eq!(
            said(with(|options| options.bytes_max = 799)),
            "mempool-limits.bytes_max is 799; take 800 or more"
        );
        assert_eq!(
            said(with(|options| options.transactions_max = 1)),
            "mempool-limits.transactions_max is 1, and a block would be due at 2 (n_transactions), \
             so never; take 2 or more"
        );
    }
}
