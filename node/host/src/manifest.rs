//! [`Manifest`]: what a node says of one of its plugins.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::OptionSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::guard::{Consequence, Health, Watch};
use crate::plugin::{Form, Plugin};

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
    /// The path of the file that it was loaded from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The SHA-256 of the file that it was loaded from, as lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The hooks that it provides; of an active one, those that it is active for.
    pub hooks: Vec<HookKind>,
    /// The first blocks to which it applies, of the hooks for which it doesn't simply always apply.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub from: BTreeMap<HookKind, Vec<u64>>,
    /// Its options with their values.
    pub options: Vec<OptionValue>,
    /// What it is doing.
    pub state: State,
    /// How it has fared; none of one that is not at work.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// What a plugin is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It provides its hooks.
    Active,
    /// It can be had by name.
    Available,
    /// It failed, and the default does its work.
    Replaced,
    /// It failed, and nobody does its work.
    Off,
    /// It failed: the node stops when it needs the answer.
    Failed,
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
    /// The same with how the plugin has fared in all its hooks; the worst of what followed counts.
    pub(crate) fn with(&self, watches: &[&Arc<Watch>]) -> Self {
        let worst = watches.iter().filter_map(|watch| watch.followed()).max();
        let state = match worst {
            None => self.state,
            Some(Consequence::Stop) => State::Failed,
            Some(Consequence::Replace) => State::Replaced,
            Some(Consequence::Off) => State::Off,
        };
        let mut health = Health::default();
        for watch in watches {
            let of_hook = watch.health();
            health.calls += of_hook.calls;
            health.time_us += of_hook.time_us;
            health.missed += of_hook.missed;
            health.failed |= of_hook.failed;
            if worst.is_some() && watch.followed() == worst {
                health.last_fault = of_hook.last_fault;
            }
        }
        Self {
            state,
            health: Some(health),
            ..self.clone()
        }
    }

    /// What can be said of a plugin that nobody has asked for: its options have their defaults.
    pub(crate) fn available(plugin: &Plugin) -> Self {
        let places: Vec<_> = plugin.about().hooks.iter().map(|&hook| (hook, 0)).collect();
        Self::new(plugin, &places, &Map::new(), State::Available)
    }

    /// What can be said of a plugin that is active in these places with these options.
    pub(crate) fn active(
        plugin: &Plugin,
        places: &[(HookKind, u64)],
        options: &Map<String, Value>,
    ) -> Self {
        Self::new(plugin, places, options, State::Active)
    }

    fn new(
        plugin: &Plugin,
        places: &[(HookKind, u64)],
        values: &Map<String, Value>,
        state: State,
    ) -> Self {
        let about = plugin.about();
        let mut from: BTreeMap<HookKind, Vec<u64>> = BTreeMap::new();
        for &(hook, from_nr) in places {
            from.entry(hook).or_default().push(from_nr);
        }
        let hooks = from.keys().copied().collect();
        from.retain(|_, heights| {
            heights.sort_unstable();
            *heights != [0]
        });
        let options = about
            .options
            .iter()
            .map(|spec| OptionValue {
                value: values.get(&spec.name).unwrap_or(&spec.default).clone(),
                spec: spec.clone(),
            })
            .collect();
        let file = plugin.file();
        Self {
            name: about.name.clone(),
            version: about.version.clone(),
            rules_version: about.rules_version,
            form: plugin.form(),
            file: file.map(|file| file.path.clone()),
            digest: file.map(|file| file.digest.clone()),
            hooks,
            from,
            options,
            state,
            health: None,
        }
    }
}
