//! What may be typed.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use plugcoin_host::{Named, Pin, Setting};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::Sum;

use super::exit::ExitCode;
use super::node_url::NodeUrl;
use super::plugins_new::{PluginName, Sdk};
use crate::cli::Failure;
use crate::config::{Config, Given, values};

mod node;

pub(crate) use node::NodeArgs;

const EXAMPLES: &str = "\
Examples:
  node                                          a node on port 6000, files in this folder
  node --port 6001 --peer 127.0.0.1:6000        a second node that knows the first
  node --mine --set zeros.zeros=3               keep mining, three zeros are enough
  node wallet show                              your public key: where you can be paid to
  node wallet send --to KEY --sum 0.8           pay, by the node on port 6000
  node chain show                               the blocks of blocks-6000.json
  node plugins list                             every plugin and its options
  node plugins new my-rule --hook reward        a plugin of your own, ready to build
  node plugins check ./libmy_rule.so            whether it keeps the laws of its hook
  node snapshot record answers                  what a node answers, to compare with later
  node bench mining                             how fast this machine mines";

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "node",
    version,
    about = "Plugcoin: a peer-to-peer custom bitcoin node in which every rule is a plugin",
    long_about = "Plugcoin: a peer-to-peer custom bitcoin node in which every rule is a plugin.\n\n\
        Without a command it runs a node: it finds its peers, takes their blocks, checks every one \
        of them, serves them over HTTP, and mines when transactions wait. Its files are named by \
        its port and lie in the data directory: blocks-PORT.json, wallet-PORT.json, peers-PORT.json \
        and rules-PORT.json. Ctrl-C stops it; what it acknowledged is on disk.\n\n\
        All options of a node may stand in plugcoin.toml, under the same names. The command line \
        wins; a list that is given there replaces the file's.",
    after_help = EXAMPLES,
    after_long_help = long_help(),
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

fn long_help() -> String {
    let codes: Vec<String> = ExitCode::ALL
        .iter()
        .map(|&code| format!("  {}  {}", code as u8, code.meaning()))
        .collect();
    format!("{EXAMPLES}\n\nExit codes:\n{}", codes.join("\n"))
}

/// The commands beside running a node.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make keys, show them, pay with them
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Show, verify and repair a stored chain; no node need run
    #[command(subcommand)]
    Chain(ChainCommand),
    /// List, write and check plugins
    #[command(subcommand)]
    Plugins(PluginsCommand),
    /// Record what a node answers under some rules, and see what changes
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Measure how fast this machine mines, verifies, stores and serves
    #[command(
        long_about = "Measure how fast this machine mines, verifies, stores and serves.\n\n\
        Each measure is a ratio: what the node does to a baseline of its own, in turn in one process. \
        The middle of all rounds is shown, between which values the middle half of them lies, and the \
        target. A ratio that misses its target is no failure. Keep the machine quiet meanwhile."
    )]
    Bench {
        /// What to measure, as mining, mining.t3 or mining.t3.avx512 [default: all]
        #[arg(value_name = "FAMILY|NAME")]
        measure: Vec<String>,
        /// Fewer and shorter rounds: about a minute for all
        #[arg(long)]
        quick: bool,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
        /// Show what can be measured, and measure nothing
        #[arg(long, conflicts_with_all = ["measure", "growth", "quick", "json", "dir", "plugin_dir"])]
        list: bool,
        /// Show what things cost with 1 000, 10 000, 100 000 and 1 000 000 blocks; --quick ends with
        /// 10 000
        #[arg(long, conflicts_with = "measure")]
        growth: bool,
        /// A folder on the disk that is measured [default: the system's for temporary files]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Where plugins' libraries are sought [default: the program's own folder]
        #[arg(long, value_name = "DIR")]
        plugin_dir: Option<PathBuf>,
    },
}

/// Where a node's files are.
#[derive(Debug, Default, Args)]
pub(crate) struct Place {
    /// The node's port, which names its files; a node takes a free one for 0 [default: 6000]
    #[arg(long, value_name = "PORT", help_heading = "Node")]
    port: Option<u16>,
    /// Folder for the node's files, made if missing [default: the current one]
    #[arg(long, value_name = "DIR", help_heading = "Node")]
    data_dir: Option<PathBuf>,
    /// File of options [default: plugcoin.toml, if it is there]
    #[arg(long, value_name = "FILE", help_heading = "Node")]
    config: Option<PathBuf>,
}

/// Which rules hold.
#[derive(Debug, Default, Args)]
pub(crate) struct Rules {
    /// A plugin that replaces the default of its hook, by name or by its library's path; with @NR
    /// from block NR on; may be repeated
    #[arg(long, value_name = "NAME|PATH[@NR]", help_heading = "Rules")]
    plugin: Vec<Named>,
    /// Where plugins' libraries are sought by name [default: the program's own folder]
    #[arg(long, value_name = "DIR", help_heading = "Rules")]
    plugin_dir: Option<PathBuf>,
    /// What a plugin's file must be, or it is not loaded; may be repeated
    #[arg(long, value_name = "NAME=SHA256", help_heading = "Rules")]
    plugin_digest: Vec<Pin>,
    /// An option of a plugin, as zeros.zeros=5; may be repeated
    #[arg(long, value_name = "PLUGIN.OPTION=VALUE", help_heading = "Rules")]
    set: Vec<Setting>,
}

/// Where a wallet is, and which scheme it is of.
#[derive(Debug, Args)]
pub(crate) struct WalletArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    rules: Rules,
    /// The file of the passphrase, which its owner alone may read; without one, it is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// Make new keys in wallet-PORT.json; never overwrites any
    New {
        /// Put them under a passphrase, which is asked for; with --passphrase-file they are in any case
        #[arg(long)]
        passphrase: bool,
        #[command(flatten)]
        wallet: WalletArgs,
    },
    /// Put the keys under a passphrase, under another one, or under none
    ///
    /// The present passphrase is asked for if there is one, and a new one twice. The file is replaced
    /// in one step, and the old one stays until the new one is on the disk. A running node has
    /// its keys already; it needs the new passphrase at its next start.
    Passphrase {
        /// The file of the new passphrase, which its owner alone may read; without one, it is asked for
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
        /// Put the keys under none
        #[arg(long, conflicts_with = "new_passphrase_file")]
        remove: bool,
        #[command(flatten)]
        wallet: WalletArgs,
    },
    /// Show the public key and the file, never the secret key
    Show {
        #[command(flatten)]
        wallet: WalletArgs,
    },
    /// Ask a node for its chain, and add up what it says of the key
    Balance {
        /// Another key than the wallet's
        #[arg(long, value_name = "KEY", value_parser = values::key)]
        of: Option<String>,
        /// The node to ask [default: 127.0.0.1 at --port]
        #[arg(long, value_name = "URL")]
        node: Option<NodeUrl>,
        #[command(flatten)]
        wallet: WalletArgs,
    },
    /// Sign a payment here and post it to a node; prints its id
    Send {
        /// The key to pay to
        #[arg(long, value_name = "KEY", value_parser = values::key)]
        to: String,
        /// How much, as 2 or 0.8; eight decimals at most
        #[arg(long, value_name = "SUM", value_parser = values::sum, allow_negative_numbers = true)]
        sum: Sum,
        /// The node to post to [default: 127.0.0.1 at --port]
        #[arg(long, value_name = "URL")]
        node: Option<NodeUrl>,
        #[command(flatten)]
        wallet: WalletArgs,
    },
}

/// Which stored chain.
#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    /// The stored chain [default: blocks-PORT.json in the data directory]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChainCommand {
    /// List the blocks, one a line, and what waits
    Show {
        /// The first height
        #[arg(long, value_name = "NR", default_value_t = 0)]
        from: u64,
        /// How many blocks at most [default: all]
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        #[command(flatten)]
        chain: ChainArgs,
    },
    /// Check every block and transaction under these rules, and name the first fault
    Verify {
        #[command(flatten)]
        chain: ChainArgs,
        #[command(flatten)]
        rules: Rules,
    },
    /// Save what can be saved of a damaged chain, and say what could not
    #[command(
        long_about = "Save what can be saved of a damaged chain, and say what could not.\n\n\
        Every damage is named to the byte. Blocks and payments that are whole, connect, and keep these \
        rules are written into a new file, which takes the place of the damaged one; that is kept \
        beside it. A payment whose block is not saved waits again. What is missing a node with peers \
        fetches from them.\n\n\
        The exit code is 0 if nothing was lost and 6 if something was. The node must not run meanwhile."
    )]
    Repair {
        /// Say what would be saved and what not, and write nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        chain: ChainArgs,
        #[command(flatten)]
        rules: Rules,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Ask a node in a fixed world what every endpoint answers, and write it down
    #[command(
        long_about = "Ask a node in a fixed world what every endpoint answers, and write it \
        down.\n\nThe node has no port and no files; clock, keys, seeds and nonces are the same each \
        time. Its answers are written into a folder in DIR, named by the fingerprint of the rules, \
        with a text for each endpoint. What was recorded there before is replaced."
    )]
    Record {
        /// Where the folders of answers are; made if missing
        dir: PathBuf,
        #[command(flatten)]
        rules: Rules,
    },
    /// Ask again, and show what is no longer answered as it was recorded
    #[command(
        long_about = "Ask again, and show what is no longer answered as it was recorded.\n\n\
        For every folder of answers in DIR a node is made by the plugins and options that are recorded \
        there. What has changed is shown as a diff, and the exit code is 1. A line in which only hashes, \
        nonces, keys and signatures are others is shown as it is now, without a sign.\n\n\
        With --plugin, and the --set beside it, other rules are compared with what was recorded; --set \
        alone changes an option of those."
    )]
    Check {
        /// Where the folders of answers are, or one of them
        dir: PathBuf,
        #[command(flatten)]
        rules: Rules,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginsCommand {
    /// Every plugin with its version, its hooks and its options
    List {
        /// The library of a plugin that lies elsewhere; may be repeated
        #[arg(long, value_name = "NAME|PATH")]
        plugin: Vec<Named>,
        /// Where plugins' libraries are sought [default: the program's own folder]
        #[arg(long, value_name = "DIR")]
        plugin_dir: Option<PathBuf>,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the crate of a new plugin: it builds, keeps the laws of its hook, and loads
    New {
        /// Its name: of the crate, of the library, and on the command line
        name: PluginName,
        /// What it decides
        #[arg(long, value_name = "HOOK", value_parser = values::hook())]
        hook: HookKind,
        /// The folder to make the crate's folder in [default: the current one]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Its SDK: a folder or a version [default: the checkout that the program was built from, or
        /// the program's version]
        #[arg(long, value_name = "PATH|VERSION")]
        sdk: Option<Sdk>,
    },
    /// Call a plugin again and again, and say whether it keeps the laws of its hooks
    Check {
        /// The plugin, by its name or by its library's path; of a library, all or one
        #[arg(value_name = "NAME|PATH[:NAME]")]
        plugin: Named,
        /// Where plugins' libraries are sought by name [default: the program's own folder]
        #[arg(long, value_name = "DIR")]
        plugin_dir: Option<PathBuf>,
        /// An option of the plugin, as zeros.zeros=5; may be repeated
        #[arg(long, value_name = "PLUGIN.OPTION=VALUE")]
        set: Vec<Setting>,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// A part of a check, for the node itself
    #[command(hide = true)]
    CheckPart {
        /// What is to be done
        task: String,
    },
    /// Try a library, for the node itself
    #[command(hide = true)]
    Trial {
        /// What is tried
        request: String,
    },
}

impl Rules {
    /// The configuration that these mean alone, without a file.
    pub(crate) fn config(self) -> Config {
        Config::from(Given {
            plugin: self.plugin,
            plugin_dir: self.plugin_dir,
            plugin_digest: self.plugin_digest,
            set: self.set,
            ..Given::default()
        })
    }
}

impl WalletArgs {
    /// The configuration that these mean.
    pub(crate) fn config(self) -> Result<Config, Failure> {
        let given = Given {
            passphrase_file: self.passphrase_file,
            ..Given::default()
        };
        config(given, self.place, self.rules)
    }
}

impl ChainArgs {
    /// The configuration that these mean, and the file.
    pub(crate) fn config(self, rules: Rules) -> Result<(Config, PathBuf), Failure> {
        let config = config(Given::default(), self.place, rules)?;
        let file = match self.file {
            Some(file) => file,
            None => config.file("blocks", config.port),
        };
        Ok((config, file))
    }
}

fn config(given: Given, place: Place, rules: Rules) -> Result<Config, Failure> {
    let given = Given {
        port: place.port,
        data_dir: place.data_dir,
        plugin: rules.plugin,
        plugin_dir: rules.plugin_dir,
        plugin_digest: rules.plugin_digest,
        set: rules.set,
        ..given
    };
    let file: Option<&Path> = place.config.as_deref();
    Ok(Config::load(given, file)?)
}
