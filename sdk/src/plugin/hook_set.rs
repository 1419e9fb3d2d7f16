//! [`Hooks`]: the resolved set of a node's active plugins.

use std::fmt;
use std::sync::Arc;

use crate::Invalid;
use crate::hooks::{
    Consensus, Difficulty, ForkChoice, Gossip, Mempool, Merkle, Observer, Reward, Signer, Storage,
    Validity,
};

/// An active hook with the name of the plugin behind it.
pub struct Active<T: ?Sized> {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// The plugin's version; empty where none is known.
    pub version: Arc<str>,
    /// The hook.
    pub hook: Arc<T>,
}

impl<T: ?Sized> Active<T> {
    /// Names a hook.
    pub fn new(plugin: &str, hook: Arc<T>) -> Self {
        Self::versioned(plugin, "", hook)
    }

    /// Names a hook, with its plugin's version.
    pub fn versioned(plugin: &str, version: &str, hook: Arc<T>) -> Self {
        Self {
            plugin: plugin.into(),
            version: version.into(),
            hook,
        }
    }

    /// Names the plugin in its verdict.
    pub fn says(&self, invalid: Invalid) -> Invalid {
        invalid.by(&self.plugin, &self.version)
    }
}

impl<T: ?Sized> Clone for Active<T> {
    fn clone(&self) -> Self {
        Self {
            plugin: self.plugin.clone(),
            version: self.version.clone(),
            hook: self.hook.clone(),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Active<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Active({})", self.plugin)
    }
}

/// An active hook with the first height at which it applies.
pub struct Scheduled<T: ?Sized> {
    /// The first height at which it applies; 0 is always.
    pub from_nr: u64,
    /// The hook.
    pub active: Active<T>,
}

impl<T: ?Sized> Scheduled<T> {
    /// A plugin that applies at every height.
    pub fn always(plugin: &str, hook: Arc<T>) -> Self {
        Self {
            from_nr: 0,
            active: Active::new(plugin, hook),
        }
    }
}

impl<T: ?Sized> Clone for Scheduled<T> {
    fn clone(&self) -> Self {
        Self {
            from_nr: self.from_nr,
            active: self.active.clone(),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Scheduled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} from {}", self.active, self.from_nr)
    }
}

/// Which plugin provides a hook at which height.
///
/// * There is one for every height.
pub struct Schedule<T: ?Sized> {
    first: Active<T>,
    /// Sorted by height.
    later: Vec<Scheduled<T>>,
}

impl<T: ?Sized> Schedule<T> {
    /// One plugin at every height.
    pub fn always(plugin: &str, hook: Arc<T>) -> Self {
        Self::new(Active::new(plugin, hook), Vec::new())
    }

    /// One plugin from the beginning, and others from later heights on.
    pub fn new(first: Active<T>, mut later: Vec<Scheduled<T>>) -> Self {
        later.sort_by_key(|scheduled| scheduled.from_nr);
        Self { first, later }
    }

    /// The hook that applies to block `nr`.
    pub fn at(&self, nr: u64) -> &Active<T> {
        let past = self.later.iter().rev().find(|later| later.from_nr <= nr);
        past.map_or(&self.first, |later| &later.active)
    }

    /// The first height at which the hook that applies to block `nr` does; 0 is always.
    pub fn since(&self, nr: u64) -> u64 {
        let past = self.later.iter().rev().find(|later| later.from_nr <= nr);
        past.map_or(0, |later| later.from_nr)
    }
}

impl<T: ?Sized> fmt::Debug for Schedule<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, then {:?}", self.first, self.later)
    }
}

impl<T: ?Sized> Clone for Schedule<T> {
    fn clone(&self) -> Self {
        Self {
            first: self.first.clone(),
            later: self.later.clone(),
        }
    }
}

/// The hooks that a node's core calls: one of each, any number of validity rules and observers.
///
/// * The core has nothing else that decides anything.
/// * What decides whether a block is valid may be another plugin from some height on.
/// * Transport is not among them: it is the program's, since the core does no IO.
#[derive(Clone, Debug)]
pub struct Hooks {
    /// See [`Storage`].
    pub storage: Active<dyn Storage>,
    /// See [`Consensus`].
    pub consensus: Schedule<dyn Consensus>,
    /// See [`Signer`].
    pub signer: Schedule<dyn Signer>,
    /// See [`Gossip`].
    pub gossip: Active<dyn Gossip>,
    /// See [`Difficulty`].
    pub difficulty: Schedule<dyn Difficulty>,
    /// See [`ForkChoice`].
    pub fork_choice: Active<dyn ForkChoice>,
    /// See [`Reward`].
    pub reward: Schedule<dyn Reward>,
    /// See [`Merkle`].
    pub merkle: Schedule<dyn Merkle>,
    /// See [`Mempool`].
    pub mempool: Active<dyn Mempool>,
    /// See [`Validity`].
    pub validity: Vec<Scheduled<dyn Validity>>,
    /// See [`Observer`].
    pub observers: Vec<Active<dyn Observer>>,
}

impl Hooks {
    /// The further rules that apply to block `nr`.
    pub fn validity_at(&self, nr: u64) -> impl Iterator<Item = &Active<dyn Validity>> {
        self.validity
            .iter()
            .filter(move |rule| rule.from_nr <= nr)
            .map(|rule| &rule.active)
    }

    /// Whether the same Signer and the same further rules judge a transaction in block `a` as in `b`.
    pub fn judge_transactions_alike(&self, a: u64, b: u64) -> bool {
        let between = a.min(b) + 1..=a.max(b);
        let begins = |rule: &Scheduled<dyn Validity>| between.contains(&rule.from_nr);
        self.signer.since(a) == self.signer.since(b) && !self.validity.iter().any(begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::ledger::Amount;

    struct Fixed;

    impl Reward for Fixed {
        fn reward(&self, _nr: u64) -> Result<Amount, Error> {
            Ok(Amount::from_coins(1))
        }
    }

    fn active(name: &str) -> Active<dyn Reward> {
        Active::new(name, Arc::new(Fixed))
    }

    #[test]
    fn a_plugin_applies_from_its_height_on_and_the_one_before_it_until_then() {
        let later = |from_nr, name: &str| Scheduled {
            from_nr,
            active: active(name),
        };
        let schedule = Schedule::new(active("a"), vec![later(20, "c"), later(10, "b")]);
        for (nr, name, since) in [
            (0, "a", 0),
            (9, "a", 0),
            (10, "b", 10),
            (19, "b", 10),
            (20, "c", 20),
            (u64::MAX, "c", 20),
        ] {
            assert_eq!(
                (&*schedule.at(nr).plugin, schedule.since(nr)),
                (name, since)
            );
        }
        assert_eq!(
            &*Schedule::<dyn Reward>::always("x", Arc::new(Fixed))
                .at(7)
                .plugin,
            "x"
        );
    }
}
