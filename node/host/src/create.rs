//! [`Resolved`]: the hooks of a [`Plan`], made.

use std::path::PathBuf;
use std::sync::Arc;

use plugcoin_sdk::hooks::{HookKind, Signer, Storage, Transport};
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::plugin::{Active, Hooks, Provided, Rule, Schedule, Scheduled, Setup};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::guard::{Watch, guard};
use crate::manifest::Manifest;
use crate::plan::{Chosen, Plan};
use crate::registry::names;

/// The active hooks of a node, and what can be said of them.
#[derive(Clone)]
pub struct Resolved {
    /// The hooks that the core calls.
    pub hooks: Hooks,
    /// The hook that the program calls.
    pub transport: Active<dyn Transport>,
    /// What the node says of each plugin: in the order of [`HookKind::ALL`], then by name.
    pub manifests: Vec<Manifest>,
    /// What is known of each hook of each plugin at work, in the same order.
    pub watches: Vec<Arc<Watch>>,
    /// What decides what is valid or wins.
    pub rules: Vec<Rule>,
    /// The fingerprint of the rules.
    pub fingerprint: Hash,
}

impl Resolved {
    /// The answer of `GET /plugins`, as things stand.
    pub fn manifests_json(&self) -> Value {
        let plugins: Vec<Manifest> = self
            .manifests
            .iter()
            .map(|manifest| {
                let watches = self.watches.iter();
                let watches: Vec<&Arc<Watch>> = watches
                    .filter(|watch| **watch.plugin() == *manifest.name)
                    .collect();
                match watches.is_empty() {
                    true => manifest.clone(),
                    false => manifest.with(&watches),
                }
            })
            .collect();
        json!({
            "fingerprint": self.fingerprint,
            "genesis": genesis().hash(),
            "plugins": plugins,
        })
    }
}

impl Plan {
    /// Makes the hooks.
    ///
    /// * A plugin of several hooks is made once.
    ///
    /// # Errors
    /// Whatever a plugin says on being made, of the kind that it says; [`ErrorKind::Plugin`] if one
    /// lacks a hook that it is registered for.
    pub fn create(&self) -> Result<Resolved, Error> {
        self.create_with(None)
    }

    /// Makes the hooks, but keeps the records in this storage: a plugin for storage alone is not made.
    ///
    /// # Errors
    /// As [`Plan::create`].
    pub fn create_on(&self, storage: Active<dyn Storage>) -> Result<Resolved, Error> {
        self.create_with(Some(storage))
    }

    /// Makes the signer alone, without any files.
    ///
    /// # Errors
    /// As [`Plan::create`].
    pub fn signer(&self) -> Result<Active<dyn Signer>, Error> {
        let of_signer = |chosen: &&Chosen| chosen.places.contains(&(HookKind::Signer, 0));
        let made = self
            .chosen
            .iter()
            .filter(of_signer)
            .map(|chosen| {
                let setup = Setup {
                    data_dir: None,
                    ..chosen.setup.clone()
                };
                chosen.make(&setup, &Provided::default())
            })
            .collect::<Result<Vec<_>, Error>>()?;
        one(&made, HookKind::Signer, |provided| provided.signer.clone())
    }

    /// Makes one of the plugins alone, with this folder for its files, for whoever wants to see it as
    /// it is.
    ///
    /// * It has no guard: what panics, panics, and nothing takes over.
    ///
    /// # Errors
    /// As [`Plan::create`]; [`ErrorKind::Configuration`] if the plugin is not in the plan.
    pub fn make(&self, plugin: &str, data_dir: PathBuf) -> Result<Provided, Error> {
        let mut chosen = self.chosen.iter();
        let found = chosen.find(|chosen| chosen.plugin.name() == plugin);
        let chosen = found.ok_or_else(|| {
            let message = format!("the plugin {plugin} is not among those that were asked for");
            Error::new(ErrorKind::Configuration, message)
        })?;
        let setup = Setup {
            data_dir: Some(data_dir),
            ..chosen.setup.clone()
        };
        chosen.provide(&setup)
    }

    fn create_with(&self, storage: Option<Active<dyn Storage>>) -> Result<Resolved, Error> {
        let instead = self.make_instead()?;
        let made = self
            .chosen
            .iter()
            .filter(|chosen| storage.is_none() || chosen.places != [(HookKind::Storage, 0)])
            .map(|chosen| (chosen, &instead));
        let made = make_storage_last(made)?;
        let storage = match storage {
            Some(storage) => storage,
            None => one(&made, HookKind::Storage, |provided| {
                provided.storage.clone()
            })?,
        };
        let hooks = Hooks {
            storage,
            consensus: scheduled(&made, HookKind::Consensus, |p| p.consensus.clone())?,
            signer: scheduled(&made, HookKind::Signer, |p| p.signer.clone())?,
            gossip: one(&made, HookKind::Gossip, |p| p.gossip.clone())?,
            difficulty: scheduled(&made, HookKind::Difficulty, |p| p.difficulty.clone())?,
            fork_choice: one(&made, HookKind::ForkChoice, |p| p.fork_choice.clone())?,
            reward: scheduled(&made, HookKind::Reward, |p| p.reward.clone())?,
            merkle: scheduled(&made, HookKind::Merkle, |p| p.merkle.clone())?,
            mempool: one(&made, HookKind::Mempool, |p| p.mempool.clone())?,
            validity: all(&made, HookKind::Validity, |p| p.validity.clone()),
            observers: all(&made, HookKind::Observer, |p| p.observer.clone())
                .into_iter()
                .map(|scheduled| scheduled.active)
                .collect(),
        };
        Ok(Resolved {
            hooks,
            transport: one(&made, HookKind::Transport, |p| p.transport.clone())?,
            manifests: self.manifests(),
            watches: made.iter().flat_map(|made| made.watches.clone()).collect(),
            rules: self.rules(),
            fingerprint: self.fingerprint(),
        })
    }
}

impl Plan {
    /// Makes what takes over from other plugins, with the defaults of its options.
    fn make_instead(&self) -> Result<Provided, Error> {
        let mut all = Provided::default();
        for (kind, plugin) in &self.instead {
            let provided = plugin.create(&Setup {
                plugin: plugin.name().to_owned(),
                ..Setup::default()
            })?;
            match kind {
                HookKind::Gossip => all.gossip = provided.gossip,
                HookKind::Transport => all.transport = provided.transport,
                HookKind::Mempool => all.mempool = provided.mempool,
                _ => {}
            }
        }
        Ok(all)
    }
}

/// Makes plugins, in their order but for Storage, which is last: what refuses its options does so
/// before there are files.
fn make_storage_last<'a>(
    chosen: impl Iterator<Item = (&'a Chosen, &'a Provided)>,
) -> Result<Vec<Made<'a>>, Error> {
    let mut order: Vec<_> = chosen.enumerate().collect();
    order.sort_by_key(|(_, (chosen, _))| chosen.provides(HookKind::Storage));
    let mut made = order
        .into_iter()
        .map(|(place, (chosen, instead))| Ok((place, chosen.make(&chosen.setup, instead)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    made.sort_by_key(|(place, _)| *place);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

/// A plugin that was made.
struct Made<'a> {
    chosen: &'a Chosen,
    provided: Provided,
    watches: Vec<Arc<Watch>>,
}

impl Chosen {
    /// Makes the plugin as it is, without a guard.
    fn provide(&self, setup: &Setup) -> Result<Provided, Error> {
        let name = self.plugin.name();
        let provided = self.plugin.create(setup).map_err(|error| {
            Error::new(error.kind(), format!("the plugin {name} can't start")).because(error)
        })?;
        let there = provided.kinds();
        let hooks = &self.plugin.about().hooks;
        let lacking: Vec<HookKind> = hooks
            .iter()
            .filter(|kind| self.provides(**kind) && !there.contains(kind))
            .copied()
            .collect();
        if !lacking.is_empty() {
            return Err(Error::new(
                ErrorKind::Plugin,
                format!(
                    "the plugin {name} is registered for {} and made no {}",
                    names(hooks),
                    names(&lacking)
                ),
            ));
        }
        Ok(provided)
    }

    fn make(&self, setup: &Setup, instead: &Provided) -> Result<Made<'_>, Error> {
        let provided = self.provide(setup)?;
        let name = self.plugin.name();
        let watch = |kind| Watch::new(name, setup.log(), kind);
        let (provided, watches) = guard(provided, watch, instead);
        Ok(Made {
            chosen: self,
            provided,
            watches,
        })
    }
}

/// The hooks of this kind, by the heights at which they begin, then by the plugins' names.
fn all<T: ?Sized>(
    made: &[Made<'_>],
    kind: HookKind,
    pick: impl Fn(&Provided) -> Option<Arc<T>>,
) -> Vec<Scheduled<T>> {
    let mut hooks: Vec<Scheduled<T>> = made
        .iter()
        .flat_map(|made| {
            let places = made.chosen.places.iter();
            places
                .filter(move |(hook, _)| *hook == kind)
                .filter_map(|&(_, from_nr)| {
                    let hook = pick(&made.provided)?;
                    let about = made.chosen.plugin.about();
                    let active = Active::versioned(&about.name, &about.version, hook);
                    Some(Scheduled { from_nr, active })
                })
        })
        .collect();
    hooks.sort_by(|a, b| (a.from_nr, &a.active.plugin).cmp(&(b.from_nr, &b.active.plugin)));
    hooks
}

/// The hooks of this kind over the heights.
fn scheduled<T: ?Sized>(
    made: &[Made<'_>],
    kind: HookKind,
    pick: impl Fn(&Provided) -> Option<Arc<T>>,
) -> Result<Schedule<T>, Error> {
    let mut hooks = all(made, kind, pick).into_iter();
    match hooks.next().filter(|first| first.from_nr == 0) {
        Some(first) => Ok(Schedule::new(first.active, hooks.collect())),
        None => Err(Error::new(
            ErrorKind::Configuration,
            format!("nothing provides {kind}"),
        )),
    }
}

/// The one hook of this kind.
fn one<T: ?Sized>(
    made: &[Made<'_>],
    kind: HookKind,
    pick: impl Fn(&Provided) -> Option<Arc<T>>,
) -> Result<Active<T>, Error> {
    Ok(scheduled(made, kind, pick)?.at(0).clone())
}
