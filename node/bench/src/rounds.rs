//! [`paired`]: rounds in which the baseline and what is measured take turns.

use std::time::{Duration, Instant};

use plugcoin_sdk::Error;

/// How long is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// How many rounds, after one to warm up.
    pub rounds: usize,
    /// How long one side of a round lasts at least, where that can be chosen.
    pub least: Duration,
    /// Whether all measures together are to end in about a minute.
    pub quick: bool,
}

impl Effort {
    /// For figures that are to be quoted.
    pub const FULL: Self = Self {
        rounds: 15,
        least: Duration::from_millis(60),
        quick: false,
    };

    /// For a look.
    pub const QUICK: Self = Self {
        rounds: 5,
        least: Duration::from_millis(20),
        quick: true,
    };

    /// The larger of two sizes, or the smaller if it is to be quick.
    pub fn size<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// A median, and between which values the middle half of all lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The value in the middle.
    pub median: f64,
    /// A quarter of all values is at most this.
    pub low: f64,
    /// A quarter of all values is at least this.
    pub high: f64,
}

impl Spread {
    /// The spread of some values; not a number, if there are none.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let last = values.len().saturating_sub(1);
        let at = |quarter: usize| {
            let place = (last * quarter + 2) / 4;
            values.get(place).copied().unwrap_or(f64::NAN)
        };
        Self {
            median: at(2),
            low: at(1),
            high: at(3),
        }
    }
}

/// What rounds of two sides gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Ours ÷ the baseline, of each round.
    pub ratio: Spread,
    /// The figure of the baseline.
    pub baseline: f64,
    /// The figure of ours.
    pub ours: f64,
}

/// Runs rounds of both sides, each of which gives a figure of any unit, the same for both.
///
/// * The ratio is taken within each round, so that a machine that is slow for a while bears on both.
/// * Who begins changes from round to round; the first round warms up and doesn't count.
///
/// # Errors
/// The first that a side has.
pub fn paired(
    effort: Effort,
    mut baseline: impl FnMut() -> Result<f64, Error>,
    mut ours: impl FnMut() -> Result<f64, Error>,
) -> Result<Paired, Error> {
    let mut rounds = Vec::with_capacity(effort.rounds);
    for round in 0..=effort.rounds {
        let pair = if round % 2 == 0 {
            let first = baseline()?;
            (first, ours()?)
        } else {
            let first = ours()?;
            (baseline()?, first)
        };
        if round > 0 {
            rounds.push(pair);
        }
    }
    let median = |value: fn(&(f64, f64)) -> f64| Spread::of(rounds.iter().map(value).collect());
    Ok(Paired {
        ratio: median(|(baseline, ours)| ours / baseline),
        baseline: median(|(baseline, _)| *baseline).median,
        ours: median(|(_, ours)| *ours).median,
    })
}

/// How much is done a second: `work` is repeated for this long at least, and says each time how much
/// it did.
///
/// # Errors
/// The first that the work has.
pub fn rate(least: Duration, mut work: impl FnMut() -> Result<u64, Error>) -> Result<f64, Error> {
    let (begin, mut done) = (Instant::now(), 0);
    loop {
        done += work()?;
        let elapsed = begin.elapsed();
        if elapsed >= least {
            return Ok(done as f64 / elapsed.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort {
        rounds: 5,
        ..Effort::QUICK
    };

    #[test]
    fn a_spread_is_the_middle_and_its_quarters() {
        let spread = Spread::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        let one = Spread::of(vec![7.0]);
        assert_eq!((one.low, one.median, one.high), (7.0, 7.0, 7.0));
        assert!(Spread::of(Vec::new()).median.is_nan());
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_the_first_does_not_count() {
        // The machine gets slower and slower; ours is always three times as fast.
        let (baselines, ours) = ([100.0, 32.0, 16.0, 8.0, 4.0, 2.0], [1.0; 6]);
        let mut turns = Vec::new();
        let (mut b, mut o) = (baselines.into_iter(), ours.into_iter().zip(baselines));
        let turns = std::cell::RefCell::new(&mut turns);
        let result = paired(
            EFFORT,
            || {
                turns.borrow_mut().push('b');
                Ok(b.next().unwrap())
            },
            || {
                turns.borrow_mut().push('o');
                Ok(o.next().map(|(_, base)| 3.0 * base).unwrap())
            },
        )
        .unwrap();
        assert_eq!(result.ratio.median, 3.0);
        assert_eq!((result.ratio.low, result.ratio.high), (3.0, 3.0));
        assert_eq!((result.baseline, result.ours), (8.0, 24.0));
        assert_eq!(turns.borrow().iter().collect::<String>(), "boobboobboob");
    }

    #[test]
    fn a_rate_counts_until_the_time_is_over() {
        let mut calls = 0;
        let per_second = rate(Duration::from_millis(1), || {
            calls += 1;
            Ok(2)
        });
        assert!(per_second.unwrap() > 0.0);
        assert!(calls > 0);
    }
}
