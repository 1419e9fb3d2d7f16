//! [`Plan`]: which plugin provides each hook, with its options.

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::plugin::{Rule, Setup, fingerprint};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::{Map, Value};

use crate::guard::Consequence;
use crate::manifest::Manifest;
use crate::nearest::nearest;
use crate::plugin::Plugin;
use crate::registry::{Registry, names};
use crate::request::{Named, PluginRequest, Setting};

/// A hook, and the first block to which a plugin applies there.
type Place = (HookKind, u64);

/// Which plugin provides each hook, with its options; nothing is made yet.
///
/// * In a stable order: that of [`HookKind::ALL`], then by name.
pub struct Plan {
    pub(crate) chosen: Vec<Chosen>,
    /// What takes over from another plugin for a hook without which the node can go on.
    pub(crate) instead: Vec<(HookKind, Plugin)>,
}

/// A plugin that was chosen.
pub(crate) struct Chosen {
    pub(crate) plugin: Plugin,
    /// Where it is active: everywhere, if it was named; else where it is the default.
    pub(crate) places: Vec<Place>,
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
        active.sort_by_key(|(plugin, places)| {
            (
                places.iter().map(|(hook, _)| *hook).min(),
                plugin.name().to_owned(),
            )
        });
        let mut values = settings(registry, &active, request)?;
        let chosen = active
            .into_iter()
            .map(|(plugin, places)| {
                let setup = Setup {
                    plugin: plugin.name().to_owned(),
                    values: values
                        .extract_if(.., |(name, _, _)| *name == plugin.name())
                        .map(|(_, option, value)| (option, value))
                        .collect(),
                    data_dir: request.data_dir.clone(),
                    port: request.port,
                };
                let options = plugin.resolve(&setup)?;
                Ok(Chosen {
                    plugin,
                    places,
                    setup,
                    options,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let instead = instead(registry, &chosen, defaults);
        Ok(Self { chosen, instead })
    }

    /// What the node says of each plugin.
    pub fn manifests(&self) -> Vec<Manifest> {
        self.chosen
            .iter()
            .map(|chosen| Manifest::active(&chosen.plugin, &chosen.places, &chosen.options))
            .collect()
    }

    /// The rules: what decides what is valid or wins, and nothing else.
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules: Vec<Rule> = self
            .chosen
            .iter()
            .flat_map(|chosen| chosen.places.iter().map(move |&place| chosen.rule(place)))
            .filter(|rule| rule.hook.decides_validity())
            .collect();
        rules.sort_by(|a, b| {
            let key = |rule: &Rule| (rule.hook, rule.plugin.clone(), rule.from_nr);
            key(a).cmp(&key(b))
        });
        rules
    }

    /// The fingerprint of these rules on our genesis block.
    pub fn fingerprint(&self) -> Hash {
        fingerprint(&genesis().hash(), &self.rules())
    }
}

impl Chosen {
    /// Whether it is active for a hook.
    pub(crate) fn provides(&self, kind: HookKind) -> bool {
        self.places.iter().any(|(hook, _)| *hook == kind)
    }

    fn rule(&self, (hook, from_nr): Place) -> Rule {
        let about = self.plugin.about();
        let options = about
            .options
            .iter()
            .filter(|spec| spec.consensus)
            .filter_map(|spec| Some((spec.name.clone(), self.options.get(&spec.name)?.clone())))
            .collect();
        Rule {
            hook,
            plugin: about.name.clone(),
            rules_version: about.rules_version,
            from_nr,
            options,
        }
    }
}

type Active = (Plugin, Vec<Place>);

/// The plugins that were named, each for all its hooks.
fn named(registry: &Registry, asked: &[Named]) -> Result<Vec<Active>, Error> {
    let mut active: Vec<Active> = Vec::with_capacity(asked.len());
    for one in asked {
        let plugin = registry.get(&one.plugin)?;
        check_height(&plugin, one)?;
        for (other, places) in &active {
            let mut there = places.iter();
            if other.name() == plugin.name() && there.any(|(_, from_nr)| *from_nr == one.from_nr) {
                return Err(refuse(format!("the plugin {one} is named twice")));
            }
            let hooks = &plugin.about().hooks;
            let both = hooks.iter().find(|kind| {
                !kind.takes_many()
                    && other.name() != plugin.name()
                    && places.contains(&(**kind, one.from_nr))
            });
            if let Some(kind) = both {
                let at = match one.from_nr {
                    0 => String::new(),
                    nr => format!(" from block {nr} on"),
                };
                return Err(refuse(format!(
                    "the plugins {} and {} both provide {kind}{at}, and only one can; leave one of them out",
                    other.name(),
                    plugin.name()
                )));
            }
        }
        let mut places: Vec<Place> = plugin
            .about()
            .hooks
            .iter()
            .map(|&hook| (hook, one.from_nr))
            .collect();
        places.sort_unstable();
        match active
            .iter_mut()
            .find(|(other, _)| other.name() == plugin.name())
        {
            Some((_, others)) => others.extend(places),
            None => active.push((plugin, places)),
        }
    }
    Ok(active)
}

/// The defaults of the hooks that may be replaced at work, where another plugin was chosen.
fn instead(
    registry: &Registry,
    chosen: &[Chosen],
    defaults: &[(HookKind, &str)],
) -> Vec<(HookKind, Plugin)> {
    let replaced = |(kind, name): &&(HookKind, &str)| {
        let of_kind = chosen.iter().find(|chosen| chosen.provides(*kind));
        Consequence::of(*kind) == Consequence::Replace
            && of_kind.is_some_and(|chosen| chosen.plugin.name() != *name)
    };
    let defaults = defaults.iter().filter(replaced);
    defaults
        .filter_map(|(kind, name)| Some((*kind, registry.find(name)?)))
        .collect()
}

/// A height is for hooks that judge a block by its own height alone.
fn check_height(plugin: &Plugin, asked: &Named) -> Result<(), Error> {
    if asked.from_nr == 0 {
        return Ok(());
    }
    match plugin
        .about()
        .hooks
        .iter()
        .find(|hook| !hook.may_begin_later())
    {
        None => Ok(()),
        Some(hook) => {
            let can: Vec<HookKind> = HookKind::ALL
                .into_iter()
                .filter(|hook| hook.may_begin_later())
                .collect();
            Err(refuse(format!(
                "{asked}: the plugin provides {hook}, which can't begin at a height; only {} can",
                names(&can)
            )))
        }
    }
}

/// Adds the defaults of the hooks that lack a plugin, and of those that take many.
fn add_defaults(
    registry: &Registry,
    active: &mut Vec<Active>,
    defaults: &[(HookKind, &str)],
) -> Result<(), Error> {
    for kind in HookKind::ALL {
        if !kind.takes_many() && active.iter().any(|(_, places)| places.contains(&(kind, 0))) {
            continue;
        }
        let of_kind = defaults.iter().filter(|(hook, _)| *hook == kind);
        let mut found = false;
        for &(_, name) in of_kind {
            found = true;
            let plugin = registry
                .find(name)
                .filter(|plugin| plugin.about().hooks.contains(&kind))
                .ok_or_else(|| {
                    refuse(format!(
                        "nothing provides {kind}: its default, the plugin {name}, is not in this program; name another one with --plugin"
                    ))
                })?;
            match active.iter_mut().find(|(other, _)| other.name() == name) {
                Some((_, places)) if places.contains(&(kind, 0)) => {}
                Some((_, places)) => places.push((kind, 0)),
                None => active.push((plugin, vec![(kind, 0)])),
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
    request: &PluginRequest,
) -> Result<Vec<(String, String, Value)>, Error> {
    let mut values: Vec<(String, String, Value)> = Vec::with_capacity(request.set.len());
    for setting in &request.set {
        let plugin = registry.get(&setting.plugin)?;
        if !active
            .iter()
            .any(|(other, _)| other.name() == plugin.name())
        {
            return Err(inactive(setting, &plugin, active, &request.plugins));
        }
        if values
            .iter()
            .any(|(plugin, option, _)| *plugin == setting.plugin && *option == setting.option)
        {
            return Err(refuse(format!("the option {setting} is set twice")));
        }
        let value = read(&plugin, setting)?;
        values.push((setting.plugin.clone(), setting.option.clone(), value));
    }
    Ok(values)
}

/// The first reading of a setting that the plugin takes; else its complaint about the last.
pub(crate) fn read(plugin: &Plugin, setting: &Setting) -> Result<Value, Error> {
    let mut refused = None;
    for value in setting.readings() {
        let setup = Setup {
            plugin: plugin.name().to_owned(),
            values: vec![(setting.option.clone(), value.clone())],
            ..Setup::default()
        };
        match plugin.resolve(&setup) {
            Ok(_) => return Ok(value),
            // A number was meant as one: that its text is refused too is no news.
            Err(_) if refused.is_some() && setting.value.is_number() => {}
            Err(error) => refused = Some(error),
        }
    }
    let refused = refused.unwrap_or_else(|| refuse(format!("the option {setting} has no value")));
    Err(match near_option(plugin, &setting.option) {
        Some(near) => refuse(format!(
            "{refused}; did you mean {}.{near}?",
            setting.plugin
        )),
        None => refused,
    })
}

/// What an option that the plugin doesn't have was meant to be.
fn near_option<'a>(plugin: &'a Plugin, option: &str) -> Option<&'a str> {
    let specs = plugin.about().options.iter();
    let names: Vec<&str> = specs.map(|spec| spec.name.as_str()).collect();
    match names.contains(&option) {
        true => None,
        false => nearest(option, names),
    }
}

/// An option was set of a plugin that isn't active.
fn inactive(setting: &Setting, plugin: &Plugin, active: &[Active], asked: &[Named]) -> Error {
    let mut in_its_way = Vec::new();
    let instead: Vec<String> = plugin
        .about()
        .hooks
        .iter()
        .filter(|kind| !kind.takes_many())
        .filter_map(|kind| {
            let of_kind = |(_, places): &&Active| places.iter().any(|(hook, _)| hook == kind);
            let (other, _) = active.iter().find(of_kind)?;
            // A default gives way by itself.
            if asked.iter().any(|named| named.plugin == other.name()) {
                in_its_way.push(other.name());
            }
            Some(format!("{kind} is provided by {}", other.name()))
        })
        .collect();
    let instead = match instead.is_empty() {
        true => String::new(),
        false => format!(" ({})", instead.join(", ")),
    };
    in_its_way.dedup();
    let name = plugin.name();
    let advice = match in_its_way.is_empty() {
        true => format!("add --plugin {name}"),
        false => format!(
            "take --plugin {name} instead of {}",
            in_its_way.join(" and ")
        ),
    };
    refuse(format!(
        "{setting} is set, but the plugin {name} is not active{instead}; leave the option out, or {advice}"
    ))
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::Configuration, message)
}
