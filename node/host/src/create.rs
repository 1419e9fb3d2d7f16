//! [`Resolved`]: the hooks of a [`Plan`], made.

use std::sync::Arc;

use plugcoin_sdk::hooks::{HookKind, Signer, Storage, Transport};
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::plugin::{Active, Hooks, Provided, Rule, Schedule, Scheduled, Setup};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::{Value, json};

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
    /// What decides what is valid or wins.
    pub rules: Vec<Rule>,
    /// The fingerprint of the rules.
    pub fingerprint: Hash,
}

impl Resolved {
    /// The answer of `GET /plugins`.
    pub fn manifests_json(&self) -> Value {
        json!({
            "fingerprint": self.fingerprint,
            "genesis": genesis().hash(),
            "plugins": self.manifests,
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
        let of_signer = |chosen: &&Chosen| chosen.hooks.contains(&HookKind::Signer);
        let made = self
            .chosen
            .iter()
            .filter(of_signer)
            .map(|chosen| {
                let setup = Setup {
                    data_dir: None,
                    ..chosen.setup.clone()
                };
                chosen.make(&setup)
            })
            .collect::<Result<Vec<_>, Error>>()?;
        one(&made, HookKind::Signer, |provided| provided.signer.clone())
    }

    fn create_with(&self, storage: Option<Active<dyn Storage>>) -> Result<Resolved, Error> {
        let made = self
            .chosen
            .iter()
            .filter(|chosen| storage.is_none() || chosen.hooks != [HookKind::Storage])
            .map(|chosen| chosen.make(&chosen.setup))
            .collect::<Result<Vec<_>, Error>>()?;
        let storage = match storage {
            Some(storage) => storage,
            None => one(&made, HookKind::Storage, |provided| {
                provided.storage.clone()
            })?,
        };
        let hooks = Hooks {
            storage,
            consensus: always(&made, HookKind::Consensus, |p| p.consensus.clone())?,
            signer: always(&made, HookKind::Signer, |p| p.signer.clone())?,
            gossip: one(&made, HookKind::Gossip, |p| p.gossip.clone())?,
            difficulty: always(&made, HookKind::Difficulty, |p| p.difficulty.clone())?,
            fork_choice: one(&made, HookKind::ForkChoice, |p| p.fork_choice.clone())?,
            reward: always(&made, HookKind::Reward, |p| p.reward.clone())?,
            merkle: always(&made, HookKind::Merkle, |p| p.merkle.clone())?,
            mempool: one(&made, HookKind::Mempool, |p| p.mempool.clone())?,
            validity: all(&made, HookKind::Validity, |p| p.validity.clone())
                .into_iter()
                .map(|active| Scheduled { from_nr: 0, active })
                .collect(),
            observers: all(&made, HookKind::Observer, |p| p.observer.clone()),
        };
        Ok(Resolved {
            hooks,
            transport: one(&made, HookKind::Transport, |p| p.transport.clone())?,
            manifests: self.manifests(),
            rules: self.rules(),
            fingerprint: self.fingerprint(),
        })
    }
}

/// A plugin that was made.
struct Made<'a> {
    chosen: &'a Chosen,
    provided: Provided,
}

impl Chosen {
    fn make(&self, setup: &Setup) -> Result<Made<'_>, Error> {
        let name = self.registration.name;
        let provided = (self.registration.create)(setup).map_err(|error| {
            Error::new(error.kind(), format!("the plugin {name} can't start")).because(error)
        })?;
        let there = provided.kinds();
        let lacking: Vec<HookKind> = self
            .hooks
            .iter()
            .filter(|kind| !there.contains(kind))
            .copied()
            .collect();
        if !lacking.is_empty() {
            return Err(Error::new(
                ErrorKind::Plugin,
                format!(
                    "the plugin {name} is registered for {} and made no {}",
                    names(self.registration.hooks),
                    names(&lacking)
                ),
            ));
        }
        Ok(Made {
            chosen: self,
            provided,
        })
    }
}

/// The hooks of this kind, by the plugins' names.
fn all<T: ?Sized>(
    made: &[Made<'_>],
    kind: HookKind,
    pick: impl Fn(&Provided) -> Option<Arc<T>>,
) -> Vec<Active<T>> {
    let mut hooks: Vec<Active<T>> = made
        .iter()
        .filter(|made| made.chosen.hooks.contains(&kind))
        .filter_map(|made| {
            let hook = pick(&made.provided)?;
            Some(Active::new(made.chosen.registration.name, hook))
        })
        .collect();
    hooks.sort_by(|a, b| a.plugin.cmp(&b.plugin));
    hooks
}

/// The one hook of this kind, at every height.
fn always<T: ?Sized>(
    made: &[Made<'_>],
    kind: HookKind,
    pick: impl Fn(&Provided) -> Option<Arc<T>>,
) -> Result<Schedule<T>, Error> {
    Ok(Schedule::new(one(made, kind, pick)?, Vec::new()))
}

/// The one hook of this kind.
fn one<T: ?Sized>(
    made: &[Made<'_>],
    kind: HookKind,
    pick: impl Fn(&Provided) -> Option<Arc<T>>,
) -> Result<Active<T>, Error> {
    all(made, kind, pick)
        .pop()
        .ok_or_else(|| Error::new(ErrorKind::Configuration, format!("nothing provides {kind}")))
}
