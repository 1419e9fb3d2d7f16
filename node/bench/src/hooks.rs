//! Measures of calling hooks: through the node's guard, and in a library.
//!
//! The call is the verdict on a header, the first that every block of a stranger needs.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use plugcoin_host::{DEFAULTS, Loader, Named, PluginRequest, Registry};
use plugcoin_sdk::hooks::{Consensus, SealVerdict};
use plugcoin_sdk::ledger::{Block, Target, genesis};
use plugcoin_sdk::plugin::Active;
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::MemoryStorage;
use plugcoin_testkit::fixtures::chain;
use proof_of_work::ProofOfWork;

use crate::measure::Outcome;
use crate::rounds::{paired, rate};
use crate::workbench::Workbench;

/// Calls between two looks at the clock.
const CALLS: u64 = 1_000;

pub(crate) fn compiled(bench: &Workbench) -> Result<Outcome, Error> {
    let verdict = Verdict::new()?;
    let object: Arc<dyn Consensus> = black_box(Arc::new(ProofOfWork::default()));
    let hooks = crate::hooks(Arc::new(MemoryStorage::new()))?;
    let guarded = black_box(hooks.consensus.at(1).hook.clone());
    let rounds = paired(
        bench.effort,
        || verdict.call_ns(bench, &*object),
        || verdict.call_ns(bench, &*guarded),
    )?;
    let figures = format!(
        "{:.1} ns, by a trait object {:.1} ns",
        rounds.ours, rounds.baseline
    );
    Ok(rounds.told(figures))
}

pub(crate) fn loaded(bench: &Workbench) -> Result<Outcome, Error> {
    let Some(path) = library(&bench.loader) else {
        let why = "there is no library of proof-of-work in --plugin-dir; in a checkout, build it by \
            cargo build --release -p proof-of-work";
        return Ok(Outcome::NotHere(why.to_owned()));
    };
    let verdict = Verdict::new()?;
    let object: Arc<dyn Consensus> = black_box(Arc::new(ProofOfWork::default()));
    let loaded = black_box(opened(&bench.loader, path)?);
    let mut by_object = f64::NAN;
    // Against a microsecond, which is the target's unit.
    let rounds = paired(
        bench.effort,
        || {
            by_object = verdict.call_ns(bench, &*object)?;
            Ok(1_000.0)
        },
        || verdict.call_ns(bench, &*loaded),
    )?;
    let figures = format!(
        "{:.0} ns, {:.0} times a trait object's call",
        rounds.ours,
        rounds.ours / by_object
    );
    Ok(rounds.told(figures))
}

/// What is asked.
struct Verdict {
    block: Block,
    parent: Block,
}

impl Verdict {
    fn new() -> Result<Self, Error> {
        let missing = || Error::new(ErrorKind::Unsupported, "a chain of one block has none");
        Ok(Self {
            block: chain(1).pop().ok_or_else(missing)?,
            parent: genesis(),
        })
    }

    /// How long a call takes.
    fn call_ns(&self, bench: &Workbench, consensus: &dyn Consensus) -> Result<f64, Error> {
        let (header, parent) = (self.block.header(), self.parent.header());
        // As the core gives it.
        let parent = Some(parent).filter(|_| consensus.looks_at_parent());
        let a_second = rate(bench.effort.least, || {
            for _ in 0..CALLS {
                let (header, parent) = (black_box(header), black_box(parent));
                let verdict = consensus.check_seal(header, parent, &Target::MAX)?;
                if verdict != SealVerdict::Valid {
                    let message = "a seal that meets the easiest target was refused";
                    return Err(Error::new(ErrorKind::Plugin, message));
                }
            }
            Ok(CALLS)
        })?;
        Ok(1e9 / a_second)
    }
}

/// The library of proof-of-work: where libraries are sought, or where cargo leaves it beside the
/// program that it builds.
fn library(loader: &Loader) -> Option<PathBuf> {
    let file = format!("{DLL_PREFIX}proof_of_work{DLL_SUFFIX}");
    let dir = loader.dir.as_ref()?;
    let places = [dir.join(&file), dir.join("deps").join(&file)];
    places.into_iter().find(|place| place.is_file())
}

/// The consensus of a library, as a node has it.
fn opened(loader: &Loader, path: PathBuf) -> Result<Arc<dyn Consensus>, Error> {
    let mut request = PluginRequest {
        plugins: vec![Named {
            plugin: path.display().to_string(),
            from_nr: 0,
        }],
        ..PluginRequest::default()
    };
    let registry = Registry::compiled_in()?.load(loader, &mut request)?;
    let storage = Active::new("memory", Arc::new(MemoryStorage::new()) as _);
    let resolved = registry.plan(&request, &DEFAULTS)?.create_on(storage)?;
    Ok(resolved.hooks.consensus.at(1).hook.clone())
}
