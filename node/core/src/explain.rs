//! Why something was accepted or refused: which rules were asked, and what each said.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use plugcoin_sdk::Invalid;
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::plugin::Active;
use serde::Serialize;

use crate::limits::{
    EXPLAINED_BYTES_MAX, EXPLAINED_CHARACTERS_MAX, EXPLAINED_MAX, EXPLAINED_RULES_MAX,
    EXPLAINED_TEXT_BYTES_MAX,
};

/// What is known of a block or a transaction, and of the rules that judged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The block's hash, or the transaction's id.
    pub id: Hash,
    /// `block` or `transaction`.
    pub what: &'static str,
    /// What became of it.
    pub verdict: Outcome,
    /// The height of the block, or of the block that the transaction is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nr: Option<u64>,
    /// When it was refused, in microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_us: Option<i64>,
    /// The rules that were asked, in their order.
    pub asked: Vec<Asked>,
}

impl Explanation {
    /// How long it is in JSON.
    fn bytes(&self) -> usize {
        // It has no map whose keys are no texts, the only thing that can't be written.
        serde_json::to_vec(self).map_or(0, |text| text.len())
    }
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// On the best chain.
    OnBestChain,
    /// Valid, on a branch that is not the best.
    OnSideBranch,
    /// In the pool.
    Waiting,
    /// A block that is held until its parent is here.
    WaitingForParent,
    /// A rule says no.
    Refused,
}

/// A rule, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The rule.
    pub rule: String,
    /// The plugin; none: it holds under any plugins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The plugin's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `kept`, or why not.
    pub said: String,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// What the rule demands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<String>,
}

impl Asked {
    /// A rule of the core that was kept.
    pub(crate) fn of_core(rule: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            plugin: None,
            version: None,
            said: "kept".to_owned(),
            observed: None,
            required: None,
        }
    }

    /// A plugin's rule that was kept.
    pub(crate) fn of<T: ?Sized>(rule: &str, active: &Active<T>) -> Self {
        Self::by(rule, &active.plugin, &active.version)
    }

    fn by(rule: &str, plugin: &str, version: &str) -> Self {
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        Self {
            plugin: named(plugin),
            version: named(version),
            ..Self::of_core(rule)
        }
    }

    /// The same with what it saw.
    pub(crate) fn seeing(
        mut self,
        observed: impl fmt::Display,
        required: impl fmt::Display,
    ) -> Self {
        self.observed = Some(observed.to_string());
        self.required = Some(required.to_string());
        self
    }

    fn refused(invalid: &Invalid) -> Self {
        let cut = |text: &str| -> String {
            let mut bytes = 0;
            let fits = |c: &char| {
                bytes += json_bytes(*c);
                bytes <= EXPLAINED_TEXT_BYTES_MAX
            };
            let few = text.chars().take(EXPLAINED_CHARACTERS_MAX);
            few.take_while(fits).collect()
        };
        Self {
            said: cut(&invalid.message),
            observed: invalid.observed.as_deref().map(cut),
            required: invalid.required.as_deref().map(cut),
            ..Self::by(&cut(&invalid.rule), &invalid.plugin, &invalid.version)
        }
    }
}

/// How long a character is in JSON.
fn json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    }
}

/// The rules that the item under judgement was held against so far.
///
/// * What the last item was held against stays beyond them: most are held against the same.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    noted: Vec<Noted>,
    count: usize,
}

#[derive(Clone, Debug)]
struct Noted {
    rule: &'static str,
    by: Option<(Arc<str>, Arc<str>)>,
}

impl Trace {
    pub(crate) fn begin(&mut self) {
        self.count = 0;
    }

    /// Notes a rule of the core.
    pub(crate) fn core(&mut self, rule: &'static str) {
        self.note(rule, None);
    }

    /// Notes a plugin's rule.
    pub(crate) fn plugin<T: ?Sized>(&mut self, rule: &'static str, active: &Active<T>) {
        self.note(rule, Some((&active.plugin, &active.version)));
    }

    /// A rule that is asked of every transaction of a block is noted once.
    fn note(&mut self, rule: &'static str, by: Option<(&Arc<str>, &Arc<str>)>) {
        let plugin = |by: Option<&Arc<str>>| by.map(Arc::as_ptr);
        let same = |noted: &Noted| {
            plugin(noted.by.as_ref().map(|by| &by.0)) == plugin(by.map(|by| by.0))
                && noted.rule == rule
        };
        if self.count == EXPLAINED_RULES_MAX || self.noted[..self.count].iter().any(same) {
            return;
        }
        if !self.noted.get(self.count).is_some_and(same) {
            let by = by.map(|(plugin, version)| (plugin.clone(), version.clone()));
            self.noted.truncate(self.count);
            self.noted.push(Noted { rule, by });
        }
        self.count += 1;
    }

    /// The rules up to the one that said no.
    fn ended_by(&self, invalid: &Invalid) -> Vec<Asked> {
        let mut asked: Vec<Asked> = self.noted[..self.count]
            .iter()
            .map(|noted| match &noted.by {
                Some((plugin, version)) => Asked::by(noted.rule, plugin, version),
                None => Asked::of_core(noted.rule),
            })
            .collect();
        let no = Asked::refused(invalid);
        // The one that said no was noted when it was asked.
        if asked.last().is_some_and(|last| last.plugin == no.plugin) {
            asked.pop();
        }
        asked.push(no);
        asked
    }
}

/// The last items that were refused.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    by_id: HashMap<Hash, Explanation>,
    order: VecDeque<Hash>,
}

impl Refused {
    pub(crate) fn get(&self, id: &Hash) -> Option<&Explanation> {
        self.by_id.get(id)
    }

    pub(crate) fn add(
        &mut self,
        id: Hash,
        what: &'static str,
        nr: Option<u64>,
        invalid: &Invalid,
        trace: &Trace,
        now_us: i64,
    ) {
        let mut explanation = Explanation {
            id,
            what,
            verdict: Outcome::Refused,
            nr,
            refused_us: Some(now_us),
            asked: trace.ended_by(invalid),
        };
        // The first that were asked say least.
        while explanation.asked.len() > 1 && explanation.bytes() > EXPLAINED_BYTES_MAX {
            explanation.asked.remove(0);
        }
        if self.by_id.insert(id, explanation).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > EXPLAINED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules up to the one of the core that said no, with their plugins.
    fn asked(trace: &Trace) -> Vec<(String, Option<String>)> {
        let asked = trace.ended_by(&Invalid::new("no", "it does not hold"));
        asked
            .into_iter()
            .map(|one| (one.rule, one.plugin))
            .collect()
    }

    fn rule(rule: &str, plugin: Option<&str>) -> (String, Option<String>) {
        (rule.to_owned(), plugin.map(str::to_owned))
    }

    #[test]
    fn an_item_shows_nothing_of_a_longer_one_before_it() {
        let seals = Active::new("seals", Arc::new(()));
        let pays = Active::new("pays", Arc::new(()));
        let mut trace = Trace::default();
        trace.plugin("seal", &seals);
        trace.plugin("reward", &pays);
        trace.plugin("funds", &pays);
        let (seal, no) = (rule("seal", Some("seals")), rule("no", None));
        let reward = rule("reward", Some("pays"));
        let funds = rule("funds", Some("pays"));
        assert_eq!(asked(&trace), [seal.clone(), reward, funds, no.clone()]);

        // As far as it goes it was held against the same, and then refused.
        trace.begin();
        trace.plugin("seal", &seals);
        assert_eq!(asked(&trace), [seal.clone(), no.clone()]);
        // Refused before any rule was asked.
        trace.begin();
        assert_eq!(asked(&trace), std::slice::from_ref(&no));
        // What follows is another rule, or another plugin's of the same name.
        trace.begin();
        trace.plugin("seal", &seals);
        trace.plugin("reward", &seals);
        let others = rule("reward", Some("seals"));
        assert_eq!(asked(&trace), [seal, others, no.clone()]);
        // It was seen before, at a place that does not count now.
        trace.begin();
        trace.plugin("reward", &seals);
        assert_eq!(asked(&trace), [rule("reward", Some("seals")), no]);
    }
}
