//! How another node's rules differ, in words.

use plugcoin_sdk::hooks::HookKind;
use serde_json::Value;

/// How many differences are told.
const DIFFERENCES_MAX: usize = 16;

/// How long one side of a difference may be, in characters; the rest is cut off.
const SIDE_CHARACTERS_MAX: usize = 160;

/// How many plugins of an answer are looked at; an honest one has a dozen or two.
const PLUGINS_MAX: usize = 64;

/// Compares two answers of `GET /plugins`: one line for each hook in which the rules differ.
///
/// * `difficulty: here zeros (zeros=4), there zeros (zeros=5)`.
/// * Only what counts in the fingerprint is compared; none differ: nothing is said.
/// * Either side may be anything at all; what is said is bounded, and has no control characters.
pub fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    if !theirs["plugins"].is_array() {
        return vec!["there: the answer is no list of plugins".to_owned()];
    }
    let mut told = Vec::new();
    let text = |side: &Value, key: &str| clean(side[key].as_str().unwrap_or("none"));
    let (here, there) = (text(ours, "genesis"), text(theirs, "genesis"));
    if here != there {
        told.push(format!("genesis: here {here}, there {there}"));
    }
    for kind in HookKind::ALL.into_iter().filter(|k| k.decides_validity()) {
        let (here, there) = (rules(ours, kind), rules(theirs, kind));
        if here != there {
            let versions = same_but_for_versions(&here, &there);
            told.push(format!(
                "{kind}: here {}, there {}",
                in_words(&here, versions),
                in_words(&there, versions)
            ));
        }
    }
    let (here, there) = (text(ours, "fingerprint"), text(theirs, "fingerprint"));
    if told.is_empty() && here != there {
        told.push(format!(
            "fingerprint: here {here}, there {there}, though the lists of plugins are alike"
        ));
    }
    told.truncate(DIFFERENCES_MAX);
    told
}

/// What an answer says of one plugin, as far as it is a rule.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    name: String,
    rules_version: u64,
    /// The first blocks to which it applies, if not simply to all.
    from: Vec<u64>,
    options: Vec<String>,
}

/// The plugins that an answer names for this hook, sorted.
fn rules(answer: &Value, kind: HookKind) -> Vec<Told> {
    let items = |value: &'_ Value| -> Vec<Value> {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().take(PLUGINS_MAX).cloned().collect()
    };
    let mut rules: Vec<Told> = items(&answer["plugins"])
        .iter()
        .filter(|plugin| {
            items(&plugin["hooks"])
                .iter()
                .any(|hook| hook.as_str() == Some(kind.name()))
        })
        .map(|plugin| {
            let mut options: Vec<String> = items(&plugin["options"])
                .iter()
                .filter(|option| option["consensus"] == true)
                .map(|option| {
                    let name = option["name"].as_str().unwrap_or("?");
                    clean(&format!("{name}={}", option["value"]))
                })
                .collect();
            options.sort();
            Told {
                name: clean(plugin["name"].as_str().unwrap_or("?")),
                rules_version: plugin["rules_version"].as_u64().unwrap_or(0),
                from: items(&plugin["from"][kind.name()])
                    .iter()
                    .filter_map(Value::as_u64)
                    .collect(),
                options,
            }
        })
        .collect();
    rules.sort();
    rules
}

/// Whether only the versions tell them apart, so that these must be said.
fn same_but_for_versions(here: &[Told], there: &[Told]) -> bool {
    in_words(here, false) == in_words(there, false)
}

fn in_words(rules: &[Told], versions: bool) -> String {
    if rules.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<String> = rules
        .iter()
        .map(|rule| {
            let mut details = rule.options.clone();
            if versions {
                details.insert(0, format!("rules {}", rule.rules_version));
            }
            let mut words = rule.name.clone();
            if !rule.from.is_empty() {
                let heights: Vec<String> = rule.from.iter().map(u64::to_string).collect();
                words += &format!(" from block {}", heights.join(", "));
            }
            if !details.is_empty() {
                words += &format!(" ({})", details.join(", "));
            }
            words
        })
        .collect();
    clean(&words.join(" + "))
}

/// A text of a stranger, fit for a log: one line, and not too long.
fn clean(text: &str) -> String {
    let mut clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SIDE_CHARACTERS_MAX + 1)
        .collect();
    if clean.chars().count() > SIDE_CHARACTERS_MAX {
        clean = clean.chars().take(SIDE_CHARACTERS_MAX - 1).collect();
        clean.push('…');
    }
    clean
}
