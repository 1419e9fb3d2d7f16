//! `node chain repair`: save what can be saved of a damaged journal, and say what could not.

mod candidates;
mod report;

use std::path::Path;
use std::sync::Arc;

use journal::{Broken, Damaged, Salvage, TornTail};
use plugcoin_core::{Journal, Node, Outcome};
use plugcoin_host::Resolved;
use plugcoin_sdk::ErrorKind;
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::plugin::Active;

use super::chain_file;
use super::output;
use super::{ExitCode, Failure};
use crate::config::Config;
use crate::run::clock::now_us;
use crate::run::rules_file;
use candidates::Candidates;
use report::{Report, Saved};

/// Saves the records of a stored chain that are whole, connect and keep the configured rules.
///
/// * The damaged file is kept beside the new one; with `dry_run` nothing is written.
///
/// # Errors
/// * [`ExitCode::Chain`] if something could not be saved.
/// * The same if no byte is damaged and a block breaks a rule: then the rules are other ones.
/// * [`ExitCode::Configuration`] if the chain was written under other rules than these.
/// * [`ExitCode::InUse`] if a node has it open.
pub(super) fn repair(
    config: &Config,
    file: &Path,
    dry_run: bool,
    json: bool,
) -> Result<(), Failure> {
    chain_file::exists(file)?;
    let broken = Broken::open(file)?;
    // What a start makes of it by itself.
    let torn = chain_file::visit(file, &mut |_, _| Ok(()));
    let Salvage {
        found,
        payments,
        damaged,
    } = broken.search()?;
    if found.is_empty() {
        return match torn {
            Ok(_) => {
                let name = file.display();
                output::answer(format!("{name} holds no record, and needs no repair."));
                Ok(())
            }
            Err(_) => Err(nothing_found(file, &damaged)),
        };
    }
    let torn = torn.ok().flatten();

    let plan = config.plan(config.port)?;
    let candidates = Arc::new(Candidates::new(found, payments, &*plan.signer()?.hook)?);
    let resolved = plan.create_on(Active::new("file", candidates.clone()))?;
    under_its_rules(file, &resolved)?;
    let mut breaks = None;
    let node = loop {
        let core = plugcoin_core::Config::default();
        match Node::open(now_us(), core, resolved.hooks.clone(), None, Journal::Judge) {
            Ok((node, _)) => break node,
            // The block that breaks a rule is left out, and all that is built on it.
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                breaks.get_or_insert(error.to_string());
                candidates.reject(error)?;
            }
            Err(error) => return Err(error.into()),
        }
    };
    if let Some(why) = breaks.filter(|_| damaged.is_empty() && torn.is_none()) {
        return Err(whole_and_refused(file, &why));
    }
    let chosen = candidates.chosen();
    let mut report = Report {
        damaged: of_a_crash(damaged, torn),
        lost: chosen.lost.clone(),
        unheld: chosen.payments().filter(|id| !is_held(&node, id)).collect(),
        saved: Saved {
            blocks: node.blocks(),
            payments: chosen.payments().count(),
            waiting: node.waiting(),
            tip: node.tip(),
        },
        kept: None,
        dry_run,
    };
    report.damaged.extend(chosen.mended.iter().cloned());
    report.restore_first(&chosen);
    if report.is_damaged() && !dry_run {
        report.kept = Some(broken.replace(chosen.records())?);
    }
    match json {
        true => output::answer(report.json(file)),
        false => output::answer(report.text(file)),
    }
    report.result(file)
}

/// Refuses to judge a chain by other rules than it was written under: they would throw away what is good.
fn under_its_rules(file: &Path, resolved: &Resolved) -> Result<(), Failure> {
    let name = file.file_name().and_then(|name| name.to_str());
    let Some(of_node) = name.and_then(|name| name.strip_prefix("blocks-")) else {
        return Ok(());
    };
    let rules = file.with_file_name(format!("rules-{of_node}"));
    match rules_file::fingerprint(&rules)? {
        Some(written) if written != resolved.fingerprint => Err(Failure::new(
            ExitCode::Configuration,
            format!(
                "{} was written under other rules ({written}) than these ({}), by which good blocks would \
                 be thrown away; give the --plugin and --set that its node runs with ({} has them)",
                file.display(),
                resolved.fingerprint,
                rules.display()
            ),
        )),
        _ => Ok(()),
    }
}

fn whole_and_refused(file: &Path, why: &str) -> Failure {
    Failure::new(
        ExitCode::Chain,
        format!(
            "no byte of {} is damaged, and it does not hold under these rules: {why}\n\
             Nothing was changed. Give the --plugin and --set that its node runs with; if the rules shall \
             be others, take another --data-dir, or let the new plugin begin at a later block, as \
             --plugin NAME@NR.",
            file.display()
        ),
    )
}

/// Whether a payment is on the best chain or waits.
fn is_held(node: &Node, id: &Hash) -> bool {
    let verdict = node.explain(id).map(|explanation| explanation.verdict);
    matches!(verdict, Some(Outcome::OnBestChain | Outcome::Waiting))
}

/// Says of the torn end what it may be: nobody can tell it from an end that was lost later.
fn of_a_crash(mut damaged: Vec<Damaged>, torn: Option<TornTail>) -> Vec<Damaged> {
    let from = torn.map_or(u64::MAX, |torn| torn.offset);
    for damage in damaged.iter_mut().filter(|damage| damage.offset >= from) {
        damage.what += " (a crash leaves this of what nobody was told of yet)";
    }
    damaged
}

fn nothing_found(file: &Path, damaged: &[Damaged]) -> Failure {
    let damages = report::first_of(damaged.iter().map(report::told), "");
    Failure::new(
        ExitCode::Chain,
        format!(
            "{} holds no record that can be saved, and was left as it is:\n{}\n\
             Move it away and start the node: it fetches the chain again.",
            file.display(),
            damages.join("\n")
        ),
    )
}
