//! Runs scenarios of the simulated world, each from one number.
//!
//! ```text
//! cargo run --release -p plugcoin-lab --example chaos -- --seeds 0..1000
//! cargo run -p plugcoin-lab --example chaos -- --seed 4711 --trace
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it prints is what it is for"
)]

mod plugins;

use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use plugcoin_lab::Watch;
use plugcoin_lab::chaos::{Report, Scenario, run};

use plugins::Defaults;

const USAGE: &str = "usage: chaos --seed N [--trace] | --seeds FROM..TO

  --seed N          runs one scenario, and says what it is
  --trace           tells every input and every step of it, a line each
  --seeds FROM..TO  runs many, on all cores, and says which of them fail";

/// What is asked for.
enum Wish {
    One { seed: u64, trace: bool },
    Many(Range<u64>),
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match wish(&words) {
        Some(Wish::One { seed, trace }) => one(seed, trace),
        Some(Wish::Many(seeds)) => many(seeds),
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn wish(words: &[&str]) -> Option<Wish> {
    match words {
        ["--seed", seed] => Some((seed.parse().ok()?, false)),
        ["--seed", seed, "--trace"] | ["--trace", "--seed", seed] => {
            Some((seed.parse().ok()?, true))
        }
        ["--seeds", range] => {
            let (from, to) = range.split_once("..")?;
            return Some(Wish::Many(from.parse().ok()?..to.parse().ok()?));
        }
        _ => None,
    }
    .map(|(seed, trace)| Wish::One { seed, trace })
}

fn one(seed: u64, trace: bool) -> ExitCode {
    println!("{:#?}", Scenario::of(seed));
    let watch: Option<Watch> = match trace {
        true => Some(Box::new(|line| println!("{line}"))),
        false => None,
    };
    match run(seed, &Defaults, watch) {
        Ok(report) => {
            println!("{report:#?}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn many(seeds: Range<u64>) -> ExitCode {
    let (next, failures) = (AtomicU64::new(seeds.start), AtomicU64::new(0));
    let work = || {
        let mut sum = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return sum;
            }
            match run(seed, &Defaults, None) {
                Ok(report) => sum += report,
                Err(failure) => {
                    failures.fetch_add(1, Ordering::Relaxed);
                    println!("{failure}");
                }
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let sum = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut sum = Report::default();
        for report in threads.into_iter().filter_map(|thread| thread.join().ok()) {
            sum += report;
        }
        sum
    });
    let failed = failures.into_inner();
    println!(
        "{} scenarios, {failed} failed; in all: {sum:?}",
        seeds.count()
    );
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
