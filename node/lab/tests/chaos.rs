//! Hundreds of worlds in which everything goes wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../examples/chaos/plugins.rs"]
mod plugins;

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use plugcoin_lab::byzantine::Kind;
use plugcoin_lab::chaos::{Report, Scenario, run};
use plugcoin_sdk::ledger::Hash;

use plugins::Defaults;

/// Runs these seeds, of which none may fail.
///
/// * A failure is shown again by `cargo run -p plugcoin-lab --example chaos -- --seed N --trace`.
fn all_hold(seeds: Range<u64>) {
    let mut sum = Report::default();
    for seed in seeds {
        sum += run(seed, &Defaults, None).unwrap_or_else(|failure| panic!("{failure}"));
    }
    // The runs are worth something only if much happens in them.
    let all = [
        sum.acknowledged,
        sum.dropped,
        sum.reorganisations,
        sum.stops,
        sum.bans,
        sum.refused,
    ];
    assert!(all.iter().all(|count| *count > 20), "{sum:?}");
}

// Several tests, so that they run beside one another.

#[test]
fn in_the_first_fifty_worlds_nothing_is_lost() {
    all_hold(0..50);
}

#[test]
fn in_the_second_fifty_worlds_nothing_is_lost() {
    all_hold(50..100);
}

#[test]
fn in_the_third_fifty_worlds_nothing_is_lost() {
    all_hold(100..150);
}

#[test]
fn in_the_fourth_fifty_worlds_nothing_is_lost() {
    all_hold(150..200);
}

/// A digest of every input and every step.
fn digest(seed: u64) -> (Hash, u64) {
    let digest = Rc::new(RefCell::new((Hash::default(), 0)));
    let lines = digest.clone();
    let watch = move |line: &str| {
        let (hash, count) = *lines.borrow();
        let next = Hash::of_parts(&[&hash.to_string(), line]);
        *lines.borrow_mut() = (next, count + 1);
    };
    run(seed, &Defaults, Some(Box::new(watch))).unwrap();
    *digest.borrow()
}

#[test]
fn the_same_seed_gives_the_same_inputs_and_steps_to_the_byte() {
    for seed in [1, 5, 6] {
        let (first, lines) = digest(seed);
        assert!(lines > 1_000, "{lines}");
        assert_eq!(digest(seed), (first, lines));
    }
    assert_ne!(digest(1), digest(2));
}

#[test]
fn two_hundred_seeds_draw_every_kind_of_trouble() {
    let scenarios: Vec<Scenario> = (0..200).map(Scenario::of).collect();
    let kinds: HashSet<String> = scenarios
        .iter()
        .flat_map(|scenario| &scenario.byzantine)
        .map(|kind| format!("{kind:?}"))
        .collect();
    assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
    let any = |which: fn(&Scenario) -> bool| scenarios.iter().any(which);
    assert!(any(|scenario| scenario.is_on_real_disks));
    assert!(any(|scenario| scenario.byzantine_go_on));
    assert!(any(|scenario| scenario.rules.zeros > 0));
    assert!(any(|scenario| scenario.link.bytes_per_s.is_some()));
}
