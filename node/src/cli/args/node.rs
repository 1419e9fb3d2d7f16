//! What may be typed to run a node.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plugcoin_sdk::ledger::{Address, Amount};

use super::{Place, Rules, config};
use crate::cli::Failure;
use crate::config::{Config, Given, LogFormat, MoneyToken, OnOtherRules, Per, values};

/// Options for running a node.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The file of the wallet's passphrase, which its owner alone may read; without one, it is asked for
    #[arg(long, value_name = "FILE", help_heading = "Node")]
    passphrase_file: Option<PathBuf>,
    /// Address to listen on; 0.0.0.0 for all networks [default: 127.0.0.1]
    #[arg(long, value_name = "IP", value_parser = values::host, help_heading = "Network")]
    host: Option<IpAddr>,
    /// A peer to begin with, never dropped; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_parser = values::address, help_heading = "Network")]
    peer: Vec<Address>,
    /// The address to be known by, if peers can't reach the one that the node calls from
    #[arg(long, value_name = "HOST:PORT", value_parser = values::address, help_heading = "Network")]
    advertise: Option<Address>,
    /// Pay everybody who asks by POST /money, also from other machines; =false overrules the file.
    /// On loopback a node does so anyway, unless it has a token
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Money"
    )]
    faucet: Option<bool>,
    /// Pay who names this token of 16 characters at least, by the header Authorization: Bearer TOKEN;
    /// @FILE is where it stands, which its owner alone may read, and others don't see it in the list of
    /// processes
    #[arg(long, value_name = "@FILE|TOKEN", help_heading = "Money")]
    money_token: Option<MoneyToken>,
    /// How many coins one address is paid at most, as 2/1h; a new hour begins with the next payment
    #[arg(long, value_name = "COINS/TIME", value_parser = Per::coins, help_heading = "Money")]
    money_per_client: Option<Per<Amount>>,
    /// How often one address is paid at most, as 10/1m
    #[arg(long, value_name = "TIMES/TIME", value_parser = Per::times, help_heading = "Money")]
    money_rate: Option<Per<NonZeroU32>>,
    #[command(flatten)]
    rules: Rules,
    /// What to do about peers of other rules [default: observe]
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Rules")]
    on_other_rules: Option<OnOtherRules>,
    /// Keep mining, also when nothing waits; =false overrules the file
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Mining"
    )]
    mine: Option<bool>,
    /// Least time between two own empty blocks, as 1s, 500ms; 0 is flat out [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Mining")]
    mine_interval: Option<Duration>,
    /// The key that gets the rewards [default: the wallet's]
    #[arg(long, value_name = "KEY", value_parser = values::key, help_heading = "Mining")]
    reward_to: Option<String>,
    /// How many threads mine [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = values::threads, help_heading = "Mining")]
    threads: Option<NonZeroUsize>,
    /// What to log, as debug, or warn,plugcoin_core=debug [default: info]
    #[arg(long, value_name = "FILTER", value_parser = values::log_filter, help_heading = "Logs")]
    log: Option<String>,
    /// How to log, to standard error [default: text]
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Logs")]
    log_format: Option<LogFormat>,
    /// How long a rule may hold its thread before the node stops: for tests, which don't wait so long
    #[arg(long, hide = true, value_name = "TIME", value_parser = values::duration)]
    stuck_after: Option<Duration>,
}

impl NodeArgs {
    /// The configuration that these mean.
    pub(crate) fn config(self) -> Result<Config, Failure> {
        let given = Given {
            host: self.host,
            peer: self.peer,
            advertise: self.advertise,
            passphrase_file: self.passphrase_file,
            faucet: self.faucet,
            money_token: self.money_token,
            money_per_client: self.money_per_client,
            money_rate: self.money_rate,
            mine: self.mine,
            mine_interval: self.mine_interval,
            on_other_rules: self.on_other_rules,
            reward_to: self.reward_to,
            threads: self.threads,
            log: self.log,
            log_format: self.log_format,
            stuck_after: self.stuck_after,
            ..Given::default()
        };
        config(given, self.place, self.rules)
    }
}
