//! [`PluginRequest`]: which plugins and options a node is asked to run with.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::Value;

/// What provides each hook where nothing else was asked for.
///
/// * The default of a hook that takes many applies together with what was asked for.
/// * Observer has none.
pub const DEFAULTS: [(HookKind, &str); 11] = [
    (HookKind::Storage, "journal"),
    (HookKind::Consensus, "proof-of-work"),
    (HookKind::Signer, "ed25519"),
    (HookKind::Gossip, "flood"),
    (HookKind::Transport, "http"),
    (HookKind::Difficulty, "zeros"),
    (HookKind::ForkChoice, "most-work"),
    (HookKind::Reward, "fixed-reward"),
    (HookKind::Merkle, "merkle-tree"),
    (HookKind::Mempool, "fifo"),
    (HookKind::Validity, "time"),
];

/// Which plugins and options a node is asked to run with.
#[derive(Clone, Debug, Default)]
pub struct PluginRequest {
    /// The plugins by name; their order means nothing.
    pub plugins: Vec<String>,
    /// The options that are set.
    pub set: Vec<Setting>,
    /// The folder for the plugins' files; none where nothing is to be kept.
    pub data_dir: Option<PathBuf>,
    /// The node's port, which names its files.
    pub port: u16,
}

/// One option of one plugin with the value that it is given.
///
/// * A text that the option's type doesn't take is read as JSON, and a number that it doesn't take
///   as its text: `20` on a command line, and `0.5` for an amount, mean what they say.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The plugin's name.
    pub plugin: String,
    /// The option's name.
    pub option: String,
    /// The value.
    pub value: Value,
}

impl FromStr for Setting {
    type Err = Error;

    /// Reads `plugin.option=value`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let parts = name.split_once('.').filter(|_| text.contains('='));
        match parts {
            Some((plugin, option)) if !plugin.is_empty() && !option.is_empty() => Ok(Self {
                plugin: plugin.trim().to_owned(),
                option: option.trim().to_owned(),
                value: Value::String(value.trim().to_owned()),
            }),
            _ => Err(Error::new(
                ErrorKind::Configuration,
                format!("`{text}` is no setting; write PLUGIN.OPTION=VALUE, as zeros.zeros=5"),
            )),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.plugin, self.option)
    }
}

impl Setting {
    /// The values that this may mean, the likeliest first.
    pub(crate) fn readings(&self) -> Vec<Value> {
        let other = match &self.value {
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Number(number) => Some(Value::String(number.to_string())),
            _ => None,
        };
        std::iter::once(self.value.clone()).chain(other).collect()
    }
}
