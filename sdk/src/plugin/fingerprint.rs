//! The fingerprint of a rule set.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::hooks::HookKind;
use crate::ledger::Hash;

/// One rule of a rule set: a plugin in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The hook.
    pub hook: HookKind,
    /// The plugin's name.
    pub plugin: String,
    /// The version of the plugin's rules.
    pub rules_version: u32,
    /// The first height at which it applies; 0 is always.
    pub from_nr: u64,
    /// The consensus options with their values.
    pub options: Map<String, Value>,
}

/// The fingerprint of a rule set: nodes with the same one judge every chain alike.
///
/// The SHA-256 over these lines, each ended by a line feed:
/// * `genesis HASH`
/// * for each rule, sorted as texts: `HOOK PLUGIN RULES_VERSION FROM_NR OPTIONS`, the options as
///   compact JSON with sorted keys.
///
/// Rules of hooks that don't decide what is valid or wins are left out.
pub fn fingerprint(genesis: &Hash, rules: &[Rule]) -> Hash {
    let mut lines: Vec<String> = rules
        .iter()
        .filter(|rule| rule.hook.decides_validity())
        .map(|rule| {
            let mut options: Vec<_> = rule.options.iter().collect();
            options.sort_by_key(|(name, _)| *name);
            let options: Vec<String> = options
                .iter()
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            format!(
                "{} {} {} {} {{{}}}\n",
                rule.hook,
                rule.plugin,
                rule.rules_version,
                rule.from_nr,
                options.join(",")
            )
        })
        .collect();
    lines.sort();
    Hash::of(&format!("genesis {genesis}\n{}", lines.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::genesis;

    fn rule(hook: HookKind, plugin: &str, zeros: u32) -> Rule {
        let options = serde_json::json!({ "zeros": zeros })
            .as_object()
            .cloned()
            .unwrap_or_default();
        Rule {
            hook,
            plugin: plugin.into(),
            rules_version: 1,
            from_nr: 0,
            options,
        }
    }

    #[test]
    fn what_decides_counts_and_nothing_else() {
        let of = |rules: &[Rule]| fingerprint(&genesis().hash(), rules);
        let base = [
            rule(HookKind::Difficulty, "zeros", 4),
            rule(HookKind::Reward, "fixed", 0),
        ];
        let swapped = [base[1].clone(), base[0].clone()];
        assert_eq!(
            of(&base),
            of(&swapped),
            "the order in which they are given doesn't count"
        );
        let mut more = base.to_vec();
        more.push(rule(HookKind::Storage, "journal", 0));
        assert_eq!(of(&base), of(&more), "storage doesn't count");
        let changes: [fn(&mut Rule); 5] = [
            |rule| rule.options["zeros"] = 5.into(),
            |rule| rule.plugin = "other".into(),
            |rule| rule.rules_version = 2,
            |rule| rule.from_nr = 1000,
            |rule| rule.hook = HookKind::Consensus,
        ];
        for change in changes {
            let mut other = base.clone();
            change(&mut other[0]);
            assert_ne!(of(&base), of(&other));
        }
    }
}
