//! [`Hooks`]: the resolved set of a node's active plugins.

use std::fmt;
use std::sync::Arc;

use crate::hooks::{
    Consensus, Difficulty, ForkChoice, Gossip, Mempool, Merkle, Observer, Reward, Signer, Storage,
    Validity,
};

/// An active hook with the name of the plugin behind it.
pub struct Active<T: ?Sized> {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// The hook.
    pub hook: Arc<T>,
}

impl<T: ?Sized> Active<T> {
    /// Names a hook.
    pub fn new(plugin: &str, hook: Arc<T>) -> Self {
        Self {
            plugin: plugin.into(),
            hook,
        }
    }
}

impl<T: ?Sized> Clone for Active<T> {
    fn clone(&self) -> Self {
        Self {
            plugin: self.plugin.clone(),
            hook: self.hook.clone(),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Active<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Active({})", self.plugin)
    }
}

/// The hooks that a node's core calls: one of each, any number of validity rules and observers.
///
/// * The core has nothing else that decides anything.
/// * Transport is not among them: it is the program's, since the core does no IO.
#[derive(Clone, Debug)]
pub struct Hooks {
    /// See [`Storage`].
    pub storage: Active<dyn Storage>,
    /// See [`Consensus`].
    pub consensus: Active<dyn Consensus>,
    /// See [`Signer`].
    pub signer: Active<dyn Signer>,
    /// See [`Gossip`].
    pub gossip: Active<dyn Gossip>,
    /// See [`Difficulty`].
    pub difficulty: Active<dyn Difficulty>,
    /// See [`ForkChoice`].
    pub fork_choice: Active<dyn ForkChoice>,
    /// See [`Reward`].
    pub reward: Active<dyn Reward>,
    /// See [`Merkle`].
    pub merkle: Active<dyn Merkle>,
    /// See [`Mempool`].
    pub mempool: Active<dyn Mempool>,
    /// See [`Validity`].
    pub validity: Vec<Active<dyn Validity>>,
    /// See [`Observer`].
    pub observers: Vec<Active<dyn Observer>>,
}
