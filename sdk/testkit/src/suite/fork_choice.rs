//! The laws of [`ForkChoice`].

use plugcoin_sdk::hooks::{Branch, ForkChoice, Preference};
use plugcoin_sdk::ledger::{Hash, U256, Work};

use super::{Numbers, laws};

laws!(dyn ForkChoice:
    exactly_one_of_two_siblings_is_preferred_in_whichever_order,
    of_three_the_preferences_never_go_round_in_a_circle,
    a_branch_that_is_preferred_stays_preferred_when_it_alone_grows,
);

fn work(amount: u64) -> Work {
    Work(U256::from(amount))
}

/// Siblings that could stand on one block, with many ties among them.
pub(crate) fn siblings() -> Vec<Branch> {
    let mut numbers = Numbers(2);
    (0..24)
        .map(|n| {
            let tip_work = 100 + numbers.below(3);
            Branch {
                hash: Hash::of(&format!("sibling {n}")),
                nr: 7,
                first_seen: 10 + n,
                tip_work: work(tip_work),
                tip_first_seen: 40 + numbers.next() % 3 * 100 + n,
                subtree_work: work(tip_work + numbers.below(3)),
                subtree_blocks: 1 + numbers.below(3),
            }
        })
        .collect()
}

fn first_wins(rule: &dyn ForkChoice, a: &Branch, b: &Branch) -> bool {
    rule.prefer(a, b).expect("prefer has no fault") == Preference::A
}

fn exactly_one_of_two_siblings_is_preferred_in_whichever_order(rule: &dyn ForkChoice) {
    let siblings = siblings();
    for (n, a) in siblings.iter().enumerate() {
        for b in &siblings[..n] {
            let (there, back) = (first_wins(rule, a, b), first_wins(rule, b, a));
            assert_ne!(there, back, "{a:?} and {b:?}");
            assert_eq!(there, first_wins(rule, a, b), "it changed its mind");
        }
    }
}

fn of_three_the_preferences_never_go_round_in_a_circle(rule: &dyn ForkChoice) {
    let siblings = siblings();
    for a in &siblings {
        for b in siblings
            .iter()
            .filter(|b| *b != a && first_wins(rule, a, b))
        {
            for c in siblings
                .iter()
                .filter(|c| *c != b && first_wins(rule, b, c))
            {
                assert!(c != a && first_wins(rule, a, c), "{a:?}, {b:?}, {c:?}");
            }
        }
    }
}

fn a_branch_that_is_preferred_stays_preferred_when_it_alone_grows(rule: &dyn ForkChoice) {
    let siblings = siblings();
    for a in &siblings {
        for b in siblings
            .iter()
            .filter(|b| *b != a && first_wins(rule, a, b))
        {
            // A side block of the branch, and a block on its tip.
            let mut wider = a.clone();
            wider.subtree_work = wider.subtree_work.saturating_add(work(1));
            wider.subtree_blocks += 1;
            let mut longer = wider.clone();
            longer.tip_work = longer.tip_work.saturating_add(work(1));
            longer.tip_first_seen = 1_000;
            for grown in [wider, longer] {
                assert!(first_wins(rule, &grown, b), "{a:?} grew: {grown:?}, {b:?}");
                assert!(!first_wins(rule, b, &grown), "{a:?} grew: {grown:?}, {b:?}");
            }
        }
    }
}
