//! The three algorithms on chains.

use super::*;
use plugcoin_sdk::ledger::{Hash, U256, Work};
use plugcoin_sdk::plugin::{Setup, compiled_in};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Bitcoin, Algorithm::Asert, Algorithm::Lwma];

/// A target from Bitcoin's compact form: an exponent of bytes, and three bytes.
pub(crate) fn of_compact(bits: u32) -> Target {
    let (bytes, mantissa) = (bits >> 24, U256::from(bits & 0x7f_ffff));
    Target(match bytes {
        0..=3 => mantissa >> (8 * (3 - bytes) as usize),
        _ => mantissa << (8 * (bytes - 3) as usize),
    })
}

/// The compact form of a target, which drops all but its first bits.
pub(crate) fn compact(target: Target) -> u32 {
    let mut bytes = target.0.bit_len().div_ceil(8);
    let mut mantissa = match bytes {
        0..=3 => target.0 << (8 * (3 - bytes)),
        _ => target.0 >> (8 * (bytes - 3)),
    };
    if mantissa.bit(23) {
        mantissa >>= 8;
        bytes += 1;
    }
    (bytes as u32) << 24 | mantissa.to::<u32>()
}

/// Block 1, and blocks on it that took so many microseconds each under these targets.
pub(crate) fn chain(took_us: &[i64], targets: &[Target]) -> Vec<Ancestor> {
    let mut chain = vec![block(1, 0, Target::MAX)];
    for (nr, (took_us, target)) in (2..).zip(took_us.iter().zip(targets)) {
        let before_us = chain[chain.len() - 1].time_us;
        chain.push(block(nr, before_us + took_us, *target));
    }
    chain
}

fn block(nr: u64, time_us: i64, target: Target) -> Ancestor {
    Ancestor {
        nr,
        hash: Hash::of(&nr.to_string()),
        time_us,
        target,
        work: Work::ZERO,
    }
}

/// A rule with an interval of ten seconds that reacts within some sixty blocks.
fn options(algorithm: Algorithm) -> RetargetOptions {
    RetargetOptions {
        algorithm,
        interval_s: 10,
        window: 60,
        half_life_s: 300,
        zeros_min: 0,
        ..RetargetOptions::default()
    }
}

fn rule(algorithm: Algorithm) -> Retarget {
    Retarget::from_options(&options(algorithm)).unwrap()
}

/// What the rule says of the block on this chain, given what it wants to see.
fn next(rule: &Retarget, chain: &[Ancestor]) -> Target {
    let nr = chain[chain.len() - 1].nr + 1;
    let given = match rule.wants(nr).unwrap() {
        Wants::Nothing => Vec::new(),
        Wants::Parent => chain[chain.len() - 1..].to_vec(),
        Wants::Last(count) => chain[chain.len() - count as usize..].to_vec(),
        Wants::At(heights) => heights.iter().map(|nr| chain[*nr as usize]).collect(),
    };
    rule.target(nr, &given).unwrap()
}

/// A draw between 0 and 1 that is the same on every run.
fn draw(number: u64) -> f64 {
    let hash = Hash::of(&format!("draw {number}"));
    let [high, low, ..] = *hash.as_bytes();
    (f64::from(u16::from_be_bytes([high, low])) + 0.5) / 65_536.0
}

/// Lets so many blocks be found by so many tries a second: the times are exponential draws.
fn mine(rule: &Retarget, chain: &mut Vec<Ancestor>, tries_s: f64, blocks: u64) {
    for _ in 0..blocks {
        let parent = chain[chain.len() - 1];
        let target = next(rule, chain);
        let tries: f64 = Work::of_target(&target).0.to_string().parse().unwrap();
        let seconds = -draw(parent.nr).ln() * tries / tries_s;
        let time_us = parent.time_us + 1 + (seconds * 1e6) as i64;
        chain.push(block(parent.nr + 1, time_us, target));
    }
}

/// The genesis block, whose time is long ago.
fn genesis() -> Vec<Ancestor> {
    vec![block(0, -1_000_000_000_000_000, Target::MAX)]
}

#[test]
fn blocks_keep_the_interval_whatever_the_hash_power() {
    for algorithm in ALGORITHMS {
        let rule = rule(algorithm);
        let mut chain = genesis();
        for tries_s in [1e6, 1e7, 1e5] {
            mine(&rule, &mut chain, tries_s, 600);
            let from = chain[chain.len() - 1];
            mine(&rule, &mut chain, tries_s, 1_500);
            let took_us = chain[chain.len() - 1].time_us - from.time_us;
            let mean_s = took_us as f64 / 1_500e6;
            assert!(
                (9.0..11.0).contains(&mean_s),
                "{algorithm:?} at {tries_s} tries a second: {mean_s} s"
            );
        }
    }
}

#[test]
fn the_first_blocks_have_the_start_target_and_genesis_is_never_asked_for() {
    for algorithm in ALGORITHMS {
        let rule = rule(algorithm);
        for nr in [1, 2] {
            assert_eq!(rule.wants(nr).unwrap(), Wants::Nothing);
            let target = rule.target(nr, &[]).unwrap();
            assert_eq!(target, Target::from_leading_zeros(4));
        }
        for nr in 3..200 {
            let lowest = match rule.wants(nr).unwrap() {
                Wants::At(heights) => heights[0],
                Wants::Last(count) => nr - count,
                Wants::Parent => nr - 1,
                Wants::Nothing => panic!("block {nr} wants to see something"),
            };
            assert!(lowest >= 1, "block {nr}");
        }
        assert!(rule.target(100, &[]).is_err(), "its ancestors are missing");
    }
}

#[test]
fn no_more_is_asked_for_than_is_needed() {
    let wants = |algorithm, nr| rule(algorithm).wants(nr).unwrap();
    assert_eq!(wants(Algorithm::Bitcoin, 61), Wants::Parent);
    assert_eq!(wants(Algorithm::Bitcoin, 62), Wants::At(vec![1, 61]));
    assert_eq!(wants(Algorithm::Bitcoin, 63), Wants::Parent);
    assert_eq!(wants(Algorithm::Bitcoin, 122), Wants::At(vec![61, 121]));
    assert_eq!(wants(Algorithm::Asert, 62), Wants::At(vec![1, 61]));
    assert_eq!(wants(Algorithm::Lwma, 3), Wants::Last(2));
    assert_eq!(wants(Algorithm::Lwma, 62), Wants::Last(61));
    assert_eq!(wants(Algorithm::Lwma, 9_999), Wants::Last(61));
}

#[test]
fn a_rule_that_begins_later_counts_from_its_anchor() {
    for algorithm in ALGORITHMS {
        let late = RetargetOptions {
            anchor: 999,
            ..options(algorithm)
        };
        let late = Retarget::from_options(&late).unwrap();
        assert_eq!(late.wants(1_000).unwrap(), Wants::Nothing);
        assert_ne!(late.wants(1_001).unwrap(), Wants::Nothing);
    }
    // A target from before that is easier than any of this rule does not last.
    let strict = Retarget::from_options(&RetargetOptions::default()).unwrap();
    let parent = block(499, 0, Target::MAX);
    assert_eq!(strict.target(500, &[parent]).unwrap(), strict.easiest());
}

#[test]
fn a_window_changes_the_target_by_the_clamp_at_most() {
    let rule = rule(Algorithm::Bitcoin);
    let start = Target::from_leading_zeros(4).0;
    for (took_us, target) in [
        (1, start / U256::from(4)),
        (2_500_000, start / U256::from(4)),
        (5_000_000, start / U256::from(2)),
        (10_000_000, start),
        (40_000_000, start * U256::from(4)),
        (1_000_000_000, start * U256::from(4)),
    ] {
        let mut chain = genesis();
        for nr in 1..=61 {
            let target = next(&rule, &chain);
            chain.push(block(nr, nr as i64 * took_us, target));
        }
        assert_eq!(next(&rule, &chain).0, target, "{took_us} µs a block");
    }
}

#[test]
fn without_hash_power_targets_get_as_easy_as_allowed_and_no_easier() {
    for algorithm in ALGORITHMS {
        let options = RetargetOptions {
            zeros_min: 2,
            ..options(algorithm)
        };
        let rule = Retarget::from_options(&options).unwrap();
        assert_eq!(rule.easiest(), Target::from_leading_zeros(2));
        let mut chain = genesis();
        mine(&rule, &mut chain, 0.1, 1_000);
        assert!(
            chain[1..]
                .iter()
                .all(|block| block.target <= rule.easiest())
        );
        assert_eq!(chain[1_000].target, rule.easiest());
    }
}

#[test]
fn times_that_go_back_or_to_the_end_of_all_times_do_no_harm() {
    for algorithm in ALGORITHMS {
        let rule = rule(algorithm);
        for times_us in [[i64::MIN, i64::MAX], [0, -1_000_000], [i64::MAX, i64::MIN]] {
            let mut chain = genesis();
            for nr in 1..200 {
                let target = next(&rule, &chain);
                assert!(target.0 >= U256::ONE && target <= rule.easiest());
                chain.push(block(nr, times_us[nr as usize % 2], target));
            }
        }
    }
}

#[test]
fn the_start_is_never_easier_than_the_easiest() {
    let options = RetargetOptions {
        zeros: 1,
        ..RetargetOptions::default()
    };
    let rule = Retarget::from_options(&options).unwrap();
    assert_eq!(rule.easiest(), Target::from_leading_zeros(1));
    assert_eq!(rule.target(1, &[]).unwrap(), rule.easiest());
}

#[test]
fn the_options_have_bounds() {
    let registration = compiled_in()[0];
    let made_with = |name: &str, value: serde_json::Value| {
        let setup = Setup {
            plugin: registration.name.into(),
            values: vec![("algorithm".into(), "lwma".into()), (name.into(), value)],
            ..Setup::default()
        };
        (registration.create)(&setup).map(drop)
    };
    for (name, value, said) in [
        (
            "interval_s",
            0,
            "retarget.interval_s is 0; take 1 to 4294967296",
        ),
        (
            "window",
            10_001,
            "retarget.window is 10001; take 1 to 10000",
        ),
        ("clamp", 1, "retarget.clamp is 1; take 2 to 4294967296"),
        (
            "half_life_s",
            0,
            "retarget.half_life_s is 0; take 1 to 4294967296",
        ),
        ("zeros", 61, "retarget.zeros is 61; take 0 to 60"),
        ("zeros_min", 61, "retarget.zeros_min is 61; take 0 to 60"),
    ] {
        let error = made_with(name, value.into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.to_string(), said);
    }
    assert!(made_with("window", 20.into()).is_ok());
    assert!(made_with("algorithm", "emergency".into()).is_err());
}
