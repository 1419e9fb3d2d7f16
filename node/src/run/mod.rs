//! The tasks of a running node.

use crate::cli::{ExitCode, Failure};
use crate::config::Config;

/// Runs a node until it is told to stop.
///
/// # Errors
/// [`Failure`] with the exit code that says why it stopped.
pub fn run(config: Config) -> Result<(), Failure> {
    Err(Failure::new(
        ExitCode::Fault,
        format!(
            "a node on port {} can't run: this program has no tasks yet",
            config.port
        ),
    ))
}
