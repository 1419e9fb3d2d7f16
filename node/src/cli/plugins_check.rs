//! `node plugins check`: prints what a check found, and says by the exit code whether all is kept.

use std::path::PathBuf;

use plugcoin_host::{Form, Named, Setting};

use super::output::{self, table};
use super::{ExitCode, Failure};
use crate::check;
use crate::check::report::{HookReport, PluginReport, Report};
use crate::config::{Config, Given};

/// Checks a plugin, or all in a file, and prints the report.
pub(super) fn check(
    plugin: &Named,
    plugin_dir: Option<PathBuf>,
    set: &[Setting],
    json: bool,
) -> Result<(), Failure> {
    let config = Config::from(Given {
        plugin_dir,
        ..Given::default()
    });
    let report = check::check(plugin, set, &config.loader()?)?;
    match json {
        true => output::answer(serde_json::to_value(&report).unwrap_or_default()),
        false => output::answer(text(&report)),
    }
    let bad: Vec<&str> = report
        .plugins
        .iter()
        .filter(|plugin| !plugin.kept)
        .map(|plugin| plugin.name.as_str())
        .collect();
    match bad.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(
            ExitCode::Laws,
            format!(
                "{} does not keep what a node relies on; see BROKEN above",
                bad.join(", ")
            ),
        )),
    }
}

fn text(report: &Report) -> String {
    let plugins: Vec<String> = report.plugins.iter().map(of_plugin).collect();
    plugins.join("\n\n")
}

fn of_plugin(plugin: &PluginReport) -> String {
    let form = match plugin.form {
        Form::CompiledIn => "compiled in".to_owned(),
        Form::Loaded => format!(
            "loaded, SHA-256 {}",
            plugin.digest.as_deref().unwrap_or("?")
        ),
    };
    let mut text = format!("{} {}, {form}\n", plugin.name, plugin.version);
    for hook in &plugin.hooks {
        text += &of_hook(hook);
    }
    text += "\nEvery hook\n";
    for (law, grade) in [
        ("the same call has the same answer", &plugin.same_answers),
        ("and in another process, later", &plugin.two_processes),
        ("the process does not grow", &plugin.memory),
    ] {
        text += &of_law(law, grade.kept, Some(&grade.seen));
    }
    if !plugin.times.is_empty() {
        let rows: Vec<Vec<String>> = plugin
            .times
            .iter()
            .map(|time| {
                vec![
                    format!("  {}.{}", time.hook, time.method),
                    format!("{:>9} ns", time.median_ns),
                ]
            })
            .collect();
        text += &format!("\nTime of a call, the median\n{}\n", table(&rows));
    }
    let grades = [&plugin.same_answers, &plugin.two_processes, &plugin.memory];
    let laws = plugin.hooks.iter().flat_map(|hook| &hook.laws);
    let all: Vec<bool> = laws
        .map(|law| law.kept)
        .chain(grades.iter().map(|grade| grade.kept))
        .collect();
    let kept = all.iter().filter(|kept| **kept).count();
    text + &format!("\n{kept} of {} kept", all.len())
}

fn of_hook(hook: &HookReport) -> String {
    let laws = hook.laws.iter();
    let laws: String = laws
        .map(|law| of_law(&law.law.replace('_', " "), law.kept, law.why.as_deref()))
        .collect();
    let mut name = hook.hook.name().replace('-', " ");
    name[..1].make_ascii_uppercase();
    format!("\n{name}\n{laws}")
}

/// A law on its line, and what is said of it beneath.
fn of_law(law: &str, kept: bool, said: Option<&str>) -> String {
    let word = if kept { "kept  " } else { "BROKEN" };
    let said: String = said
        .into_iter()
        .flat_map(str::lines)
        .map(|line| format!("          {}\n", line.trim_end()))
        .collect();
    format!("  {word}  {law}\n{said}")
}
