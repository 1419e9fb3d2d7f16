//! Lines for the node's log, from wherever a plugin runs.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::OnceLock;

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something is not as it should be.
    Warn = 2,
    /// Something happened that people want to know.
    Info = 3,
    /// For whoever looks closer.
    Debug = 4,
    /// For whoever looks very close.
    Trace = 5,
}

impl Level {
    /// The level of this number, as it crosses the border; a higher one is [`Level::Trace`].
    pub fn of(number: u32) -> Self {
        match number {
            0 | 1 => Self::Error,
            2 => Self::Warn,
            3 => Self::Info,
            4 => Self::Debug,
            _ => Self::Trace,
        }
    }
}

/// Where lines go: level, plugin, text.
pub type LogSink = fn(Level, &str, &str);

static SINK: OnceLock<LogSink> = OnceLock::new();

/// Says where the lines of all plugins go; the first one to say so holds. Without one they are lost.
///
/// * The program says it for what is compiled in, the border for what is loaded.
pub fn set_sink(sink: LogSink) {
    let _ = SINK.set(sink);
}

/// A line of a plugin.
pub(crate) fn write(level: Level, plugin: &str, text: &str) {
    if let Some(sink) = SINK.get() {
        sink(level, plugin, text);
    }
}

/// A plugin's way to the node's log; had from [`Setup::log`](crate::plugin::Setup::log).
///
/// * Cheap to clone.
#[derive(Clone, Debug)]
pub struct Log {
    plugin: Arc<str>,
}

impl Log {
    pub(crate) fn of(plugin: &str) -> Self {
        Self {
            plugin: plugin.into(),
        }
    }

    /// A line of this level.
    pub fn line(&self, level: Level, text: impl Display) {
        write(level, &self.plugin, &text.to_string());
    }

    /// Something failed.
    pub fn error(&self, text: impl Display) {
        self.line(Level::Error, text);
    }

    /// Something is not as it should be.
    pub fn warn(&self, text: impl Display) {
        self.line(Level::Warn, text);
    }

    /// Something happened that people want to know.
    pub fn info(&self, text: impl Display) {
        self.line(Level::Info, text);
    }

    /// For whoever looks closer.
    pub fn debug(&self, text: impl Display) {
        self.line(Level::Debug, text);
    }
}
