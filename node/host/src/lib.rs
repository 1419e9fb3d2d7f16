//! Finds plugins by name and resolves them into the active set of hooks.
//!
//! * [`Registry`]: the plugins that there are.
//! * [`PluginRequest`]: what was asked for; [`DEFAULTS`]: what holds where nothing was.
//! * [`Plan`]: which plugin provides each hook, with its options; nothing is made yet.
//! * [`Resolved`]: the hooks themselves, with the manifests and the fingerprint of the rules.
//! * [`Loader`]: plugins from files, checked and tried before they are opened.
//! * [`differences`]: how another node's rules differ, in words.

mod create;
mod differences;
mod guard;
mod loader;
mod manifest;
mod nearest;
mod plan;
mod plugin;
mod registry;
mod request;

pub use create::Resolved;
pub use differences::differences;
pub use guard::{Health, Watch, watchdog};
pub use loader::{Loader, Pin, answer_trial, check_library};
pub use manifest::{Manifest, OptionValue, State};
pub use nearest::nearest;
pub use plan::Plan;
pub use plugin::{Form, LoadedFile, Plugin};
pub use registry::Registry;
pub use request::{DEFAULTS, Named, PluginRequest, Setting};

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::HookKind;

/// Resolves a request among the compiled-in plugins and makes the hooks.
///
/// # Errors
/// As [`Registry::plan`] and [`Plan::create`].
pub fn resolve(request: &PluginRequest, defaults: &[(HookKind, &str)]) -> Result<Resolved, Error> {
    Registry::compiled_in()?.plan(request, defaults)?.create()
}
