//! [`PluginRequest`]: which plugins and options a node is asked to run with.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
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
    /// The plugins; their order means nothing.
    pub plugins: Vec<Named>,
    /// The options that are set.
    pub set: Vec<Setting>,
    /// The folder for the plugins' files; none where nothing is to be kept.
    pub data_dir: Option<PathBuf>,
    /// The node's port, which names its files.
    pub port: u16,
}

/// A plugin that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name, or the path of a file: whatever has a slash in it.
    pub plugin: String,
    /// The first block to which it applies; 0 is always.
    pub from_nr: u64,
}

impl FromStr for Named {
    type Err = Error;

    /// Reads `NAME`, `PATH`, `NAME@BLOCK` or `PATH@BLOCK`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            let message = format!("`{text}` is no plugin: {why}; write NAME, PATH, or NAME@BLOCK");
            Err(Error::new(ErrorKind::Configuration, message))
        };
        let (plugin, from_nr) = match text.rsplit_once('@') {
            // The height is behind the last slash, or it is part of a folder's name.
            Some((plugin, nr)) if !nr.contains('/') => match nr.parse::<u64>() {
                Ok(nr) => (plugin, nr),
                Err(_) => return refuse("what stands behind the @ is no height"),
            },
            _ => (text, 0),
        };
        match plugin.is_empty() {
            true => refuse("it has no name"),
            false => Ok(Self {
                plugin: plugin.to_owned(),
                from_nr,
            }),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from_nr {
            0 => f.write_str(&self.plugin),
            nr => write!(f, "{}@{nr}", self.plugin),
        }
    }
}

impl Named {
    /// Whether it is the path of a file.
    pub fn is_path(&self) -> bool {
        self.plugin.contains('/')
    }
}

/// One option of one plugin with the value that it is given.
///
/// * A text that the option's type doesn't take is read as JSON, and a number that it doesn't take
///   as its text: `20` on a command line, and `0.5` for an amount, mean what they say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
