//! Validity: no payment above a bound.

use plugcoin_sdk::hooks::{TransactionContext, Validity};
use plugcoin_sdk::ledger::{Amount, Transaction};
use plugcoin_sdk::{Error, Invalid, Verdict};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct SmallPaymentsOptions {
        /// The largest sum of one payment, in coins, as a decimal text like "10" or "0.5".
        consensus sum_max: Amount = Amount::from_coins(10),
    }
}

/// The rule that no payment is above a bound.
#[derive(Clone, Debug)]
pub struct SmallPayments {
    sum_max: Amount,
}

impl Validity for SmallPayments {
    fn check_transaction(
        &self,
        transaction: &Transaction,
        _context: &TransactionContext,
    ) -> Result<Verdict, Error> {
        if transaction.amount() <= self.sum_max {
            return Ok(Verdict::Valid);
        }
        Ok(Invalid::new("small-payments", "the payment is too large")
            .observed(transaction.amount())
            .required(format_args!("at most {}", self.sum_max))
            .into())
    }
}

plugcoin_sdk::register!(
    Validity,
    "small-payments",
    |options: SmallPaymentsOptions| Ok(SmallPayments {
        sum_max: options.sum_max
    })
);

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::{START_US, pay};
    use plugcoin_testkit::suite;

    fn rule() -> SmallPayments {
        SmallPayments {
            sum_max: Amount::from_coins(10),
        }
    }

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::validity::check(&rule());
    }

    #[test]
    fn the_refusal_says_what_is_and_what_may_be() {
        let context = TransactionContext {
            nr: 1,
            balance: Amount::from_coins(50),
            time_us: START_US,
        };
        let verdict = |sum| {
            let payment = pay("alice", "bob", sum, START_US);
            rule().check_transaction(&payment, &context).unwrap()
        };
        assert!(verdict("10").is_valid());
        assert_eq!(
            verdict("10.00000001")
                .into_result()
                .unwrap_err()
                .to_string(),
            "small-payments: the payment is too large; observed 10.00000001; required at most 10"
        );
    }
}
