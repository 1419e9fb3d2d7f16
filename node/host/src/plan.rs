//! [`Plan`]: which plugin provides each hook, with its options.

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::plugin::{Registration, Rule, Setup, fingerprint};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::{Map, Value};

use crate::manifest::Manifest;
use crate::registry::Registry;
use crate::request::{PluginRequest, Setting};

/// Which plugin provides each hook, with its options; nothing is made yet.
///
/// * In a stable order: that of [`HookKind::ALL`], then by name.
pub struct Plan {
    pub(crate) chosen: Vec<Chosen>,
}

/// A plugin that was chosen.
pub(crate) struct Chosen {
    pub(crate) registration: &'static Registration,
    /// The hooks that it is active for: all, if it was named; else those it is the default of.
    pub(crate) hooks: Vec<HookKind>,
    pub(crate) setup: Setup,
    /// All its options with the values that hold.
    pub(crate) options: Map<String, Value>,
}

impl Plan {
    pub(crate) fn new(
        registry: &Registry,
        request: &PluginRequest,
        defaults: &[(HookKind, &str)],
    ) -> Result<Self, Error> {
        let mut active = named(registry, &request.plugins)?;
        add_defaults(registry, &mut active, defaults)?;
        // Every plugin has a hook; those that share their first one are told apart by name.
        active.sort_by_key(|(registration, hooks)| (hooks.first().copied(), registration.name));
        let mut values = settings(registry, &active, &request.set)?;
        let chosen = active
            .into_iter()
            .map(|(registration, hooks)| {
                let setup = Setup {
                    plugin: registration.name.to_owned(),
                    values: values
                        .extract_if(.., |(plugin, _, _)| *plugin == registration.name)
                        .map(|(_, option, value)| (option, value))
                        .collect(),
                    data_dir: request.data_dir.clone(),
                    port: request.port,
                };
                let options = (registration.resolve)(&setup)?;
                Ok(Chosen {
                    registration,
                    hooks,
                    setup,
                    options,
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self { chosen })
    }

    /// What the node says of each plugin.
    pub fn manifests(&self) -> Vec<Manifest> {
        self.chosen
            .iter()
            .map(|chosen| {
                Manifest::active(chosen.registration, chosen.hooks.clone(), &chosen.options)
            })
            .collect()
    }

    /// The rules: what decides what is valid or wins, and nothing else.
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules: Vec<Rule> = self
            .chosen
            .iter()
            .flat_map(|chosen| chosen.hooks.iter().map(move |&hook| chosen.rule(hook)))
            .filter(|rule| rule.hook.decides_validity())
            .collect();
        rules.sort_by(|a, b| (a.hook, &a.plugin).cmp(&(b.hook, &b.plugin)));
        rules
    }

    /// The fingerprint of these rules on our genesis block.
    pub fn fingerprint(&self) -> Hash {
        fingerprint(&genesis().hash(), &self.rules())
    }
}

impl Chosen {
    fn rule(&self, hook: HookKind) -> Rule {
        let options = (self.registration.options)()
            .into_iter()
            .filter(|spec| spec.consensus)
            .filter_map(|spec| Some((spec.name.clone(), self.options.get(&spec.name)?.clone())))
            .collect();
        Rule {
            hook,
            plugin: self.registration.name.to_owned(),
            rules_version: self.registration.rules_version,
            from_nr: 0,
            options,
        }
    }
}

type Active = (&'static Registration, Vec<HookKind>);

/// The plugins that were named, each for all its hooks.
fn named(registry: &Registry, names: &[String]) -> Result<Vec<Active>, Error> {
    let mut active: Vec<Active> = Vec::with_capacity(names.len());
    for name in names {
        let registration = registry.get(name)?;
        for (other, hooks) in &active {
            if other.name == registration.name {
                return Err(refuse(format!("the plugin {name} is named twice")));
            }
            let both = registration
                .hooks
                .iter()
                .find(|kind| !kind.takes_many() && hooks.contains(kind));
            if let Some(kind) = both {
                return Err(refuse(format!(
                    "the plugins {} and {name} both provide {kind}, and only one can; leave one of them out",
                    other.name
                )));
            }
        }
        let mut hooks = registration.hooks.to_vec();
        hooks.sort();
        active.push((registration, hooks));
    }
    Ok(active)
}

/// Adds the defaults of the hooks that lack a plugin, and of those that take many.
fn add_defaults(
    registry: &Registry,
    active: &mut Vec<Active>,
    defaults: &[(HookKind, &str)],
) -> Result<(), Error> {
    for kind in HookKind::ALL {
        if !kind.takes_many() && active.iter().any(|(_, hooks)| hooks.contains(&kind)) {
            continue;
        }
        let of_kind = defaults.iter().filter(|(hook, _)| *hook == kind);
        let mut found = false;
        for &(_, name) in of_kind {
            found = true;
            let registration = registry
                .find(name)
                .filter(|plugin| plugin.hooks.contains(&kind))
                .ok_or_else(|| {
                    refuse(format!(
                        "nothing provides {kind}: its default, the plugin {name}, is not in this program; name another one with --plugin"
                    ))
                })?;
            match active.iter_mut().find(|(other, _)| other.name == name) {
                Some((_, hooks)) if hooks.contains(&kind) => {}
                Some((_, hooks)) => hooks.push(kind),
                None => active.push((registration, vec![kind])),
            }
        }
        if !found && !kind.takes_many() {
            return Err(refuse(format!(
                "nothing provides {kind}, and it has no default; name a plugin for it with --plugin"
            )));
        }
    }
    Ok(())
}

/// The options that were set, each read as its plugin takes it.
fn settings(
    registry: &Registry,
    active: &[Active],
    set: &[Setting],
) -> Result<Vec<(String, String, Value)>, Error> {
    let mut values: Vec<(String, String, Value)> = Vec::with_capacity(set.len());
    for setting in set {
        let registration = registry.get(&setting.plugin)?;
        if !active
            .iter()
            .any(|(other, _)| other.name == registration.name)
        {
            return Err(inactive(setting, registration, active));
        }
        if values
            .iter()
            .any(|(plugin, option, _)| *plugin == setting.plugin && *option == setting.option)
        {
            return Err(refuse(format!("the option {setting} is set twice")));
        }
        let value = read(registration, setting)?;
        values.push((setting.plugin.clone(), setting.option.clone(), value));
    }
    Ok(values)
}

/// The first reading of a setting that the plugin takes; else its complaint about the last.
fn read(registration: &Registration, setting: &Setting) -> Result<Value, Error> {
    let mut refused = None;
    for value in setting.readings() {
        let setup = Setup {
            plugin: registration.name.to_owned(),
            values: vec![(setting.option.clone(), value.clone())],
            ..Setup::default()
        };
        match (registration.resolve)(&setup) {
            Ok(_) => return Ok(value),
            // A number was meant as one: that its text is refused too is no news.
            Err(_) if refused.is_some() && setting.value.is_number() => {}
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| refuse(format!("the option {setting} has no value"))))
}

/// An option was set of a plugin that isn't active.
fn inactive(setting: &Setting, registration: &Registration, active: &[Active]) -> Error {
    let instead: Vec<String> = registration
        .hooks
        .iter()
        .filter(|kind| !kind.takes_many())
        .filter_map(|kind| {
            let (other, _) = active.iter().find(|(_, hooks)| hooks.contains(kind))?;
            Some(format!("{kind} is provided by {}", other.name))
        })
        .collect();
    let instead = match instead.is_empty() {
        true => String::new(),
        false => format!(" ({})", instead.join(", ")),
    };
    refuse(format!(
        "{setting} is set, but the plugin {} is not active{instead}; leave the option out, or add --plugin {}",
        registration.name, registration.name
    ))
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::Configuration, message)
}
