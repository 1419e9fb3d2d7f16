//! [`Builder`]: names the plugins and options of a [`TestNode`].

use plugcoin_host::{DEFAULTS, Loader, Named, PluginRequest, Registry, Setting};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::Value;
use tempfile::TempDir;

use crate::asked::Asked;
use crate::node::{PORT, TestNode};

/// Names the plugins and options of a [`TestNode`].
///
/// ```
/// use plugcoin_snapshot::TestNode;
///
/// let node = TestNode::builder()
///     .plugin("zeros")
///     .set("zeros.zeros", 1)
///     .start();
/// assert!(node.is_ok());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    plugins: Vec<String>,
    set: Vec<(String, Value)>,
    asked: Asked,
    loader: Option<Loader>,
}

impl Builder {
    /// A plugin, as on the command line: `NAME` or `NAME@BLOCK`; with a [`loader`](Self::loader) a
    /// path too.
    pub fn plugin(mut self, plugin: &str) -> Self {
        self.plugins.push(plugin.to_owned());
        self
    }

    /// An option of an active plugin, as `retarget.window` with 20.
    pub fn set(mut self, option: &str, value: impl Into<Value>) -> Self {
        self.set.push((option.to_owned(), value.into()));
        self
    }

    /// These plugins and options as well.
    pub fn asked(mut self, asked: Asked) -> Self {
        self.asked.plugins.extend(asked.plugins);
        self.asked.set.extend(asked.set);
        self
    }

    /// How plugins are loaded from files; without it they are those linked into this program.
    pub fn loader(mut self, loader: Loader) -> Self {
        self.loader = Some(loader);
        self
    }

    /// Makes the node, with a small chain in it.
    ///
    /// * Its storage is in memory, unless a plugin for it is named; files of plugins are in a folder
    ///   that goes with the node.
    /// * Mining is real: five zeros take seconds without optimisation, each zero less a sixteenth.
    ///   `.set("zeros.zeros", 1)` makes it free where the difficulty is the default.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if plugins and options don't fit, or no chain can be made under
    /// these rules: a block takes too many tries, or its maker never has a turn (the error names the
    /// key); whatever a plugin failed with.
    pub fn start(self) -> Result<TestNode, Error> {
        let asked = self.all_asked()?;
        let dir = TempDir::new().map_err(|error| {
            Error::new(ErrorKind::Io, "no temporary folder can be made").because(error)
        })?;
        let mut request = PluginRequest {
            plugins: asked.plugins.clone(),
            set: asked.set.clone(),
            data_dir: None,
            port: PORT,
        };
        let mut registry = Registry::compiled_in()?;
        if let Some(loader) = &self.loader {
            registry = registry.load(loader, &mut request)?;
            for note in registry.notes() {
                tracing::warn!("{note}");
            }
        }
        let of_world = registry.plan(&request, &defaults())?;
        request.data_dir = Some(dir.path().to_owned());
        let of_node = registry.plan(&request, &defaults())?;
        TestNode::open(asked, &of_node, &of_world, dir)
    }

    fn all_asked(&self) -> Result<Asked, Error> {
        let mut asked = self.asked.clone();
        for plugin in &self.plugins {
            asked.plugins.push(plugin.parse::<Named>()?);
        }
        for (name, value) in &self.set {
            // The name is read as the command line's; the value keeps its type.
            let setting: Setting = format!("{name}=").parse()?;
            asked.set.push(Setting {
                value: value.clone(),
                ..setting
            });
        }
        Ok(asked)
    }
}

/// The defaults of a node, but its storage is in memory.
fn defaults() -> [(HookKind, &'static str); DEFAULTS.len()] {
    DEFAULTS.map(|(kind, name)| match kind {
        HookKind::Storage => (kind, "memory"),
        _ => (kind, name),
    })
}
