//! [`Measure`]: what is measured, and what came of it.

use std::time::Instant;

use plugcoin_sdk::Error;

use crate::report::Report;
use crate::rounds::{Paired, Spread};
use crate::workbench::Workbench;

/// Which ratios are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Those of the target and above.
    Higher,
    /// Those of the target and below.
    Lower,
}

impl Direction {
    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }

    /// Whether a ratio reaches a target.
    pub fn meets(self, ratio: f64, target: f64) -> bool {
        match self {
            Self::Higher => ratio >= target,
            Self::Lower => ratio <= target,
        }
    }
}

/// A ratio that can be measured.
pub struct Measure {
    /// Its name; what stands before the first dot is its family.
    pub name: &'static str,
    /// What the ratio is, in a line.
    pub ratio: &'static str,
    /// What it should reach; none if it is only reported.
    pub target: Option<f64>,
    /// Which ratios are good.
    pub direction: Direction,
    /// What the ratio counts: `x` for times the baseline.
    pub unit: &'static str,
    pub(crate) run: fn(&Workbench) -> Result<Outcome, Error>,
}

impl Measure {
    /// Its family.
    pub fn family(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// Measures; what goes wrong is told like what comes of it, so that the others can follow.
    pub fn run(&'static self, workbench: &Workbench) -> Report {
        let begin = Instant::now();
        let outcome = (self.run)(workbench);
        Report {
            measure: self,
            outcome: outcome.unwrap_or_else(|error| Outcome::Failed(error.to_string())),
            quick: workbench.effort.quick,
            took: begin.elapsed(),
        }
    }
}

/// What came of a measure.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A ratio.
    Measured(Measured),
    /// This machine can't do it, and why.
    NotHere(String),
    /// What went wrong.
    Failed(String),
}

/// A ratio as it was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The ratio.
    pub ratio: Spread,
    /// What was measured in figures of this machine, for people.
    pub absolute: String,
}

impl Paired {
    /// The ratio of the rounds, with these words on what was measured.
    pub fn told(&self, absolute: String) -> Outcome {
        Outcome::Measured(Measured {
            ratio: self.ratio,
            absolute,
        })
    }
}
