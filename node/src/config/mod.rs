//! [`Config`]: command line and `plugcoin.toml` made into one, with all defaults.

mod given;
mod money_token;
mod per;
mod settings;
pub mod values;

use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plugcoin_core::OtherRules;
use plugcoin_host::{DEFAULTS, Loader, Named, Pin, Plan, PluginRequest, Registry, Setting};
use plugcoin_sdk::ledger::{Address, Amount};
use plugcoin_sdk::{Error, ErrorKind};
use serde::Deserialize;

pub use given::Given;
pub use money_token::MoneyToken;
pub use per::Per;

/// The file that is read if it is there.
pub const FILE: &str = "plugcoin.toml";

/// The port where none is given.
pub const PORT: u16 = 6000;

/// What is logged where nothing else is asked for.
pub const LOG: &str = "info,hyper=warn,reqwest=warn";

/// How long a rule may hold its thread; then the node stops, since nothing can call the rule back.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);

/// The longest file that is read, in bytes; one written by a person is a thousand times shorter.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// How a node is to run; nothing is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// The address to listen on.
    pub host: IpAddr,
    /// The folder for the node's files.
    pub data_dir: PathBuf,
    /// Peers to begin with, which are never dropped.
    pub peers: Vec<Address>,
    /// The address that the node wants to be known by, if not the one it calls from.
    pub advertise: Option<Address>,
    /// Whether everybody who reaches the node is paid who asks.
    pub faucet: bool,
    /// The token that makes the node pay.
    pub money_token: Option<MoneyToken>,
    /// The file of the wallet's passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// How much one address is paid.
    pub money_per_client: Option<Per<Amount>>,
    /// How often one address is paid.
    pub money_rate: Option<Per<NonZeroU32>>,
    /// The plugins.
    pub plugins: Vec<Named>,
    /// Where libraries of plugins are sought by name; none: in the program's own folder.
    pub plugin_dir: Option<PathBuf>,
    /// What the files of plugins must be.
    pub plugin_digests: Vec<Pin>,
    /// Options of plugins.
    pub set: Vec<Setting>,
    /// Whether to keep mining.
    pub mine: bool,
    /// The least time between two own empty blocks.
    pub mine_interval: Duration,
    /// What to do about peers of other rules.
    pub on_other_rules: OtherRules,
    /// Who gets the rewards; none: the wallet.
    pub reward_to: Option<String>,
    /// How many threads mine.
    pub threads: NonZeroUsize,
    /// What is logged.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// How long a rule may hold its thread before the node stops.
    pub stuck_after: Duration,
}

/// What may be said of peers of other rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OnOtherRules {
    /// Tell them nothing, and ask them nothing but who they are.
    Refuse,
    /// Keep them, judge their blocks by our rules, and say how they differ.
    #[default]
    Observe,
    /// The same, and say nothing.
    Allow,
}

impl From<OnOtherRules> for OtherRules {
    fn from(given: OnOtherRules) -> Self {
        match given {
            OnOtherRules::Refuse => Self::Refuse,
            OnOtherRules::Observe => Self::Observe,
            OnOtherRules::Allow => Self::Allow,
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl Config {
    /// The command line's options over the file's, over the defaults.
    ///
    /// * The file is `file`, which must exist, or else [`FILE`] in the current folder, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the file can't be read or has an unknown or ill-typed option.
    pub fn load(given: Given, file: Option<&Path>) -> Result<Self, Error> {
        let in_file = match file {
            Some(path) => read(path)?,
            None if Path::new(FILE).exists() => read(Path::new(FILE))?,
            None => Given::default(),
        };
        Ok(Self::from(given.over(in_file)))
    }

    /// Which plugins provide the hooks of a node on this port; what lies in files is loaded.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if plugins and options don't fit, or a file does not.
    pub fn plan(&self, port: u16) -> Result<Plan, Error> {
        let mut request = PluginRequest {
            plugins: self.plugins.clone(),
            set: self.set.clone(),
            data_dir: Some(self.data_dir.clone()),
            port,
        };
        let registry = Registry::compiled_in()?.load(&self.loader()?, &mut request)?;
        for note in registry.notes() {
            tracing::warn!("{note}");
        }
        registry.plan(&request, &DEFAULTS)
    }

    /// How plugins are loaded from files.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the program does not know its own path; [`ErrorKind::Configuration`] if the
    /// folder that was named is none.
    pub fn loader(&self) -> Result<Loader, Error> {
        let program = std::env::current_exe().map_err(|error| {
            let message = "the program does not know its own path, and can't load plugins";
            Error::new(ErrorKind::Io, message).because(error)
        })?;
        if let Some(dir) = self.plugin_dir.as_ref().filter(|dir| !dir.is_dir()) {
            let found = match dir.exists() {
                true => "is no folder",
                false => "does not exist",
            };
            let message = format!(
                "the folder of plugins {} {found}; --plugin-dir is where libraries are sought by name",
                dir.display()
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let own_dir = || program.parent().map(Path::to_owned);
        Ok(Loader {
            dir: self.plugin_dir.clone().or_else(own_dir),
            program,
            pins: self.plugin_digests.clone(),
            trial: Loader::TRIAL,
        })
    }

    /// The path of one of the node's files: `KIND-PORT.json` in the data directory.
    pub fn file(&self, kind: &str, port: u16) -> PathBuf {
        self.data_dir.join(format!("{kind}-{port}.json"))
    }

    /// Makes the data directory if it is missing.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if it can't be made.
    pub fn make_data_dir(&self) -> Result<(), Error> {
        std::fs::create_dir_all(&self.data_dir).map_err(|error| {
            Error::new(
                ErrorKind::Configuration,
                "the data directory can't be made; choose another with --data-dir",
            )
            .with("directory", self.data_dir.display())
            .because(error)
        })
    }
}

impl From<Given> for Config {
    fn from(given: Given) -> Self {
        // None is left free: who mines gives way to everything else.
        let all = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            port: given.port.unwrap_or(PORT),
            host: given.host.unwrap_or(Ipv4Addr::LOCALHOST.into()),
            data_dir: given.data_dir.unwrap_or_else(|| ".".into()),
            peers: given.peer,
            advertise: given.advertise,
            faucet: given.faucet.unwrap_or(false),
            money_token: given.money_token,
            passphrase_file: given.passphrase_file,
            money_per_client: given.money_per_client,
            money_rate: given.money_rate,
            plugins: given.plugin,
            plugin_dir: given.plugin_dir,
            plugin_digests: given.plugin_digest,
            set: given.set,
            mine: given.mine.unwrap_or(false),
            mine_interval: given.mine_interval.unwrap_or(Duration::from_secs(1)),
            on_other_rules: given.on_other_rules.unwrap_or_default().into(),
            reward_to: given.reward_to,
            threads: given.threads.unwrap_or_else(all),
            log: given.log.unwrap_or_else(|| LOG.to_owned()),
            log_format: given.log_format.unwrap_or_default(),
            stuck_after: given.stuck_after.unwrap_or(STUCK_AFTER),
        }
    }
}

/// Reads a file of options.
fn read(path: &Path) -> Result<Given, Error> {
    let fault =
        |message: &str| Error::new(ErrorKind::Configuration, message).with("file", path.display());
    let unreadable = |error| fault("the configuration can't be read").because(error);
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(fault("the configuration is too long to be one").with("bytes", bytes));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    toml::from_str(&text).map_err(|error| {
        // The reader's text has the line, a pointer to the place, and the keys that are known.
        fault("the configuration is wrong").because(error.to_string().trim_end().to_owned())
    })
}

#[cfg(test)]
mod tests;
