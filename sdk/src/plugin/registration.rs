//! Registration: one line in a plugin's source, and the node finds it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

use super::options;
use super::{OptionSpec, Options};
use crate::Error;
use crate::hooks::{
    Consensus, Difficulty, ForkChoice, Gossip, HookKind, Mempool, Merkle, Observer, Reward, Signer,
    Storage, Transport, Validity,
};
use crate::log::Log;

/// What [`register!`](crate::register) leaves for the node to find.
pub struct Registration {
    /// The plugin's name on the command line.
    pub name: &'static str,
    /// The version of its crate.
    pub version: &'static str,
    /// The version of its *rules*: raised when the same options come to mean something else.
    pub rules_version: u32,
    /// The hooks that it provides.
    pub hooks: &'static [HookKind],
    /// What options it has.
    pub options: fn() -> Vec<OptionSpec>,
    /// Makes it.
    pub create: fn(&Setup) -> Result<Provided, Error>,
    /// All its options with the values that hold under this set-up.
    pub resolve: fn(&Setup) -> Result<Map<String, Value>, Error>,
}

inventory::collect!(Registration);

impl Registration {
    /// What is said of the plugin.
    pub fn about(&self) -> About {
        About {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            rules_version: self.rules_version,
            hooks: self.hooks.to_vec(),
            options: (self.options)(),
        }
    }
}

/// What a plugin says of itself before it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its name on the command line.
    pub name: String,
    /// The version of its code.
    pub version: String,
    /// The version of its *rules*: raised when the same options come to mean something else.
    pub rules_version: u32,
    /// The hooks that it provides.
    pub hooks: Vec<HookKind>,
    /// What options it has.
    #[serde(default)]
    pub options: Vec<OptionSpec>,
}

/// The plugins that are linked into this program, by name.
pub fn compiled_in() -> Vec<&'static Registration> {
    let mut all: Vec<_> = inventory::iter::<Registration>.into_iter().collect();
    all.sort_by_key(|registration| registration.name);
    all
}

/// What a plugin is made from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Setup {
    /// The plugin's name.
    pub plugin: String,
    /// The options that were set, by name.
    pub values: Vec<(String, Value)>,
    /// The folder for its files; none where nothing is to be kept, as in simulations.
    pub data_dir: Option<PathBuf>,
    /// The node's port, which names its files.
    pub port: u16,
}

impl Setup {
    /// The plugin's options.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for an unknown option or an ill-typed value.
    pub fn options<O: Options>(&self) -> Result<O, Error> {
        options::read(&self.plugin, &self.values)
    }

    /// The plugin's way to the node's log.
    pub fn log(&self) -> Log {
        Log::of(&self.plugin)
    }

    /// The path of a file of this node: `KIND-PORT.json` in the data directory.
    pub fn file(&self, kind: &str) -> Option<PathBuf> {
        self.data_dir
            .as_ref()
            .map(|dir| dir.join(format!("{kind}-{}.json", self.port)))
    }
}

/// The hooks that a plugin provides; several may share one state.
#[derive(Clone, Default)]
pub struct Provided {
    /// See [`Storage`].
    pub storage: Option<Arc<dyn Storage>>,
    /// See [`Consensus`].
    pub consensus: Option<Arc<dyn Consensus>>,
    /// See [`Signer`].
    pub signer: Option<Arc<dyn Signer>>,
    /// See [`Gossip`].
    pub gossip: Option<Arc<dyn Gossip>>,
    /// See [`Transport`].
    pub transport: Option<Arc<dyn Transport>>,
    /// See [`Difficulty`].
    pub difficulty: Option<Arc<dyn Difficulty>>,
    /// See [`ForkChoice`].
    pub fork_choice: Option<Arc<dyn ForkChoice>>,
    /// See [`Reward`].
    pub reward: Option<Arc<dyn Reward>>,
    /// See [`Merkle`].
    pub merkle: Option<Arc<dyn Merkle>>,
    /// See [`Mempool`].
    pub mempool: Option<Arc<dyn Mempool>>,
    /// See [`Validity`].
    pub validity: Option<Arc<dyn Validity>>,
    /// See [`Observer`].
    pub observer: Option<Arc<dyn Observer>>,
}

impl Provided {
    /// The hooks that are there, in the order of [`HookKind::ALL`].
    pub fn kinds(&self) -> Vec<HookKind> {
        HookKind::ALL
            .into_iter()
            .filter(|kind| match kind {
                HookKind::Storage => self.storage.is_some(),
                HookKind::Consensus => self.consensus.is_some(),
                HookKind::Signer => self.signer.is_some(),
                HookKind::Gossip => self.gossip.is_some(),
                HookKind::Transport => self.transport.is_some(),
                HookKind::Difficulty => self.difficulty.is_some(),
                HookKind::ForkChoice => self.fork_choice.is_some(),
                HookKind::Reward => self.reward.is_some(),
                HookKind::Merkle => self.merkle.is_some(),
                HookKind::Mempool => self.mempool.is_some(),
                HookKind::Validity => self.validity.is_some(),
                HookKind::Observer => self.observer.is_some(),
            })
            .collect()
    }
}

/// Registers a plugin: the hook, the name, and how it is made from its options.
///
/// * The closure returns `Result<impl Hook, Error>`; its argument is the plugin's options, typed by
///   a struct of [`options!`](crate::options), or left out of account with `|_|`.
/// * A second argument, if there is one, is the [`Setup`](crate::plugin::Setup).
/// * `rules = 2` after the name raises the version of the rules.
/// * A plugin of several hooks names them in brackets, and its closure returns
///   [`Provided`](crate::plugin::Provided).
///
/// ```
/// use plugcoin_sdk::{Error, hooks::Reward, ledger::Amount};
/// struct Two;
/// impl Reward for Two {
///     fn reward(&self, _nr: u64) -> Result<Amount, Error> {
///         Ok(Amount::from_coins(2))
///     }
/// }
/// plugcoin_sdk::register!(Reward, "two", |_| Ok(Two));
/// ```
#[macro_export]
macro_rules! register {
    ([$($hook:ident),+ $(,)?], $name:literal $(, rules = $rules:literal)?, |$options:tt $(, $setup:ident)?| $body:expr) => {
        $crate::register!([$($hook),+], $name $(, rules = $rules)?, |$options: $crate::plugin::NoOptions $(, $setup)?| $body);
    };
    ([$($hook:ident),+ $(,)?], $name:literal $(, rules = $rules:literal)?, |$options:tt : $type:ty $(, $setup:ident)?| $body:expr) => {
        $crate::macros::inventory::submit! {
            $crate::plugin::Registration {
                name: $name,
                version: env!("CARGO_PKG_VERSION"),
                rules_version: { let version: u32 = 1; $( let _ = version; let version: u32 = $rules; )? version },
                hooks: &[$($crate::hooks::HookKind::$hook),+],
                options: <$type as $crate::plugin::Options>::specs,
                create: |setup| {
                    let $options: $type = setup.options()?;
                    $( let $setup: &$crate::plugin::Setup = setup; )?
                    $body
                },
                resolve: |setup| {
                    let options: $type = setup.options()?;
                    match $crate::macros::serde_json::to_value(&options) {
                        Ok($crate::macros::serde_json::Value::Object(object)) => Ok(object),
                        _ => Ok(Default::default()),
                    }
                },
            }
        }
    };
    ($hook:ident, $name:literal $(, rules = $rules:literal)?, |$options:tt $(, $setup:ident)?| $body:expr) => {
        $crate::register!($hook, $name $(, rules = $rules)?, |$options: $crate::plugin::NoOptions $(, $setup)?| $body);
    };
    ($hook:ident, $name:literal $(, rules = $rules:literal)?, |$options:tt : $type:ty $(, $setup:ident)?| $body:expr) => {
        $crate::register!([$hook], $name $(, rules = $rules)?, |$options: $type, setup| {
            #[allow(unused_variables, reason = "the second argument is optional")]
            let setup: &$crate::plugin::Setup = setup;
            $( let $setup: &$crate::plugin::Setup = setup; )?
            let made: Result<_, $crate::Error> = $body;
            Ok($crate::register!(@provided $hook, ::std::sync::Arc::new(made?)))
        });
    };
    (@provided Storage, $made:expr) => { $crate::plugin::Provided { storage: Some($made), ..Default::default() } };
    (@provided Consensus, $made:expr) => { $crate::plugin::Provided { consensus: Some($made), ..Default::default() } };
    (@provided Signer, $made:expr) => { $crate::plugin::Provided { signer: Some($made), ..Default::default() } };
    (@provided Gossip, $made:expr) => { $crate::plugin::Provided { gossip: Some($made), ..Default::default() } };
    (@provided Transport, $made:expr) => { $crate::plugin::Provided { transport: Some($made), ..Default::default() } };
    (@provided Difficulty, $made:expr) => { $crate::plugin::Provided { difficulty: Some($made), ..Default::default() } };
    (@provided ForkChoice, $made:expr) => { $crate::plugin::Provided { fork_choice: Some($made), ..Default::default() } };
    (@provided Reward, $made:expr) => { $crate::plugin::Provided { reward: Some($made), ..Default::default() } };
    (@provided Merkle, $made:expr) => { $crate::plugin::Provided { merkle: Some($made), ..Default::default() } };
    (@provided Mempool, $made:expr) => { $crate::plugin::Provided { mempool: Some($made), ..Default::default() } };
    (@provided Validity, $made:expr) => { $crate::plugin::Provided { validity: Some($made), ..Default::default() } };
    (@provided Observer, $made:expr) => { $crate::plugin::Provided { observer: Some($made), ..Default::default() } };
}
