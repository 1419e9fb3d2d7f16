//! The laws of [`Difficulty`].

use plugcoin_sdk::hooks::{Ancestor, Difficulty, Wants};
use plugcoin_sdk::ledger::{Hash, Target, Work};

use super::{Numbers, laws};
use crate::fixtures::{SECOND_US, START_US};

laws!(dyn Difficulty:
    the_answer_depends_on_the_height_and_on_the_ancestors_alone,
    no_target_is_easier_than_easiest,
    no_ancestor_is_wanted_that_is_not_below_the_block,
);

/// A chain whose every block has the target that the rule gives it.
///
/// * `pace_us` says how long each block took.
pub(crate) fn grow(
    rule: &dyn Difficulty,
    length: u64,
    mut pace_us: impl FnMut() -> i64,
) -> Vec<Ancestor> {
    let mut chain = vec![Ancestor {
        nr: 0,
        hash: Hash::of("0"),
        time_us: START_US,
        target: rule.easiest(),
        work: Work::of_target(&rule.easiest()),
    }];
    for nr in 1..=length {
        let target = target_of(rule, nr, &chain);
        let parent = chain[chain.len() - 1];
        chain.push(Ancestor {
            nr,
            hash: Hash::of(&nr.to_string()),
            time_us: parent.time_us + pace_us(),
            target,
            work: parent.work.saturating_add(Work::of_target(&target)),
        });
    }
    chain
}

fn target_of(rule: &dyn Difficulty, nr: u64, chain: &[Ancestor]) -> Target {
    rule.target(nr, &wanted(rule, nr, chain))
        .expect("target has no fault")
}

/// The ancestors that the rule wants to see, as a node gives them.
pub(crate) fn wanted(rule: &dyn Difficulty, nr: u64, chain: &[Ancestor]) -> Vec<Ancestor> {
    let below = &chain[..usize::try_from(nr)
        .expect("the chain is short")
        .min(chain.len())];
    match rule.wants(nr).expect("wants has no fault") {
        Wants::Nothing => Vec::new(),
        Wants::Parent => below.last().copied().into_iter().collect(),
        Wants::Last(count) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            below[below.len().saturating_sub(count)..].to_vec()
        }
        Wants::At(mut heights) => {
            heights.sort_unstable();
            heights.dedup();
            let there = |nr: &u64| below.iter().find(|block| block.nr == *nr).copied();
            heights.iter().filter_map(there).collect()
        }
    }
}

/// Chains that are steady, fast, slow, and all over the place.
fn chains(rule: &dyn Difficulty) -> Vec<Vec<Ancestor>> {
    let mut numbers = Numbers(1);
    let mut uneven = move || 1 + (numbers.below(60_000_000) as i64);
    vec![
        grow(rule, 300, || SECOND_US),
        grow(rule, 300, || 1),
        grow(rule, 300, || 10_000 * SECOND_US),
        grow(rule, 300, &mut uneven),
    ]
}

fn the_answer_depends_on_the_height_and_on_the_ancestors_alone(rule: &dyn Difficulty) {
    let chains = chains(rule);
    // Another order of asking, so that nothing remembered can help.
    for chain in chains.iter().rev() {
        for block in chain.iter().skip(1).rev() {
            assert_eq!(
                target_of(rule, block.nr, chain),
                block.target,
                "block {}",
                block.nr
            );
        }
    }
}

fn no_target_is_easier_than_easiest(rule: &dyn Difficulty) {
    for chain in chains(rule) {
        for block in &chain {
            assert!(block.target <= rule.easiest(), "block {}", block.nr);
        }
    }
}

fn no_ancestor_is_wanted_that_is_not_below_the_block(rule: &dyn Difficulty) {
    for nr in (1..300).chain([1 << 20, 1 << 40]) {
        if let Ok(Wants::At(heights)) = rule.wants(nr) {
            assert!(heights.iter().all(|height| *height < nr), "block {nr}");
        }
    }
}
