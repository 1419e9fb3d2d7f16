//! [`Recording`]: what a node answered, in a folder named by the fingerprint of its rules.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::diff::{self, Unnoticed};
use crate::exchange;
use crate::node::TestNode;

/// The file that says by which plugins the others came about.
const PLUGINS: &str = "plugins.json";

/// How a file of answers ends.
const ANSWERS: &str = "txt";

/// How many digits of the fingerprint name a folder.
const DIGITS: usize = 16;

/// What a node answered.
///
/// * In a folder it is a text for each endpoint, and `plugins.json`: the plugins and options that
///   were asked for, and the versions of all that were active.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    asked: Asked,
    fingerprint: Hash,
    /// The versions of the active plugins, by name.
    versions: BTreeMap<String, String>,
    /// By endpoint.
    files: BTreeMap<String, String>,
}

/// An endpoint that answers otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The endpoint.
    pub endpoint: String,
    /// What changed, as a unified diff.
    pub diff: String,
}

/// The file beside the answers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginsFile {
    fingerprint: Hash,
    /// As `--plugin` has them.
    plugin: Vec<String>,
    /// As `--set` has them.
    set: Vec<String>,
    versions: BTreeMap<String, String>,
}

impl Recording {
    /// Asks a node all there is to ask.
    ///
    /// # Errors
    /// As [`TestNode::exchanges`].
    pub fn of(node: TestNode) -> Result<Self, Error> {
        let (asked, fingerprint) = (node.asked().clone(), node.fingerprint());
        let manifests = node.manifests().iter();
        let versions = manifests.map(|plugin| (plugin.name.clone(), plugin.version.clone()));
        let versions = versions.collect();
        let files = exchange::texts(&node.exchanges()?);
        Ok(Self {
            asked,
            fingerprint,
            versions,
            files,
        })
    }

    /// What the node was asked to run with.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The answers as text, by endpoint.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    /// The folder of this recording in another.
    pub fn folder(&self, dir: &Path) -> PathBuf {
        dir.join(&self.fingerprint.to_string()[..DIGITS])
    }

    /// Writes the answers into their own folder in `dir`; what was recorded there before is replaced.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the folder holds what other plugins of the same fingerprint
    /// answered, or something that is no recording; [`ErrorKind::Io`].
    pub fn write(&self, dir: &Path) -> Result<PathBuf, Error> {
        let folder = self.folder(dir);
        fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, error))?;
        if folder.join(PLUGINS).exists() {
            let before = Self::read(&folder)?;
            if before.texts() != self.texts() {
                let message = "other plugins or options of the same rules are recorded there; \
                               record these in another folder";
                let before = before.texts().concat();
                return Err(Error::new(ErrorKind::Configuration, message)
                    .with("folder", folder.display())
                    .with("recorded", before.join(" ")));
            }
            for endpoint in before.files.keys() {
                let file = answers(&folder, endpoint);
                fs::remove_file(&file).map_err(|error| unwritable(&file, error))?;
            }
        }
        let write = |file: PathBuf, text: &str| {
            fs::write(&file, text).map_err(|error| unwritable(&file, error))
        };
        for (endpoint, text) in &self.files {
            write(answers(&folder, endpoint), text)?;
        }
        let [plugin, set] = self.texts();
        let plugins = PluginsFile {
            fingerprint: self.fingerprint,
            plugin,
            set,
            versions: self.versions.clone(),
        };
        let json = serde_json::to_string_pretty(&plugins);
        let json = json.map_err(|error| unwritable(&folder, error.into()))?;
        // Last: where it is, the rest is whole.
        write(folder.join(PLUGINS), &(json + "\n"))?;
        Ok(folder)
    }

    /// Reads one folder of answers.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if it holds none, [`ErrorKind::Corrupt`] if its list of plugins
    /// is none, [`ErrorKind::Io`].
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let file = folder.join(PLUGINS);
        let text = fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
        let plugins: PluginsFile = serde_json::from_str(&text).map_err(|error| {
            let message = "this is no list of plugins as `node snapshot record` writes it; record \
                           the answers anew";
            Error::new(ErrorKind::Corrupt, message)
                .with("file", file.display())
                .because(error)
        })?;
        let mut files = BTreeMap::new();
        for path in entries(folder)? {
            let endpoint = path.file_stem().and_then(|stem| stem.to_str());
            if let Some(endpoint) = endpoint
                && path.extension().is_some_and(|end| end == ANSWERS)
            {
                let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
                files.insert(endpoint.to_owned(), text);
            }
        }
        Ok(Self {
            asked: Asked::parse(&plugins.plugin, &plugins.set)?,
            fingerprint: plugins.fingerprint,
            versions: plugins.versions,
            files,
        })
    }

    /// The folders of answers in `dir`, by name; `dir` itself if it is one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if there are none, [`ErrorKind::Io`].
    pub fn folders(dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let is_one = |folder: &PathBuf| folder.join(PLUGINS).is_file();
        if is_one(&dir.to_owned()) {
            return Ok(vec![dir.to_owned()]);
        }
        let mut folders = match dir.is_dir() {
            true => entries(dir)?,
            false => Vec::new(),
        };
        folders.retain(is_one);
        if folders.is_empty() {
            let message =
                "nothing is recorded there; record answers with `node snapshot record DIR`";
            return Err(Error::new(ErrorKind::Configuration, message).with("folder", dir.display()));
        }
        Ok(folders)
    }

    /// What is otherwise in a newer recording, endpoint by endpoint; `before` names this one.
    ///
    /// * Lines in which only hashes, nonces, keys and signatures are others are shown as they are
    ///   now, without a sign, unless nothing else has changed at all.
    pub fn changes(&self, now: &Self, before: &Path) -> Vec<Changed> {
        let mut endpoints: Vec<&String> = self.files.keys().chain(now.files.keys()).collect();
        endpoints.sort();
        endpoints.dedup();
        let text = |files: &BTreeMap<String, String>, endpoint: &String| {
            files.get(endpoint).cloned().unwrap_or_default()
        };
        let changed: Vec<(&String, String, String)> = endpoints
            .into_iter()
            .map(|endpoint| {
                (
                    endpoint,
                    text(&self.files, endpoint),
                    text(&now.files, endpoint),
                )
            })
            .filter(|(_, old, new)| old != new)
            .collect();
        let [old, new] = [self, now].map(|recording| {
            let texts: Vec<&str> = recording.files.values().map(String::as_str).collect();
            texts.concat()
        });
        let mut noticed: HashSet<&str> = &diff::names(&old) & &diff::names(&new);
        let fingerprints = [self.fingerprint, now.fingerprint].map(|hash| hash.to_string());
        noticed.extend(fingerprints.iter().map(String::as_str));
        let all = |unnoticed: Unnoticed<'_>| -> Vec<String> {
            let hunks = changed
                .iter()
                .map(|(_, old, new)| diff::hunks(old, new, &unnoticed));
            hunks.collect()
        };
        let mut hunks = all(Unnoticed::AllBut(noticed));
        if hunks.iter().all(String::is_empty) {
            hunks = all(Unnoticed::None);
        }
        let changed = changed.iter().zip(hunks).map(|((endpoint, ..), hunks)| {
            let file = answers(before, endpoint);
            let hunks = match hunks.as_str() {
                "" => "(other hashes, nonces, keys and signatures, and nothing else)\n",
                hunks => hunks,
            };
            Changed {
                endpoint: (*endpoint).clone(),
                diff: format!("--- {}\n+++ now\n{hunks}", file.display()),
            }
        });
        changed.collect()
    }

    /// The plugins and options as a command line has them.
    fn texts(&self) -> [Vec<String>; 2] {
        let plugins = self.asked.plugins.iter().map(ToString::to_string);
        [plugins.collect(), self.asked.set_texts()]
    }
}

fn answers(folder: &Path, endpoint: &str) -> PathBuf {
    folder.join(format!("{endpoint}.{ANSWERS}"))
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let paths =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = paths.map_err(|error| unreadable(folder, error))?;
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, "what was recorded can't be read")
        .with("path", path.display())
        .because(error)
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, "the answers can't be recorded")
        .with("path", path.display())
        .because(error)
}
