//! [`Given`]: the options that were given, on the command line or in a file.

use std::borrow::Cow;
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use plugcoin_host::{Named, Pin, Setting};
use plugcoin_sdk::Error;
use plugcoin_sdk::ledger::{Address, Amount};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::{LogFormat, MoneyToken, OnOtherRules, Per, settings, values};

/// The options that were given; any may be missing.
///
/// * As TOML it has the names of the command line, and refuses others.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Given {
    /// The port to listen on.
    pub port: Option<u16>,
    /// The address to listen on.
    #[serde(deserialize_with = "host")]
    pub host: Option<IpAddr>,
    /// The folder for the node's files.
    pub data_dir: Option<PathBuf>,
    /// Peers to begin with.
    pub peer: Vec<Address>,
    /// The address that the node wants to be known by.
    pub advertise: Option<Address>,
    /// Whether everybody is paid who asks.
    pub faucet: Option<bool>,
    /// The token that makes the node pay.
    pub money_token: Option<MoneyToken>,
    /// The file of the wallet's passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// How much one address is paid.
    #[serde(deserialize_with = "coins_per_time")]
    pub money_per_client: Option<Per<Amount>>,
    /// How often one address is paid.
    #[serde(deserialize_with = "times_per_time")]
    pub money_rate: Option<Per<NonZeroU32>>,
    /// The plugins.
    #[serde(deserialize_with = "texts")]
    pub plugin: Vec<Named>,
    /// Where libraries of plugins are sought by name.
    pub plugin_dir: Option<PathBuf>,
    /// What the files of plugins must be.
    #[serde(deserialize_with = "texts")]
    pub plugin_digest: Vec<Pin>,
    /// Options of plugins.
    #[serde(deserialize_with = "settings::deserialize")]
    pub set: Vec<Setting>,
    /// Whether to keep mining.
    pub mine: Option<bool>,
    /// The least time between two own empty blocks.
    #[serde(deserialize_with = "duration")]
    pub mine_interval: Option<Duration>,
    /// What to do about peers of other rules.
    pub on_other_rules: Option<OnOtherRules>,
    /// Who gets the rewards.
    #[serde(deserialize_with = "key")]
    pub reward_to: Option<String>,
    /// How many threads mine.
    #[serde(deserialize_with = "threads")]
    pub threads: Option<NonZeroUsize>,
    /// What is logged.
    #[serde(deserialize_with = "log_filter")]
    pub log: Option<String>,
    /// How it is logged.
    pub log_format: Option<LogFormat>,
    /// How long a rule may hold its thread; for tests, on the command line alone.
    #[serde(skip)]
    pub stuck_after: Option<Duration>,
}

impl Given {
    /// These options, and those of `other` where these say nothing.
    ///
    /// * A list that is given replaces the other; a plugin's option is replaced one by one.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        let mut set = other.set;
        set.retain(|theirs| {
            !self
                .set
                .iter()
                .any(|ours| ours.plugin == theirs.plugin && ours.option == theirs.option)
        });
        set.extend(self.set);
        Self {
            port: self.port.or(other.port),
            host: self.host.or(other.host),
            data_dir: self.data_dir.or(other.data_dir),
            peer: list(self.peer, other.peer),
            advertise: self.advertise.or(other.advertise),
            faucet: self.faucet.or(other.faucet),
            money_token: self.money_token.or(other.money_token),
            passphrase_file: self.passphrase_file.or(other.passphrase_file),
            money_per_client: self.money_per_client.or(other.money_per_client),
            money_rate: self.money_rate.or(other.money_rate),
            plugin: list(self.plugin, other.plugin),
            plugin_dir: self.plugin_dir.or(other.plugin_dir),
            plugin_digest: list(self.plugin_digest, other.plugin_digest),
            set,
            mine: self.mine.or(other.mine),
            mine_interval: self.mine_interval.or(other.mine_interval),
            on_other_rules: self.on_other_rules.or(other.on_other_rules),
            reward_to: self.reward_to.or(other.reward_to),
            threads: self.threads.or(other.threads),
            log: self.log.or(other.log),
            log_format: self.log_format.or(other.log_format),
            stuck_after: self.stuck_after.or(other.stuck_after),
        }
    }
}

/// The first list, or the second where the first says nothing.
fn list<T>(ours: Vec<T>, theirs: Vec<T>) -> Vec<T> {
    if ours.is_empty() { theirs } else { ours }
}

/// Reads a text of the file as the command line would.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    parse(&text).map(Some).map_err(D::Error::custom)
}

/// Reads a list of texts of the file as the command line would.
fn texts<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err = Error>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let items = texts
        .iter()
        .map(|text| text.parse().map_err(D::Error::custom));
    items.collect()
}

fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    read(deserializer, values::host)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    read(deserializer, values::duration)
}

fn coins_per_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Per<Amount>>, D::Error> {
    read(deserializer, Per::coins)
}

fn times_per_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Per<NonZeroU32>>, D::Error> {
    read(deserializer, Per::times)
}

fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    read(deserializer, values::key)
}

fn log_filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    read(deserializer, values::log_filter)
}

fn threads<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroUsize>, D::Error> {
    // A number there, not a text.
    let number = u64::deserialize(deserializer)?;
    values::threads(&number.to_string())
        .map(Some)
        .map_err(D::Error::custom)
}
