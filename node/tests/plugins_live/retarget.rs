//! `retarget`: the target follows the hash power, by the blocks' own times.

use plugcoin_sdk::ledger::Block;
use rustix::process::Signal;

use crate::live::{Live, live};
use crate::program::running::until;

const INTERVAL_S: f64 = 1.0;
const HALF_LIFE_S: f64 = 2.0;
/// Two zeros.
const START: f64 = (1_u128 << 124) as f64 * (1_u128 << 124) as f64;

/// The targets that blocks had to meet, from block 1 on.
fn targets(node: &Live, chain: &[Block]) -> Vec<f64> {
    let of_block = |block: &Block| {
        let asked = node.asked(block.hash(), "target");
        assert_eq!(asked["plugin"], "retarget");
        number(asked["required"].as_str().unwrap())
    };
    chain[1..].iter().map(of_block).collect()
}

fn number(hex: &str) -> f64 {
    let digits = hex.chars().map(|digit| digit.to_digit(16).unwrap());
    digits.fold(0.0, |number, digit| number * 16.0 + f64::from(digit))
}

/// The times of all blocks, in seconds.
fn times(chain: &[Block]) -> Vec<f64> {
    let us = chain.iter().map(|block| block.header().timestamp.us());
    us.map(|us| us as f64 / 1e6).collect()
}

/// Holds every target against a formula: what it must be for block `nr`, by the times of all
/// blocks and the targets of those before, from block 1 on.
fn check(node: &Live, formula: impl Fn(usize, &[f64], &[f64]) -> f64) -> Vec<f64> {
    let chain = node.chain();
    let (times, targets) = (times(&chain), targets(node, &chain));
    for nr in 1..chain.len() {
        let expected = match nr {
            1 | 2 => START,
            _ => formula(nr, &times, &targets[..nr - 1]),
        };
        let off = targets[nr - 1] / expected.min(START) - 1.0;
        assert!(
            off.abs() < 1e-3,
            "block {nr}: {off} in {times:?} {targets:?}"
        );
        let hash = number(&chain[nr].hash().to_string());
        assert!(hash <= targets[nr - 1] * 1.000_001, "block {nr}");
    }
    targets
}

/// Bitcoin's rule for windows of two blocks: each ends with a block of odd number.
fn by_window(nr: usize, times: &[f64], targets: &[f64]) -> f64 {
    let last = *targets.last().unwrap();
    match nr % 2 {
        0 => last * ((times[nr - 1] - times[nr - 3]) / (2.0 * INTERVAL_S)).clamp(0.25, 4.0),
        _ => last,
    }
}

fn rules(algorithm: &str) -> String {
    format!(
        "--plugin retarget --set retarget.algorithm={algorithm} --set retarget.interval_s={INTERVAL_S} \
         --set retarget.window=2 --set retarget.half_life_s={HALF_LIFE_S} --set retarget.zeros=2 \
         --threads 1"
    )
}

#[test]
fn the_interval_is_steered_to_its_aim_when_hash_power_comes_and_goes() {
    let rules = rules("bitcoin");
    let a = live(format!("{rules} --mine --mine-interval 0s"));
    a.reach(1);
    let b = live(format!("{rules} --peer {}", a.address));
    // Power comes: two zeros are far too easy, and the windows grow from nothing to two seconds.
    let steered = until("a window near the aim", || {
        let times = times(&b.chain());
        let near = |end: usize| (1.0..4.0).contains(&(times[end] - times[end - 2]));
        (3..times.len()).step_by(2).find(|end| near(*end))
    });
    let hard = check(&b, by_window);
    assert!(hard[steered - 1] < START / 16.0, "{hard:?}");
    // Power goes: blocks come every two seconds at best, and a window of such blocks takes four.
    assert_eq!(a.stop(Signal::TERM).0, 0);
    let next = b.chain().len();
    let b = b.restart(Signal::TERM, format!("{rules} --mine --mine-interval 2s"));
    let c = live(format!("{rules} --peer {}", b.address));
    let end = next + 2 + (next + 1) % 2;
    c.reach(end as u64 + 1);
    let eased = check(&c, by_window);
    assert!(eased[end] > 1.5 * eased[end - 1], "{eased:?}");
}

#[test]
fn by_schedule_and_by_the_last_solve_times() {
    for algorithm in ["asert", "lwma"] {
        let rules = rules(algorithm);
        let a = live(format!("{rules} --mine --mine-interval 0s"));
        let b = live(format!("{rules} --peer {}", a.address));
        b.reach(5);
        let targets = check(&b, |nr, times, targets| match algorithm {
            "asert" => {
                let late = times[nr - 1] - times[1] - INTERVAL_S * (nr - 2) as f64;
                START * (late / HALF_LIFE_S).exp2()
            }
            _ => {
                let n = (nr - 2).min(2);
                let mean = targets[nr - 1 - n..].iter().sum::<f64>() / n as f64;
                let weighed = |i: usize| {
                    let solved = nr - 1 - n + i;
                    i as f64 * (times[solved] - times[solved - 1]).min(6.0 * INTERVAL_S)
                };
                let sum: f64 = (1..=n).map(weighed).sum();
                let expected = INTERVAL_S * (n * (n + 1)) as f64 / 2.0;
                mean * (sum / expected).max(0.1)
            }
        });
        assert!(targets[4] < targets[1], "{algorithm}: {targets:?}");
    }
}
