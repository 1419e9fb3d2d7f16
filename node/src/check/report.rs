//! What a check found, as data.

use plugcoin_host::Form;
use plugcoin_sdk::hooks::HookKind;
use serde::{Deserialize, Serialize};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Whether everything is as it must be.
    pub kept: bool,
    /// Plugin by plugin.
    pub plugins: Vec<PluginReport>,
}

/// What was found of one plugin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PluginReport {
    /// Its name.
    pub name: String,
    /// The version of its crate.
    pub version: String,
    /// How it came into the program.
    pub form: Form,
    /// The SHA-256 of the file that it was loaded from, as lower-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whether everything is as it must be.
    pub kept: bool,
    /// Its hooks with their laws.
    pub hooks: Vec<HookReport>,
    /// Whether the same call has the same answer: made again, and made in another order.
    pub same_answers: Grade,
    /// Whether it has the same answer in another process, later.
    pub two_processes: Grade,
    /// Whether the process stays as large as it is.
    pub memory: Grade,
    /// How long calls take.
    pub times: Vec<Time>,
}

/// A hook with its laws.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HookReport {
    /// Which hook.
    pub hook: HookKind,
    /// Its laws.
    pub laws: Vec<LawReport>,
}

/// A law and whether it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LawReport {
    /// The law in words.
    pub law: String,
    /// Whether it is kept.
    pub kept: bool,
    /// How it was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What else must be so, whether it is, and what was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grade {
    /// Whether it is so.
    pub kept: bool,
    /// What was seen.
    pub seen: String,
}

impl Grade {
    pub(super) fn kept(seen: impl Into<String>) -> Self {
        Self {
            kept: true,
            seen: seen.into(),
        }
    }

    pub(super) fn broken(seen: impl Into<String>) -> Self {
        Self {
            kept: false,
            seen: seen.into(),
        }
    }
}

/// How long the calls of a method take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// The hook.
    pub hook: HookKind,
    /// The method.
    pub method: String,
    /// The median, in nanoseconds.
    pub median_ns: u64,
    /// Of how many calls.
    pub calls: usize,
}
