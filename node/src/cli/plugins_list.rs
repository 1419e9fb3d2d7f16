//! `node plugins list`: every plugin with its version, its hooks and its options.

use std::path::PathBuf;

use plugcoin_host::{DEFAULTS, Manifest, Named, OptionValue, PluginRequest, Registry};
use serde_json::json;

use super::Failure;
use super::output::{self, table};
use crate::config::{Config, Given};

/// Prints the plugins, by hook and name: those that are compiled in, those that are named by their
/// files, and those in the folder for libraries.
pub(super) fn list(
    plugin: Vec<Named>,
    plugin_dir: Option<PathBuf>,
    json: bool,
) -> Result<(), Failure> {
    let config = Config::from(Given {
        plugin,
        plugin_dir,
        ..Given::default()
    });
    let mut request = PluginRequest {
        plugins: config.plugins.clone(),
        ..PluginRequest::default()
    };
    let loader = config.loader()?;
    let registry = Registry::compiled_in()?.load(&loader, &mut request)?;
    for note in registry.notes() {
        tracing::warn!("{note}");
    }
    let (registry, refused) = registry.with_all_of_dir(&loader)?;
    for error in refused {
        tracing::warn!("{error}");
    }
    let mut manifests = registry.manifests();
    manifests.sort_by(|a, b| (a.hooks.first(), &a.name).cmp(&(b.hooks.first(), &b.name)));
    match json {
        true => output::answer(json!({ "plugins": manifests })),
        false => output::answer(text(&manifests)),
    }
    Ok(())
}

/// A line for each plugin, and beneath it two for each of its options.
fn text(manifests: &[Manifest]) -> String {
    let rows: Vec<_> = manifests.iter().map(row).collect();
    let mut text = String::new();
    for (line, manifest) in table(&rows).lines().zip(manifests) {
        text += &format!("{line}\n");
        for option in &manifest.options {
            text += &of_option(&manifest.name, option);
        }
    }
    text + "\nChoose a plugin with --plugin NAME, set an option with --set as it stands here. A rule\n\
        changes what is valid or wins: nodes that differ in one are told apart."
}

fn row(manifest: &Manifest) -> Vec<String> {
    let hooks: Vec<&str> = manifest.hooks.iter().map(|hook| hook.name()).collect();
    let default = DEFAULTS.iter().any(|(_, name)| *name == manifest.name);
    vec![
        manifest.name.clone(),
        manifest.version.clone(),
        hooks.join(", "),
        match &manifest.file {
            Some(path) => path.display().to_string(),
            None => if default { "default" } else { "" }.to_owned(),
        },
    ]
}

fn of_option(plugin: &str, option: &OptionValue) -> String {
    let spec = &option.spec;
    let default = match spec.default.as_str() {
        Some(text) => text.to_owned(),
        None => spec.default.to_string(),
    };
    let rule = if spec.consensus { "; a rule" } else { "" };
    format!(
        "    {plugin}.{}={default}  ({}{rule})\n        {}\n",
        spec.name,
        spec.kind_in_words(),
        spec.help
    )
}
