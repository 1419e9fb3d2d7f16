//! The laws of [`Validity`].

use plugcoin_sdk::Verdict;
use plugcoin_sdk::hooks::{BlockContext, TransactionContext, Validity};
use plugcoin_sdk::ledger::{Amount, Block, genesis};

use super::laws;
use crate::fixtures::{SECOND_US, START_US, block, chain, nonce, pay};

laws!(dyn Validity:
    the_same_arguments_give_the_same_verdict,
    a_verdict_that_depends_on_the_clock_is_for_now,
    a_refusal_names_its_rule_and_says_why,
    the_earliest_time_is_the_same_for_the_same_parent,
);

/// Clocks from long before the blocks to long after them.
fn clocks() -> [i64; 5] {
    let day_us = 86_400 * SECOND_US;
    [
        0,
        START_US - day_us,
        START_US,
        START_US + day_us,
        START_US * 2,
    ]
}

/// Blocks with their parents: in their place, too early, and far ahead.
fn blocks() -> Vec<(Block, Block)> {
    let mut line = vec![genesis()];
    line.extend(chain(3));
    let mut all: Vec<(Block, Block)> = line
        .windows(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    let parent = &line[1];
    for after_us in [-SECOND_US, 0, 1, SECOND_US, 100_000 * SECOND_US] {
        let time_us = parent.header().timestamp.us() + after_us;
        let payments = vec![pay("alice", "bob", "1", time_us)];
        let child = block(parent, "miner", payments, time_us, &nonce(1));
        all.push((parent.clone(), child));
    }
    all
}

fn of_block(rule: &dyn Validity, parent: &Block, block: &Block, now_us: i64) -> Verdict {
    let context = BlockContext {
        parent: parent.header(),
        now_us,
    };
    rule.check_block(block, &context)
        .expect("check_block has no fault")
}

/// The verdicts on payments small and large, in blocks low and high.
fn on_transactions(rule: &dyn Validity) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for sum in ["0.00000001", "1", "10000000000"] {
        for nr in [1, 1_000] {
            let context = TransactionContext {
                nr,
                balance: Amount::from_coins(10_000_000_000),
                time_us: START_US,
            };
            let transaction = pay("alice", "bob", sum, START_US);
            let verdict = rule.check_transaction(&transaction, &context);
            verdicts.push(verdict.expect("check_transaction has no fault"));
        }
    }
    verdicts
}

fn the_same_arguments_give_the_same_verdict(rule: &dyn Validity) {
    for now_us in clocks() {
        for (parent, block) in blocks() {
            let first = of_block(rule, &parent, &block, now_us);
            assert_eq!(first, of_block(rule, &parent, &block, now_us));
        }
    }
    assert_eq!(on_transactions(rule), on_transactions(rule));
}

fn a_verdict_that_depends_on_the_clock_is_for_now(rule: &dyn Validity) {
    for (parent, block) in blocks() {
        let verdicts = clocks().map(|now_us| of_block(rule, &parent, &block, now_us));
        if verdicts
            .iter()
            .all(|verdict| verdict.is_valid() == verdicts[0].is_valid())
        {
            continue;
        }
        for verdict in verdicts {
            if let Verdict::Invalid(invalid) = verdict {
                assert!(invalid.transient && invalid.penalty == 0, "{invalid}");
            }
        }
    }
}

fn a_refusal_names_its_rule_and_says_why(rule: &dyn Validity) {
    let mut verdicts = on_transactions(rule);
    for (parent, block) in blocks() {
        verdicts.extend(clocks().map(|now_us| of_block(rule, &parent, &block, now_us)));
    }
    for verdict in verdicts {
        if let Verdict::Invalid(invalid) = verdict {
            assert!(!invalid.rule.is_empty() && !invalid.message.is_empty());
        }
    }
}

fn the_earliest_time_is_the_same_for_the_same_parent(rule: &dyn Validity) {
    for (parent, _) in blocks() {
        let earliest_us = || {
            let answer = rule.earliest_us(parent.header());
            answer.expect("earliest_us has no fault")
        };
        assert_eq!(earliest_us(), earliest_us());
    }
}
