//! `node bench`: how fast this machine is.

use std::path::PathBuf;

use plugcoin_bench::{Effort, Growth, MEASURES, Measure, Outcome, Workbench, machine, select};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::Value;

use super::output::{self, table};
use super::{ExitCode, Failure};
use crate::config::{Config, Given};

/// Prints every measure: its name, its target, what its ratio is.
pub(super) fn list() {
    let row = |measure: &Measure| {
        vec![
            measure.name.to_owned(),
            measure.target_text(),
            measure.ratio.to_owned(),
        ]
    };
    let rows: Vec<_> = MEASURES.iter().map(row).collect();
    output::answer(table(&rows));
}

/// Where the files and the libraries lie.
pub(super) struct Place {
    pub(super) dir: Option<PathBuf>,
    pub(super) plugin_dir: Option<PathBuf>,
}

/// Measures what is named, or all, and prints each ratio as soon as it is there; in JSON at the end.
///
/// * Whatever the ratios are, it is no failure; a measure that failed is one, when the others are there.
pub(super) fn run(
    asked: &[String],
    effort: Effort,
    json: bool,
    place: Place,
) -> Result<(), Failure> {
    let unknown = |error: Error| Failure::new(ExitCode::Usage, error.to_string());
    let measures = select(asked).map_err(unknown)?;
    place.measure(effort, |workbench| {
        let mut failed = Vec::new();
        let reports = measures.iter().map(|measure| {
            let report = measure.run(workbench);
            if matches!(report.outcome, Outcome::Failed(_)) {
                failed.push(measure.name);
            }
            Ok(report)
        });
        print(json, &line(&HEAD), reports, |report| {
            (line(&report.row()), report.json())
        })?;
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Failure::new(
                ExitCode::Fault,
                format!("could not be measured: {}", failed.join(", ")),
            )),
        }
    })
}

/// Prints what things cost as the chain grows, each length as soon as it is measured.
pub(super) fn growth(effort: Effort, json: bool, place: Place) -> Result<(), Failure> {
    place.measure(effort, |workbench| {
        let lengths = Growth::lengths(effort).iter();
        let rows = lengths.map(|&blocks| Growth::measure(workbench, blocks));
        Ok(print(json, &columns(&Growth::HEAD), rows, |growth| {
            (columns(&growth.row()), growth.json())
        })?)
    })
}

impl Place {
    /// Measures in an own folder, which is gone afterwards.
    fn measure(
        self,
        effort: Effort,
        measure: impl FnOnce(&Workbench) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if cfg!(debug_assertions) {
            tracing::warn!(
                "this program was built without optimisation: its figures mean nothing; build it by \
                cargo build --release"
            );
        }
        let dir = self.dir.unwrap_or_else(std::env::temp_dir);
        let own_dir = tempfile::tempdir_in(&dir).map_err(|error| {
            Error::new(
                ErrorKind::Io,
                "there is no place for the files to measure with",
            )
            .with("folder", dir.display())
            .because(error)
        })?;
        let config = Config::from(Given {
            plugin_dir: self.plugin_dir,
            ..Given::default()
        });
        let workbench = Workbench {
            effort,
            dir: own_dir.path().to_owned(),
            loader: config.loader()?,
        };
        measure(&workbench)
    }
}

/// Prints results as they come, beneath what their columns are; or all of them in JSON.
fn print<T>(
    json: bool,
    head: &str,
    results: impl Iterator<Item = Result<T, Error>>,
    shown: impl Fn(&T) -> (String, Value),
) -> Result<(), Error> {
    if !json {
        output::answer(format_args!("{}\n\n{head}", machine()));
    }
    let mut objects = Vec::new();
    for result in results {
        let (line, mut object) = shown(&result?);
        match json {
            true => {
                object["machine"] = machine().into();
                objects.push(object);
            }
            false => output::answer(line),
        }
    }
    if json {
        output::answer(Value::from(objects));
    }
    Ok(())
}

const HEAD: [&str; 5] = ["measure", "ratio (middle half)", "target", "", "figures"];

/// A row: it is printed before the next is known, so the columns are as wide as they may become.
fn line(cells: &[impl AsRef<str>; 5]) -> String {
    let [name, ratio, target, met, figures] = cells.each_ref().map(AsRef::as_ref);
    let line = format!("{name:<18}  {ratio:<24}  {target:<8}  {met:<6}  {figures}");
    line.trim_end().to_owned()
}

/// A row of short cells.
fn columns(cells: &[impl AsRef<str>]) -> String {
    let cells = cells.iter().map(|cell| format!("{:>15}", cell.as_ref()));
    cells.collect()
}
