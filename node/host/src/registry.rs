//! [`Registry`]: the plugins that there are, by name.

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::{Registration, compiled_in};
use plugcoin_sdk::{Error, ErrorKind};

use crate::manifest::Manifest;
use crate::nearest::nearest;
use crate::plan::Plan;
use crate::request::PluginRequest;

/// The plugins that there are, sorted by name; no two have the same.
#[derive(Clone)]
pub struct Registry {
    plugins: Vec<&'static Registration>,
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
        let mut plugins: Vec<_> = plugins.into_iter().collect();
        plugins.sort_by_key(|plugin| plugin.name);
        for pair in plugins.windows(2) {
            if pair[0].name == pair[1].name {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    format!(
                        "two plugins are called {}: one for {} ({}), one for {} ({}); rename one of them",
                        pair[0].name,
                        names(pair[0].hooks),
                        pair[0].version,
                        names(pair[1].hooks),
                        pair[1].version
                    ),
                ));
            }
        }
        Ok(Self { plugins })
    }

    /// All of them.
    pub fn plugins(&self) -> &[&'static Registration] {
        &self.plugins
    }

    /// What can be said of each without making it.
    pub fn manifests(&self) -> Vec<Manifest> {
        self.plugins
            .iter()
            .map(|registration| Manifest::available(registration))
            .collect()
    }

    /// The plugin of this name.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if there is none, with the nearest name and all that are known.
    pub fn get(&self, name: &str) -> Result<&'static Registration, Error> {
        self.find(name).ok_or_else(|| {
            let names = self.plugins.iter().map(|plugin| plugin.name);
            let meant = match nearest(name, names) {
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

    pub(crate) fn find(&self, name: &str) -> Option<&'static Registration> {
        self.plugins
            .iter()
            .find(|plugin| plugin.name == name)
            .copied()
    }

    /// The known plugins, grouped by hook, one hook a line.
    fn known(&self) -> String {
        let mut text = "the plugins that there are:".to_owned();
        for kind in HookKind::ALL {
            let of_kind: Vec<&str> = self
                .plugins
                .iter()
                .filter(|plugin| plugin.hooks.contains(&kind))
                .map(|plugin| plugin.name)
                .collect();
            if !of_kind.is_empty() {
                text += &format!("\n  {kind:<12} {}", of_kind.join(", "));
            }
        }
        text
    }
}

/// Some hooks as people list them.
pub(crate) fn names(hooks: &[HookKind]) -> String {
    let names: Vec<&str> = hooks.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}
