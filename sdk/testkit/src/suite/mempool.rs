//! The laws of [`Mempool`].

use plugcoin_sdk::hooks::{Admission, Due, Mempool, PoolSummary};
use plugcoin_sdk::ledger::{Amount, TRANSACTION_TEXT_BYTES_MAX};

use super::laws;
use crate::fixtures::{START_US, pay, pool};

laws!(dyn Mempool:
    the_same_arguments_give_the_same_answer,
    a_moment_that_it_names_is_not_past,
    a_refusal_names_its_rule_and_says_why,
    any_one_transaction_has_room,
);

fn summaries() -> Vec<PoolSummary> {
    let mut all: Vec<PoolSummary> = [0, 1, 2, 3, 100, 100_000].map(pool).into();
    all.push(PoolSummary {
        sender_transactions: 50,
        sender_sum: Amount::from_coins(1_000),
        ..pool(60)
    });
    all
}

fn admissions(mempool: &dyn Mempool) -> Vec<Admission> {
    let transactions = ["0.00000001", "1", "10000000000"].map(|sum| pay("alice", "bob", sum, 1));
    let summaries = summaries();
    let cases = transactions
        .iter()
        .flat_map(|transaction| summaries.iter().map(move |pool| (transaction, pool)));
    cases
        .map(|(transaction, pool)| {
            let answer = mempool.admit(transaction, pool);
            answer.expect("admit has no fault")
        })
        .collect()
}

fn dues(mempool: &dyn Mempool) -> Vec<(Due, i64)> {
    let summaries = summaries();
    let cases = summaries
        .iter()
        .flat_map(|pool| [START_US, pool.now_us, START_US * 2].map(|now_us| (pool, now_us)));
    cases
        .map(|(pool, now_us)| {
            let due = mempool.due(pool, now_us).expect("due has no fault");
            (due, now_us)
        })
        .collect()
}

fn the_same_arguments_give_the_same_answer(mempool: &dyn Mempool) {
    assert_eq!(admissions(mempool), admissions(mempool));
    assert_eq!(dues(mempool), dues(mempool));
    assert_eq!(mempool.capacity(), mempool.capacity());
}

fn a_moment_that_it_names_is_not_past(mempool: &dyn Mempool) {
    for (due, now_us) in dues(mempool) {
        if let Due::At(at_us) = due {
            assert!(at_us > now_us, "due at {at_us}, and now is {now_us}");
        }
    }
}

fn a_refusal_names_its_rule_and_says_why(mempool: &dyn Mempool) {
    for admission in admissions(mempool) {
        if let Admission::Refuse(invalid) = admission {
            assert!(!invalid.rule.is_empty() && !invalid.message.is_empty());
        }
    }
}

fn any_one_transaction_has_room(mempool: &dyn Mempool) {
    let capacity = mempool.capacity();
    assert!(capacity.transactions >= 1);
    assert!(capacity.bytes >= TRANSACTION_TEXT_BYTES_MAX as u64);
}
