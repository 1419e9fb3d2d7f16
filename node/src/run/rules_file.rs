//! `rules-PORT.json`: under which rules the journal was written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plugcoin_core::Journal;
use plugcoin_host::{Manifest, Resolved};
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::json;

use super::atomic_write::atomic_write;
use super::limits::FILE_BYTES_MAX;
use super::peers_file::read_text;
use crate::cli::{ExitCode, Failure};

#[derive(Deserialize)]
struct Content {
    fingerprint: Hash,
    /// The SHA-256 of each library among the plugins; older nodes did not write it.
    libraries: Option<BTreeMap<String, String>>,
}

/// The plugins that decide what is valid and come from libraries, with the SHA-256 of these.
fn libraries(resolved: &Resolved) -> BTreeMap<String, String> {
    let decides = |name: &str| {
        let mut rules = resolved.rules.iter();
        rules.any(|rule| rule.plugin == name && rule.hook.decides_validity())
    };
    let plugins = resolved.manifests.iter();
    let of_library = |plugin: &Manifest| Some((plugin.name.clone(), plugin.digest.clone()?));
    plugins
        .filter(|plugin| decides(&plugin.name))
        .filter_map(of_library)
        .collect()
}

/// How the journal is to be read: believed, if it was written under the rules that hold now.
///
/// * A library of other bytes may have other rules under the same name and version: its author may
///   have forgotten to raise the version.
/// * A file that can't be understood is no fault: the journal is judged then, and the file made anew.
///
/// # Errors
/// [`ErrorKind::Io`] if there is a file that can't be read.
pub(crate) fn journal(path: &Path, resolved: &Resolved) -> Result<Journal, Error> {
    let fingerprint = &resolved.fingerprint;
    let Some(text) = read_text(path, FILE_BYTES_MAX)? else {
        return Ok(Journal::Judge);
    };
    match serde_json::from_str::<Content>(&text) {
        Ok(content) if content.fingerprint == *fingerprint => {
            let now = libraries(resolved);
            let Some(before) = content.libraries else {
                if now.is_empty() {
                    return Ok(Journal::SameRules);
                }
                tracing::warn!(
                    plugins = listed(now.keys()),
                    "the journal was written by an older node, which did not note the files that these \
                     plugins come from; every block is checked"
                );
                return Ok(Journal::Judge);
            };
            if before == now {
                return Ok(Journal::SameRules);
            }
            let differs = |name: &&String| before.get(*name) != now.get(*name);
            tracing::warn!(
                plugins = listed(now.keys().chain(before.keys()).filter(differs)),
                "the journal was written when these plugins were other files of the same version; \
                 every block is checked"
            );
            Ok(Journal::Judge)
        }
        Ok(content) => {
            tracing::warn!(
                written_under = %content.fingerprint,
                now = %fingerprint,
                "the journal was written under other rules; every block is checked under the new ones"
            );
            Ok(Journal::Judge)
        }
        Err(error) => {
            tracing::warn!(
                file = %path.display(),
                %error,
                "the file of the rules is damaged; every block of the journal is checked"
            );
            Ok(Journal::Judge)
        }
    }
}

/// These names, each once.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: BTreeSet<&str> = names.map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The fingerprint of the rules that are written down; none if there is no such file, or it is damaged.
///
/// # Errors
/// [`ErrorKind::Io`] if there is a file that can't be read.
pub(crate) fn fingerprint(path: &Path) -> Result<Option<Hash>, Error> {
    let text = read_text(path, FILE_BYTES_MAX)?;
    let content = text.and_then(|text| serde_json::from_str::<Content>(&text).ok());
    Ok(content.map(|content| content.fingerprint))
}

/// What a snapshot of the journal holds under: the same as the journal, the rules and the libraries that
/// they come from.
///
/// * A start that judged all anew for other libraries, and was stopped before it wrote that down, leaves no
///   snapshot that the next one would believe.
pub(crate) fn snapshots_of(resolved: &Resolved) -> Hash {
    Hash::of(&format!(
        "{} {:?}",
        resolved.fingerprint,
        libraries(resolved)
    ))
}

/// Writes down the rules that hold.
///
/// # Errors
/// [`ErrorKind::Io`].
pub(crate) fn save(path: &Path, resolved: &Resolved) -> Result<(), Error> {
    let content = json!({
        "fingerprint": resolved.fingerprint,
        "genesis": genesis().hash(),
        "rules": resolved.rules,
        "libraries": libraries(resolved),
    });
    atomic_write(path, &format!("{content:#}\n"))
}

/// Why a journal that was judged is not taken, with the ways out.
pub(crate) fn refused(error: Error, journal: Journal, rules: &Path) -> Failure {
    if journal == Journal::SameRules || error.kind() != ErrorKind::Corrupt {
        return error.into();
    }
    let before = match rules.exists() {
        true => format!(
            ", or the plugins and options that it was written under ({})",
            rules.display()
        ),
        false => String::new(),
    };
    Failure::new(
        ExitCode::Chain,
        format!(
            "the stored chain does not hold under these rules: {error}\n\
             Take another --data-dir{before}, or let the new plugin begin at a later block, as \
             --plugin NAME@NR."
        ),
    )
}
