//! [`Manifest`]: what a node says of one of its plugins.

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::{OptionSpec, Registration};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a node says of one of its plugins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// The version of its crate.
    pub version: String,
    /// The version of its rules.
    pub rules_version: u32,
    /// How it came into the program.
    pub form: Form,
    /// The hooks that it provides; of an active one, those that it is active for.
    pub hooks: Vec<HookKind>,
    /// Its options with their values.
    pub options: Vec<OptionValue>,
    /// What it is doing.
    pub state: State,
}

/// How a plugin came into the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// It was linked into it.
    #[serde(rename = "compiled in")]
    CompiledIn,
}

/// What a plugin is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It provides its hooks.
    Active,
    /// It can be had by name.
    Available,
}

/// An option with its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptionValue {
    /// Name, type, default, help, and whether it counts in the fingerprint.
    #[serde(flatten)]
    pub spec: OptionSpec,
    /// The value that holds.
    pub value: Value,
}

impl Manifest {
    /// What can be said of a plugin that nobody has asked for: its options have their defaults.
    pub(crate) fn available(registration: &Registration) -> Self {
        Self::new(
            registration,
            registration.hooks.to_vec(),
            &Map::new(),
            State::Available,
        )
    }

    /// What can be said of a plugin that is active for these hooks with these options.
    pub(crate) fn active(
        registration: &Registration,
        hooks: Vec<HookKind>,
        options: &Map<String, Value>,
    ) -> Self {
        Self::new(registration, hooks, options, State::Active)
    }

    fn new(
        registration: &Registration,
        mut hooks: Vec<HookKind>,
        values: &Map<String, Value>,
        state: State,
    ) -> Self {
        hooks.sort();
        let options = (registration.options)()
            .into_iter()
            .map(|spec| OptionValue {
                value: values.get(&spec.name).unwrap_or(&spec.default).clone(),
                spec,
            })
            .collect();
        Self {
            name: registration.name.to_owned(),
            version: registration.version.to_owned(),
            rules_version: registration.rules_version,
            form: Form::CompiledIn,
            hooks,
            options,
            state,
        }
    }
}
