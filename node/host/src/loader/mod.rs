//! [`Loader`]: plugins from files.
//!
//! * `checks`: what is found out from the file's bytes, before anything in it runs.
//! * `trial`: a child process opens it first, and dies of it if somebody has to.
//! * `sealed`: the copy in memory that is opened, which nobody can change any more.

mod checks;
mod first_calls;
mod sealed;
mod trial;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use plugcoin_sdk::plugin::About;
use plugcoin_sdk::{Error, ErrorKind};

use crate::nearest::nearest;
use crate::plugin::{LoadedFile, Plugin};
use crate::registry::Registry;
use crate::request::{Named, PluginRequest};
use sealed::Sealed;
use trial::Tried;
pub use trial::answer_trial;

/// How a loaded library's file begins and ends: `libNAME.so`, with `_` for `-`.
const PREFIX: &str = "lib";
const SUFFIX: &str = ".so";

/// How long a plugin's version may be, in bytes.
const VERSION_BYTES_MAX: usize = 64;

/// How many options a plugin may have.
const OPTIONS_MAX: usize = 64;

/// How long each text of an option may be, in bytes.
const TEXT_BYTES_MAX: usize = 400;

/// Where plugins are loaded from, and how they are tried.
#[derive(Clone, Debug)]
pub struct Loader {
    /// Where libraries are sought by name; none: nowhere.
    pub dir: Option<PathBuf>,
    /// The program that opens a library first: it calls [`answer_trial`] on `plugins trial REQUEST`.
    pub program: PathBuf,
    /// What files must be, if they are loaded.
    pub pins: Vec<Pin>,
    /// How long a library may take to open and to make its plugins; see [`Loader::TRIAL`].
    pub trial: Duration,
}

/// What the file of a plugin must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The plugin's name, or the path, as it is named to be loaded.
    pub plugin: String,
    /// The SHA-256 of the file's bytes, as lower-case hex.
    pub digest: String,
}

impl FromStr for Pin {
    type Err = Error;

    /// Reads `NAME=SHA256`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let is_digest =
            |digest: &str| digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        match text.rsplit_once('=') {
            Some((plugin, digest)) if !plugin.is_empty() && is_digest(digest) => Ok(Self {
                plugin: plugin.to_owned(),
                digest: digest.to_ascii_lowercase(),
            }),
            _ => Err(Error::new(
                ErrorKind::Configuration,
                format!("`{text}` is no digest of a plugin; write NAME=SHA256 with 64 hex digits"),
            )),
        }
    }
}

/// A library that was opened.
struct Opened {
    plugins: Vec<Plugin>,
}

impl Loader {
    /// Ample for a library that opens files, and short for somebody who waits for a node.
    pub const TRIAL: Duration = Duration::from_secs(20);

    /// Loads what is asked for and not compiled in, and whatever is asked for by its path.
    ///
    /// * A path in the request becomes the names of the plugins in the file.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if a file is not what it must be, with what was expected and what
    /// was found; whatever a plugin says when it is tried.
    pub(crate) fn load(
        &self,
        mut registry: Registry,
        request: &mut PluginRequest,
    ) -> Result<Registry, Error> {
        for (at, pin) in self.pins.iter().enumerate() {
            if self.pins[..at]
                .iter()
                .any(|other| other.plugin == pin.plugin)
            {
                let message = format!(
                    "two digests are given for {}; a file has one, so leave the other out",
                    pin.plugin
                );
                return Err(Error::new(ErrorKind::Configuration, message));
            }
        }
        registry.seen_in_dir = self.names();
        registry.dir = self.dir.clone();
        let mut loaded: Vec<Plugin> = Vec::new();
        let mut notes = Vec::new();
        let mut pinned = vec![false; self.pins.len()];
        let mut asked = Vec::with_capacity(request.plugins.len());
        for named in std::mem::take(&mut request.plugins) {
            let Some((path, wanted)) = self.file_of(&named, &registry) else {
                asked.push(named);
                continue;
            };
            let is_meant = |pin: &Pin| {
                pin.plugin == named.plugin
                    || Path::new(&pin.plugin) == path
                    || wanted.as_ref() == Some(&pin.plugin)
                    || stem(&path).is_some_and(|stem| stem == pin.plugin)
            };
            let pin = self.pins.iter().position(is_meant);
            if let Some(at) = pin {
                pinned[at] = true;
            }
            let pin = pin.map(|at| self.pins[at].digest.as_str());
            let tried = wanted.clone().map_or(Tried::All, Tried::One);
            let opened = self.open(&path, pin, (&request.set, tried), &mut loaded, &mut notes)?;
            let chosen: Vec<&Plugin> = opened
                .plugins
                .iter()
                .filter(|plugin| wanted.as_ref().is_none_or(|wanted| plugin.name() == wanted))
                .collect();
            if chosen.is_empty() {
                let there: Vec<&str> = opened.plugins.iter().map(Plugin::name).collect();
                let wanted = wanted.unwrap_or_default();
                let meant = match nearest(&wanted, there.iter().copied()) {
                    Some(near) => format!("; did you mean {near}?"),
                    None => String::new(),
                };
                let (path, there) = (path.display(), there.join(", "));
                let message =
                    format!("there is no plugin {wanted} in {path}{meant}\nit has: {there}");
                return Err(Error::new(ErrorKind::Configuration, message));
            }
            asked.extend(chosen.into_iter().map(|plugin| Named {
                plugin: plugin.name().to_owned(),
                from_nr: named.from_nr,
            }));
        }
        if let Some(at) = pinned.iter().position(|used| !used) {
            let name = &self.pins[at].plugin;
            // What a file holds is known when it is open, and then it is too late to pin it.
            if let Some(place) = loaded.iter().find(|plugin| plugin.name() == name) {
                let file = place.place();
                let message = format!(
                    "a digest is given for {name}, which is in {file}; name the plugin with --plugin \
                     {file}:{name}, or the file with --plugin-digest {file}=SHA256"
                );
                return Err(Error::new(ErrorKind::Configuration, message));
            }
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "a digest is given for {}, but no such file is loaded; a digest pins a plugin \
                     that --plugin loads from a file",
                    self.pins[at].plugin
                ),
            ));
        }
        for plugin in &loaded {
            if registry.find(plugin.name()).is_some() {
                notes.push(format!(
                    "the plugin {} of {} hides the one that is compiled in",
                    plugin.name(),
                    plugin.place()
                ));
            }
        }
        request.plugins = asked;
        let mut registry = registry.with(loaded)?;
        registry.notes = notes;
        Ok(registry)
    }

    /// Opens a library to look at it, with all checks.
    ///
    /// * Its plugins need not start without options.
    ///
    /// # Errors
    /// As for a library that a node loads.
    pub fn look(&self, path: &Path) -> Result<Vec<Plugin>, Error> {
        let tried = (&[][..], Tried::Nothing);
        let opened = self.open(path, None, tried, &mut Vec::new(), &mut Vec::new())?;
        Ok(opened.plugins)
    }

    /// Adds what the libraries in the folder have besides; with each that can't be loaded, why.
    pub(crate) fn load_dir(&self, registry: Registry) -> Result<(Registry, Vec<Error>), Error> {
        let (mut found, mut refused) = (Vec::new(), Vec::new());
        for path in self.files() {
            let has = |plugin: &Plugin| {
                let mut others = registry.plugins().iter().chain(&found);
                others.any(|other: &Plugin| other.name() == plugin.name())
            };
            match self.look(&path) {
                Ok(plugins) => {
                    let new: Vec<_> = plugins.into_iter().filter(|one| !has(one)).collect();
                    found.extend(new);
                }
                Err(error) => refused.push(error),
            }
        }
        Ok((registry.with(found)?, refused))
    }

    /// The file that is meant, and which plugin in it, if not all.
    fn file_of(&self, named: &Named, registry: &Registry) -> Option<(PathBuf, Option<String>)> {
        if named.is_path() {
            return Some(match named.plugin.rsplit_once(':') {
                Some((path, name)) if !name.contains('/') => (path.into(), Some(name.to_owned())),
                _ => (PathBuf::from(&named.plugin), None),
            });
        }
        if registry.find(&named.plugin).is_some() {
            return None;
        }
        let file = format!("{PREFIX}{}{SUFFIX}", named.plugin.replace('-', "_"));
        let path = self.dir.as_ref()?.join(file);
        path.exists().then(|| (path, Some(named.plugin.clone())))
    }

    fn open(
        &self,
        path: &Path,
        pin: Option<&str>,
        (set, tried): (&[crate::Setting], Tried),
        loaded: &mut Vec<Plugin>,
        notes: &mut Vec<String>,
    ) -> Result<Opened, Error> {
        let checked = checks::read(path, pin)?;
        let same = |plugin: &&Plugin| {
            plugin
                .file()
                .is_some_and(|file| file.digest == checked.digest)
        };
        let before: Vec<Plugin> = loaded.iter().filter(same).cloned().collect();
        let other = before.first().and_then(Plugin::file);
        if let Some(other) = other.filter(|other| !is_same_file(&other.path, path)) {
            let (other, path) = (other.path.display(), path.display());
            let message = format!(
                "{other} and {path} are the same library, byte for byte; take all from one of them: \
                 --plugin {other}, or --plugin {other}:NAME for each plugin in it that you want"
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        if !before.is_empty() {
            return Ok(Opened { plugins: before });
        }
        notes.extend(checked.notes.iter().cloned());
        let sealed = Sealed::new(path, &checked.bytes)?;
        trial::run(&self.program, path, &sealed, (set, tried), self.trial)?;
        let library = sealed.open(path)?;
        let about = library.about().map_err(|error| of_file(path, error))?;
        check_about(path, &about)?;
        let file = LoadedFile {
            path: path.to_owned(),
            digest: checked.digest,
        };
        let plugins: Vec<Plugin> = about
            .into_iter()
            .map(|about| Plugin::loaded(about, library, file.clone()))
            .collect();
        loaded.extend(plugins.iter().cloned());
        Ok(Opened { plugins })
    }

    /// The names that libraries in the folder have by their files.
    fn names(&self) -> Vec<String> {
        self.files().iter().filter_map(|path| stem(path)).collect()
    }

    /// The libraries in the folder, by name.
    fn files(&self) -> Vec<PathBuf> {
        let dir = self.dir.as_ref();
        let entries = dir.and_then(|dir| std::fs::read_dir(dir).ok());
        let mut files: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| stem(path).is_some())
            .collect();
        files.sort();
        files
    }
}

/// Checks the bytes of a library as a loader does before anything in it runs.
///
/// * `path` is what people call the file.
///
/// # Errors
/// [`ErrorKind::Configuration`] with what was expected and what was found.
pub fn check_library(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    checks::check_elf(path, bytes)
}

/// Whether two paths lead to one file, as by a symbolic link.
fn is_same_file(a: &Path, b: &Path) -> bool {
    let file = |path: &Path| path.canonicalize().ok();
    a == b || file(a).is_some_and(|file_a| file(b) == Some(file_a))
}

/// The plugin's name by its file's.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    Some(name.replace('_', "-"))
}

/// Checks what a library says of its plugins.
fn check_about(path: &Path, about: &[About]) -> Result<(), Error> {
    let refuse = |why: String| {
        let message = format!("{} can't be loaded: {why}", path.display());
        Err(Error::new(ErrorKind::Configuration, message))
    };
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if about.is_empty() {
        return refuse(
            "expected a library with plugins, found one without; is register! there?".into(),
        );
    }
    for (at, plugin) in about.iter().enumerate() {
        let name = &plugin.name;
        if !is_name(name) {
            let name = name.escape_debug();
            return refuse(format!("expected names of a-z, 0-9 and -, found `{name}`"));
        }
        if plugin.hooks.is_empty() {
            return refuse(format!("expected hooks, found none of the plugin {name}"));
        }
        // The version is told with every refusal, the rest wherever plugins are listed.
        let texts = plugin.options.iter();
        let texts = texts.flat_map(|option| [&option.name, &option.kind, &option.help]);
        let longest = texts.map(String::len).max().unwrap_or(0);
        if plugin.version.len() > VERSION_BYTES_MAX
            || plugin.options.len() > OPTIONS_MAX
            || longest > TEXT_BYTES_MAX
        {
            return refuse(format!(
                "expected a version of at most {VERSION_BYTES_MAX} bytes and at most {OPTIONS_MAX} \
                 options with texts of at most {TEXT_BYTES_MAX}, found more of the plugin {name}"
            ));
        }
        if about[..at].iter().any(|other| other.name == *name) {
            return refuse(format!(
                "expected plugins of different names, found two called {name}"
            ));
        }
    }
    Ok(())
}

/// An error of a library, with its file.
fn of_file(path: &Path, error: Error) -> Error {
    let message = format!("{} can't be loaded", path.display());
    Error::new(error.kind(), message).because(error)
}
