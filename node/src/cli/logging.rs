//! Log lines, to standard error.

use std::io;

use tracing_subscriber::EnvFilter;

use super::output;
use super::{ExitCode, Failure};
use crate::config::LogFormat;

/// Starts logging what the filter lets through.
pub(super) fn start(filter: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(output::colour(&io::stderr()));
    let started = match format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // Somebody who embeds this program may have a subscriber already.
    drop(started);
    Ok(())
}
