//! [`Asked`]: which plugins and options a node was asked to run with, as they were named.

use plugcoin_host::{Named, Setting};
use plugcoin_sdk::Error;
use serde_json::Value;

/// Which plugins and options a node was asked to run with, as they were named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The plugins, by name or by path.
    pub plugins: Vec<Named>,
    /// The options that were set.
    pub set: Vec<Setting>,
}

impl Asked {
    /// The same with other plugins or options.
    ///
    /// * If plugins are given, they and the options given replace all that was asked; else each
    ///   option given replaces the same one.
    #[must_use]
    pub fn changed(self, plugins: Vec<Named>, set: Vec<Setting>) -> Self {
        if !plugins.is_empty() {
            return Self { plugins, set };
        }
        let same = |a: &Setting, b: &Setting| a.plugin == b.plugin && a.option == b.option;
        let mut all = self.set;
        all.retain(|old| !set.iter().any(|new| same(old, new)));
        all.extend(set);
        Self {
            plugins: self.plugins,
            set: all,
        }
    }

    /// What is asked beside the defaults, in a few words that a file's name can have.
    ///
    /// * Names of plugins joined by `+`, a file's without its folders; `defaults` if there are none.
    pub fn name(&self) -> String {
        let names = self.plugins.iter().map(|named| {
            let text = named.to_string();
            let file = text.rsplit('/').next().unwrap_or_default();
            file.to_owned()
        });
        let names: Vec<String> = names.collect();
        match names.is_empty() {
            true => "defaults".to_owned(),
            false => names.join("+"),
        }
    }

    /// Each option as `plugin.option=value`.
    pub(crate) fn set_texts(&self) -> Vec<String> {
        let text = |setting: &Setting| match &setting.value {
            Value::String(text) => format!("{setting}={text}"),
            value => format!("{setting}={value}"),
        };
        self.set.iter().map(text).collect()
    }

    /// Reads plugins and options as a command line has them.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](plugcoin_sdk::ErrorKind::Configuration) for what is neither.
    pub(crate) fn parse(plugins: &[String], set: &[String]) -> Result<Self, Error> {
        Ok(Self {
            plugins: plugins
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()?,
            set: set
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()?,
        })
    }
}
