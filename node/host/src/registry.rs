//! [`Registry`]: the plugins that there are, by name.

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::{Registration, compiled_in};
use plugcoin_sdk::{Error, ErrorKind};

use std::path::PathBuf;

use crate::loader::Loader;
use crate::manifest::Manifest;
use crate::nearest::nearest;
use crate::plan::Plan;
use crate::plugin::Plugin;
use crate::request::PluginRequest;

/// The plugins that there are, sorted by name; no two have the same.
#[derive(Clone)]
pub struct Registry {
    plugins: Vec<Plugin>,
    /// Where libraries are sought by name, and which are there.
    pub(crate) dir: Option<PathBuf>,
    pub(crate) seen_in_dir: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Registry {
    /// The plugins that are linked into this program.
    ///
    /// # Errors
    /// As [`Registry::of`].
    pub fn compiled_in() -> Result<Self, Error> {
        Self::of(compiled_in())
    }

    /// These plugins.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if two have the same name.
    pub fn of(plugins: impl IntoIterator<Item = &'static Registration>) -> Result<Self, Error> {
        let plugins = plugins.into_iter().map(Plugin::compiled_in).collect();
        Self::new(plugins)
    }

    fn new(mut plugins: Vec<Plugin>) -> Result<Self, Error> {
        plugins.sort_by(|a, b| a.name().cmp(b.name()));
        for pair in plugins.windows(2) {
            if pair[0].name() == pair[1].name() {
                let what = |plugin: &Plugin| {
                    let about = plugin.about();
                    let (hooks, version) = (names(&about.hooks), &about.version);
                    format!("one for {hooks} ({version}, {})", plugin.place())
                };
                return Err(Error::new(
                    ErrorKind::Configuration,
                    format!(
                        "two plugins are called {}: {}, {}; rename one of them",
                        pair[0].name(),
                        what(&pair[0]),
                        what(&pair[1])
                    ),
                ));
            }
        }
        Ok(Self {
            plugins,
            dir: None,
            seen_in_dir: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// These, and those that are asked for and lie in files.
    ///
    /// * In the request, a path becomes the names of the plugins in the file.
    /// * What is loaded by its path hides a compiled-in namesake; [`notes`](Self::notes) says so.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if a file is not what it must be, with what was expected and what
    /// was found, or how its trial ended.
    pub fn load(self, loader: &Loader, request: &mut PluginRequest) -> Result<Self, Error> {
        loader.load(self, request)
    }

    /// These, and all that can be had besides from the libraries in the loader's folder.
    ///
    /// * Each library that can't be loaded is named, and why.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if two plugins have the same name.
    pub fn with_all_of_dir(self, loader: &Loader) -> Result<(Self, Vec<Error>), Error> {
        loader.load_dir(self)
    }

    /// What people should know of the files that were loaded.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// These with what was loaded, which hides compiled-in namesakes.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if two that were loaded have the same name.
    pub(crate) fn with(mut self, loaded: Vec<Plugin>) -> Result<Self, Error> {
        self.plugins
            .retain(|plugin| loaded.iter().all(|other| other.name() != plugin.name()));
        self.plugins.extend(loaded);
        let registry = Self::new(self.plugins)?;
        Ok(Self {
            dir: self.dir,
            seen_in_dir: self.seen_in_dir,
            ..registry
        })
    }

    /// All of them.
    pub fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// What can be said of each without making it.
    pub fn manifests(&self) -> Vec<Manifest> {
        self.plugins.iter().map(Manifest::available).collect()
    }

    /// The plugin of this name.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if there is none, with the nearest name and all that are known.
    pub fn get(&self, name: &str) -> Result<Plugin, Error> {
        self.find(name).ok_or_else(|| {
            let seen = self.seen_in_dir.iter().map(String::as_str);
            let names = self.plugins.iter().map(Plugin::name).chain(seen);
            let meant = match nearest(name, names) {
                _ if name.ends_with(".so") => format!("; a file is named by its path, as ./{name}"),
                Some(near) => format!("; did you mean {near}?"),
                None => String::new(),
            };
            Error::new(
                ErrorKind::Configuration,
                format!("there is no plugin {name}{meant}\n{}", self.known()),
            )
        })
    }

    /// Decides which plugin provides each hook.
    ///
    /// * The named ones, and the default for every hook that none of the named provides.
    /// * Hooks that take many have their defaults always, and the named ones besides.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`]: an unknown plugin, one named twice, two for one hook, a hook
    /// that nothing provides, an option that is unknown, ill-typed, set twice, or of a plugin that
    /// isn't active.
    pub fn plan(
        &self,
        request: &PluginRequest,
        defaults: &[(HookKind, &str)],
    ) -> Result<Plan, Error> {
        Plan::new(self, request, defaults)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Plugin> {
        let mut plugins = self.plugins.iter();
        plugins.find(|plugin| plugin.name() == name).cloned()
    }

    /// The known plugins, grouped by hook, one hook a line.
    fn known(&self) -> String {
        let mut text = "the plugins that there are:".to_owned();
        for kind in HookKind::ALL {
            let of_kind: Vec<&str> = self
                .plugins
                .iter()
                .filter(|plugin| plugin.about().hooks.contains(&kind))
                .map(Plugin::name)
                .collect();
            if !of_kind.is_empty() {
                text += &format!("\n  {kind:<12} {}", of_kind.join(", "));
            }
        }
        if let Some(dir) = &self.dir {
            let there = match self.seen_in_dir.is_empty() {
                true => "none".to_owned(),
                false => self.seen_in_dir.join(", "),
            };
            text += &format!("\n  libraries in {}: {there}", dir.display());
        }
        text
    }
}

/// Some hooks as people list them.
pub(crate) fn names(hooks: &[HookKind]) -> String {
    let names: Vec<&str> = hooks.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}
