//! The suite of this hook catches what is wrong.

use crate::count;
use plugcoin_sdk::hooks::{Admission, Capacity, Due, Mempool, PoolSummary};
use plugcoin_sdk::ledger::Transaction;
use plugcoin_sdk::{Error, Invalid};
use plugcoin_testkit::suite::mempool;

/// A mempool that can be wrong in several ways.
#[derive(Clone, Copy, PartialEq)]
enum BadMempool {
    IsMoody,
    IsLate,
    IsSilent,
    HasNoRoom,
}

impl Mempool for BadMempool {
    fn admit(&self, _: &Transaction, _: &PoolSummary) -> Result<Admission, Error> {
        Ok(match self {
            Self::IsSilent => Admission::Refuse(Invalid::new("", "")),
            Self::IsMoody => Admission::Accept {
                priority: count() as i64,
                expires_us: None,
            },
            _ => Admission::Accept {
                priority: 0,
                expires_us: None,
            },
        })
    }

    fn due(&self, _: &PoolSummary, now_us: i64) -> Result<Due, Error> {
        Ok(match self {
            Self::IsLate => Due::At(now_us - 1),
            _ => Due::No,
        })
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            transactions: if *self == Self::HasNoRoom { 0 } else { 1 },
            bytes: 1 << 20,
        }
    }
}

#[test]
fn a_bad_mempool_is_caught() {
    for (bad, law) in [
        (
            BadMempool::IsMoody,
            "the_same_arguments_give_the_same_answer",
        ),
        (BadMempool::IsLate, "a_moment_that_it_names_is_not_past"),
        (
            BadMempool::IsSilent,
            "a_refusal_names_its_rule_and_says_why",
        ),
        (BadMempool::HasNoRoom, "any_one_transaction_has_room"),
    ] {
        assert_eq!(mempool::broken(&bad), [law]);
    }
}
