//! [`Report`]: what came of a measure, for people and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use crate::measure::{Measure, Measured, Outcome};

/// What came of a measure.
pub struct Report {
    /// What was measured.
    pub measure: &'static Measure,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether it was a short look, with shorter chains than the target means.
    pub quick: bool,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// The cells of a row: name, ratio and its spread, target, whether it is met, figures.
    pub fn row(&self) -> [String; 5] {
        let name = self.measure.name.to_owned();
        let target = self.measure.target_text();
        let Measured { ratio, absolute } = match &self.outcome {
            Outcome::Measured(measured) => measured,
            Outcome::NotHere(why) => {
                let why = format!("not on this machine: {why}");
                return [name, "-".to_owned(), target, String::new(), why];
            }
            Outcome::Failed(why) => {
                return [
                    name,
                    "-".to_owned(),
                    target,
                    "failed".to_owned(),
                    why.clone(),
                ];
            }
        };
        let figures = format!(
            "{:.3} ({:.3} to {:.3})",
            ratio.median, ratio.low, ratio.high
        );
        let met = match self.meets() {
            None => "",
            Some(true) => "met",
            Some(false) => "missed",
        };
        [name, figures, target, met.to_owned(), absolute.clone()]
    }

    /// Whether the ratio reaches its target; none if there is no target, or no ratio.
    pub fn meets(&self) -> Option<bool> {
        match (&self.outcome, self.measure.target) {
            (Outcome::Measured(measured), Some(target)) => {
                Some(self.measure.direction.meets(measured.ratio.median, target))
            }
            _ => None,
        }
    }

    /// The object of the list that `node bench --json` prints.
    pub fn json(&self) -> Value {
        let mut object = json!({
            "name": self.measure.name,
            "ratio": null,
            "target": self.measure.target,
            "direction": self.measure.direction.name(),
            "unit": self.measure.unit,
            "meets": self.meets(),
            "of": self.measure.ratio,
            "quick": self.quick,
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        });
        match &self.outcome {
            Outcome::Measured(measured) => {
                object["ratio"] = json!(measured.ratio.median);
                object["low"] = json!(measured.ratio.low);
                object["high"] = json!(measured.ratio.high);
                object["absolute"] = json!(measured.absolute);
            }
            Outcome::NotHere(why) => object["not_here"] = json!(why),
            Outcome::Failed(why) => object["failed"] = json!(why),
        }
        object
    }
}

impl Measure {
    /// The target, as people write it.
    pub fn target_text(&self) -> String {
        let sign = match self.direction {
            crate::Direction::Higher => "≥",
            crate::Direction::Lower => "≤",
        };
        let unit = match self.unit {
            "x" => String::new(),
            unit => format!(" {unit}"),
        };
        match self.target {
            Some(target) => format!("{sign} {target}{unit}"),
            None => "reported".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::MEASURES;
    use crate::rounds::Spread;

    fn report(name: &str, outcome: Outcome) -> Report {
        let measure = MEASURES.iter().find(|measure| measure.name == name);
        Report {
            measure: measure.unwrap(),
            outcome,
            quick: true,
            took: Duration::from_millis(12),
        }
    }

    fn measured(median: f64) -> Outcome {
        Outcome::Measured(Measured {
            ratio: Spread {
                median,
                low: median - 0.5,
                high: median + 0.25,
            },
            absolute: "so fast".into(),
        })
    }

    #[test]
    fn a_row_says_whether_the_target_is_met() {
        let row = |name, outcome| report(name, outcome).row().join(" | ");
        assert_eq!(
            row("mining.t1.avx512", measured(7.0)),
            "mining.t1.avx512 | 7.000 (6.500 to 7.250) | ≥ 7 | met | so fast"
        );
        assert_eq!(
            row("sync.100k", measured(2.0)),
            "sync.100k | 2.000 (1.500 to 2.250) | ≤ 1.3 | missed | so fast"
        );
        assert_eq!(
            row("verify.distinct", measured(2.0)),
            "verify.distinct | 2.000 (1.500 to 2.250) | reported |  | so fast"
        );
        assert_eq!(
            row(
                "mining.t1.avx512",
                Outcome::NotHere("it has no AVX-512".into())
            ),
            "mining.t1.avx512 | - | ≥ 7 |  | not on this machine: it has no AVX-512"
        );
        assert_eq!(
            row("serve.inv", Outcome::Failed("the server closed".into())),
            "serve.inv | - | ≤ 1.6 | failed | the server closed"
        );
    }

    #[test]
    fn json_has_the_ratio_or_null() {
        let json = report("mining.t1.avx512", measured(6.0)).json();
        assert_eq!(json["ratio"], 6.0);
        assert_eq!(json["target"], 7.0);
        assert_eq!(json["direction"], "higher");
        assert_eq!(json["unit"], "x");
        assert_eq!(json["meets"], false);
        let json = report("verify.distinct", Outcome::NotHere("why".into())).json();
        assert_eq!(json["ratio"], Value::Null);
        assert_eq!(json["target"], Value::Null);
        assert_eq!(json["not_here"], "why");
        let json = report("verify.distinct", Outcome::Failed("why".into())).json();
        assert_eq!(
            (&json["ratio"], &json["failed"]),
            (&Value::Null, &json!("why"))
        );
    }
}
