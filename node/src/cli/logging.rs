//! Log lines, to standard error.

use std::io;

use plugcoin_sdk::log::{self, Level};
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
    log::set_sink(of_plugin);
    // Somebody who embeds this program may have a subscriber already.
    drop(started);
    Ok(())
}

/// A plugin's line, wherever it runs.
fn of_plugin(level: Level, plugin: &str, text: &str) {
    match level {
        Level::Error => tracing::error!(target: "plugin", plugin, "{text}"),
        Level::Warn => tracing::warn!(target: "plugin", plugin, "{text}"),
        Level::Info => tracing::info!(target: "plugin", plugin, "{text}"),
        Level::Debug => tracing::debug!(target: "plugin", plugin, "{text}"),
        Level::Trace => tracing::trace!(target: "plugin", plugin, "{text}"),
    }
}
