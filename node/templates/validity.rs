//! Validity: no payment above a hundred coins.

use plugcoin_sdk::hooks::{TransactionContext, Validity};
use plugcoin_sdk::ledger::{Amount, Transaction};
use plugcoin_sdk::{Error, Invalid, Verdict};

/// The largest payment.
const SUM_MAX: Amount = Amount::from_coins(100);

/// The rule that no payment is above a bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Validity for MyRule {
    fn check_transaction(
        &self,
        transaction: &Transaction,
        _context: &TransactionContext,
    ) -> Result<Verdict, Error> {
        if transaction.amount() <= SUM_MAX {
            return Ok(Verdict::Valid);
        }
        let refusal = Invalid::new("my-rule", "the payment is too large");
        Ok(refusal
            .observed(transaction.amount())
            .required(format_args!("at most {SUM_MAX}"))
            .into())
    }
}

plugcoin_sdk::register!(Validity, "my-rule", |_| Ok(MyRule));
