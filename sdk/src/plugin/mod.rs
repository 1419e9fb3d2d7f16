//! Plugins: registration, typed options, the set of active hooks, the fingerprint.

mod fingerprint;
mod hook_set;
mod options;
mod registration;

pub use fingerprint::{Rule, fingerprint};
pub use hook_set::{Active, Hooks, Schedule, Scheduled};
pub use options::{NoOptions, OptionSpec, Options};
pub use registration::{About, Provided, Registration, Setup, compiled_in};
