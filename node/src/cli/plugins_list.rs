//! `node plugins list`: every plugin with its version, its hooks and its options.

use plugcoin_host::{DEFAULTS, Manifest, OptionValue, Registry};
use serde_json::json;

use super::Failure;
use super::output::{self, table};

/// Prints the plugins, by hook and name.
pub(super) fn list(json: bool) -> Result<(), Failure> {
    let mut manifests = Registry::compiled_in()?.manifests();
    manifests.sort_by(|a, b| (a.hooks.first(), &a.name).cmp(&(b.hooks.first(), &b.name)));
    match json {
        true => output::answer(json!({ "plugins": manifests })),
        false => output::answer(text(&manifests)),
    }
    Ok(())
}

fn text(manifests: &[Manifest]) -> String {
    let mut rows = vec![row(["PLUGIN", "VERSION", "HOOKS", "DEFAULT"])];
    for manifest in manifests {
        let hooks: Vec<&str> = manifest.hooks.iter().map(|hook| hook.name()).collect();
        let default = DEFAULTS.iter().any(|(_, name)| *name == manifest.name);
        rows.push(row([
            &manifest.name,
            &manifest.version,
            &hooks.join(", "),
            if default { "yes" } else { "" },
        ]));
    }
    let mut options = vec![row(["OPTION", "TYPE", "DEFAULT", "RULE", "HELP"])];
    for manifest in manifests {
        options.extend(
            manifest
                .options
                .iter()
                .map(|option| of_option(manifest, option)),
        );
    }
    let mut text = table(&rows);
    if options.len() > 1 {
        text += &format!("\n\n{}", table(&options));
    }
    text + "\n\nChoose with --plugin NAME, set with --set OPTION=VALUE. A rule's option changes what is\nvalid or wins: nodes that differ in one are told apart."
}

fn of_option(manifest: &Manifest, option: &OptionValue) -> Vec<String> {
    row([
        &format!("{}.{}", manifest.name, option.spec.name),
        &option.spec.kind,
        &option.spec.default.to_string(),
        if option.spec.consensus { "yes" } else { "" },
        &option.spec.help,
    ])
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}
