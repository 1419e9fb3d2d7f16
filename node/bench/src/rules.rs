//! [`hooks`]: the rules under which is measured.

// A crate that nothing names is not linked, and its plugin not found.
use ed25519 as _;
use fifo as _;
use fixed_reward as _;
use flood as _;
use journal as _;
use merkle_tree as _;
use most_work as _;
use plugcoin_http as _;
use proof_of_work as _;
use time as _;
use zeros as _;

use std::sync::Arc;

use plugcoin_host::{DEFAULTS, PluginRequest, Registry};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Storage;
use plugcoin_sdk::plugin::{Active, Hooks};

/// The default rules with no difficulty, on this storage: the hooks as a node has them, each behind
/// its guard.
///
/// # Errors
/// As [`plugcoin_host::resolve`].
pub fn hooks(storage: Arc<dyn Storage>) -> Result<Hooks, Error> {
    let request = PluginRequest {
        set: vec!["zeros.zeros=0".parse()?],
        ..PluginRequest::default()
    };
    let plan = Registry::compiled_in()?.plan(&request, &DEFAULTS)?;
    Ok(plan.create_on(Active::new("memory", storage))?.hooks)
}
