//! The command line: what was typed, what it means, what is printed.

mod args;
mod bench;
mod chain_file;
mod chain_repair;
mod chain_show;
mod chain_verify;
mod client;
mod exit;
mod logging;
mod node_url;
pub mod output;
mod plugins_check;
mod plugins_list;
mod plugins_new;
mod snapshot;
pub mod summary;
mod wallet_commands;

pub use exit::{ExitCode, Failure};

use std::io;

use clap::Parser as _;
use plugcoin_bench::Effort;

use args::{ChainCommand, Cli, Command, PluginsCommand, Rules, SnapshotCommand};

/// Does what was typed, and says how it ended.
pub fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, and are no failure.
            let _ = error.print();
            return match error.use_stderr() {
                true => ExitCode::Usage.into(),
                false => ExitCode::Ok.into(),
            };
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::Ok.into(),
        Err(failure) => {
            output::failure(&failure);
            failure.code().into()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let Some(command) = cli.command else {
        let config = cli.node.config()?;
        logging::start(&config.log, config.log_format)?;
        return crate::run::run(config);
    };
    logging::start("warn", Default::default())?;
    match command {
        Command::Wallet(command) => wallet_commands::run(command),
        Command::Chain(ChainCommand::Show { from, limit, chain }) => {
            let json = chain.json;
            let (_, file) = chain.config(Rules::default())?;
            chain_show::show(&file, from, limit, json)
        }
        Command::Chain(ChainCommand::Verify { chain, rules }) => {
            let json = chain.json;
            let (config, file) = chain.config(rules)?;
            chain_verify::verify(&config, &file, json)
        }
        Command::Chain(ChainCommand::Repair {
            dry_run,
            chain,
            rules,
        }) => {
            let json = chain.json;
            let (config, file) = chain.config(rules)?;
            chain_repair::repair(&config, &file, dry_run, json)
        }
        Command::Plugins(PluginsCommand::List {
            plugin,
            plugin_dir,
            json,
        }) => plugins_list::list(plugin, plugin_dir, json),
        Command::Plugins(PluginsCommand::New {
            name,
            hook,
            dir,
            sdk,
        }) => plugins_new::new(&name, hook, dir.as_deref(), sdk),
        Command::Plugins(PluginsCommand::Check {
            plugin,
            plugin_dir,
            set,
            json,
        }) => plugins_check::check(&plugin, plugin_dir, &set, json),
        Command::Plugins(PluginsCommand::CheckPart { task }) => {
            Ok(crate::check::answer(&task, io::stdout())?)
        }
        Command::Plugins(PluginsCommand::Trial { request }) => {
            Ok(plugcoin_host::answer_trial(&request, io::stdout())?)
        }
        Command::Bench { list: true, .. } => {
            bench::list();
            Ok(())
        }
        Command::Bench {
            measure,
            growth,
            quick,
            json,
            dir,
            plugin_dir,
            ..
        } => {
            let effort = if quick { Effort::QUICK } else { Effort::FULL };
            let place = bench::Place { dir, plugin_dir };
            match growth {
                true => bench::growth(effort, json, place),
                false => bench::run(&measure, effort, json, place),
            }
        }
        Command::Snapshot(SnapshotCommand::Record { dir, rules }) => {
            snapshot::record(&dir, rules.config())
        }
        Command::Snapshot(SnapshotCommand::Check { dir, rules }) => {
            snapshot::check(&dir, rules.config())
        }
    }
}
