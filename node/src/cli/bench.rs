//! `node bench`: how fast this machine is.

use std::path::PathBuf;

use plugcoin_bench::{Effort, MEASURES, Measure, Report, Workbench, machine, select};
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

/// Measures what is named, or all, and prints each ratio as soon as it is there; in JSON at the end.
///
/// * Whatever the ratios are, it is no failure.
pub(super) fn run(
    asked: &[String],
    effort: Effort,
    json: bool,
    dir: Option<PathBuf>,
    plugin_dir: Option<PathBuf>,
) -> Result<(), Failure> {
    let unknown = |error: Error| Failure::new(ExitCode::Usage, error.to_string());
    let measures = select(asked).map_err(unknown)?;
    if cfg!(debug_assertions) {
        tracing::warn!(
            "this program was built without optimisation: its figures mean nothing; build it by \
            cargo build --release"
        );
    }
    let dir = dir.unwrap_or_else(std::env::temp_dir);
    let own_dir = tempfile::tempdir_in(&dir).map_err(|error| {
        Error::new(
            ErrorKind::Io,
            "there is no place for the files to measure with",
        )
        .with("folder", dir.display())
        .because(error)
    })?;
    let config = Config::from(Given {
        plugin_dir,
        ..Given::default()
    });
    let workbench = Workbench {
        effort,
        dir: own_dir.path().to_owned(),
        loader: config.loader()?,
    };
    if !json {
        output::answer(format_args!("{}\n\n{}", machine(), line(&HEAD)));
    }
    let mut objects: Vec<Value> = Vec::new();
    for measure in measures {
        let report = measure.run(&workbench)?;
        match json {
            true => objects.push(object(&report)),
            false => output::answer(line(&report.row())),
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

fn object(report: &Report) -> Value {
    let mut object = report.json();
    object["machine"] = machine().into();
    object
}
