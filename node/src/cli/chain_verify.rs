//! `node chain verify`: check a stored chain under these rules.

use std::path::Path;

use super::{ExitCode, Failure};
use crate::config::Config;

/// Checks every record of a stored chain under the configured rules, and names the first fault.
///
/// # Errors
/// [`ExitCode::Chain`] at the first fault.
pub(super) fn verify(config: &Config, file: &Path, json: bool) -> Result<(), Failure> {
    let _ = (config, json);
    Err(Failure::new(
        ExitCode::Fault,
        format!("{} can't be verified by this program yet", file.display()),
    ))
}
