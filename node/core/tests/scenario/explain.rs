use std::sync::Arc;

use plugcoin_core::{Config, Outcome, Reply};
use plugcoin_sdk::hooks::{Ancestor, Difficulty, Event, Signer, TransactionContext, Validity};
use plugcoin_sdk::ledger::{Block, Hash, Target, Transaction};
use plugcoin_sdk::plugin::{Active, Schedule, Scheduled};
use plugcoin_sdk::{Error, Invalid, Verdict};
use plugcoin_testkit::doubles::PlainSigner;
use plugcoin_testkit::fixtures;

use crate::bench::{Bench, branch, events, hooks, refusal};

/// The rules that were asked about an item, and what the last of them said.
fn asked(bench: &Bench, id: &Hash) -> (Vec<String>, String) {
    let explanation = bench.node.explain(id).unwrap();
    let rules = explanation.asked.iter().map(|asked| asked.rule.clone());
    let last = explanation.asked.last().unwrap();
    (rules.collect(), last.said.clone())
}

#[test]
fn what_was_accepted_names_the_rules_it_was_held_against() {
    let mut bench = Bench::new();
    let (side, best) = (branch("A", 1), branch("B", 2));
    bench.take(&side);
    bench.take(&best);
    let outcome = |bench: &Bench, id: &Hash| bench.node.explain(id).unwrap().verdict;
    assert_eq!(outcome(&bench, &best[1].hash()), Outcome::OnBestChain);
    assert_eq!(outcome(&bench, &side[0].hash()), Outcome::OnSideBranch);
    let explanation = bench.node.explain(&best[1].hash()).unwrap();
    assert_eq!((explanation.what, explanation.nr), ("block", Some(2)));
    assert!(explanation.asked.iter().all(|asked| asked.said == "kept"));
    let by = |rule: &str| {
        let mut asked = explanation.asked.iter();
        asked
            .find(|asked| asked.rule == rule)
            .unwrap()
            .plugin
            .clone()
    };
    assert_eq!(by("seal").as_deref(), Some("proof-of-work"));
    assert_eq!(by("count"), None, "it holds under any plugins");
    let payment = fixtures::pay("B", "C", "1", bench.now_us);
    bench.transaction(&payment);
    assert_eq!(outcome(&bench, &payment.id()), Outcome::Waiting);
    assert!(bench.node.explain(&Hash::of("never seen")).is_none());
}

#[test]
fn what_was_refused_names_the_rules_up_to_the_one_that_said_no() {
    let mut bench = Bench::new();
    bench.take(&branch("A", 1));
    let poor = fixtures::pay("Z", "A", "1", bench.now_us);
    let step = bench.transaction(&poor);
    let reason = refusal(&step).clone();
    let (rules, said) = asked(&bench, &poor.id());
    assert_eq!(
        rules,
        [
            "fault",
            "signature",
            "further rule for transactions",
            "funds"
        ]
    );
    assert_eq!(said, *reason.message);

    // A block that breaks the last rule of all was held against every rule that an accepted one is.
    let tip = branch("A", 1);
    let spends = vec![fixtures::pay("Z", "A", "1", bench.now_us)];
    let time_us = tip[0].header().timestamp.us() + 1;
    let bad = fixtures::block(&tip[0], "B", spends, time_us, &fixtures::nonce(1));
    refusal(&bench.block(&bad));
    let (mut rules, _) = asked(&bench, &bad.hash());
    rules.retain(|rule| rule != "fault");
    let (of_accepted, _) = asked(&bench, &tip[0].hash());
    assert_eq!(rules, of_accepted);
}

#[test]
fn a_thousand_refusals_are_remembered_and_no_more() {
    let mut bench = Bench::new();
    let payments: Vec<Transaction> = (0..=1_000)
        .map(|n| fixtures::pay("Z", "A", "1", bench.now_us + n))
        .collect();
    for payment in &payments {
        bench.transaction(payment);
    }
    let known = |payment: &Transaction| bench.node.explain(&payment.id()).is_some();
    assert!(!known(&payments[0]) && known(&payments[1]) && known(&payments[1_000]));
    let longest = serde_json::to_string(&bench.node.explain(&payments[7].id())).unwrap();
    assert!(longest.len() < 4_096);
}

/// A rule with a long name, that says much of everything, in the characters that are longest in JSON.
struct Talker;

impl Validity for Talker {
    fn check_transaction(&self, _: &Transaction, _: &TransactionContext) -> Result<Verdict, Error> {
        let words = "\u{1}".repeat(5_000);
        let invalid = Invalid::new("talks", &*words).observed(&words);
        Ok(Verdict::Invalid(
            invalid.required("\u{1f980}".repeat(5_000)),
        ))
    }
}

#[test]
fn an_explanation_of_a_refusal_has_at_most_four_kibibytes() {
    let storage = Arc::default();
    let mut on = hooks(Arc::clone(&storage) as _);
    let name = "a-rule-whose-name-is-as-long-as-that-of-a-library-may-be-at-most";
    let silent = |n: usize| -> Scheduled<dyn Validity> {
        Scheduled::always(&format!("{name}-{n}"), Arc::new(time::TimeRule::default()))
    };
    on.validity = (0..20).map(silent).collect();
    on.validity.push(Scheduled::always(name, Arc::new(Talker)));
    let config = Config {
        first_coin: false,
        ..Config::default()
    };
    let mut bench = Bench::by(on, storage, config);
    bench.take(&branch("A", 1));
    let payment = fixtures::pay("A", "B", "0.5", bench.now_us);
    refusal(&bench.transaction(&payment));
    let explained = bench.node.explain(&payment.id()).unwrap();
    let text = serde_json::to_string(&explained).unwrap();
    assert!((1_000..=4_096).contains(&text.len()), "{}", text.len());
    let last = explained.asked.last().unwrap();
    assert_eq!((&*last.rule, last.plugin.as_deref()), ("talks", Some(name)));
}

/// A target that no hash meets, from some height on.
struct Impossible;

impl Difficulty for Impossible {
    fn target(&self, _: u64, _: &[Ancestor]) -> Result<Target, Error> {
        Ok(Target::from_leading_zeros(64))
    }
    fn easiest(&self) -> Target {
        Target::from_leading_zeros(64)
    }
}

/// Accepts nothing.
struct Deaf;

impl Signer for Deaf {
    fn scheme(&self) -> &str {
        "deaf"
    }
    fn verify(&self, _: &str, _: &str, _: &str) -> Result<bool, Error> {
        Ok(false)
    }
}

/// Nobody may pay more than so many characters of a sum.
struct Short;

impl Validity for Short {
    fn check_transaction(
        &self,
        transaction: &Transaction,
        _: &TransactionContext,
    ) -> Result<Verdict, Error> {
        Ok(match transaction.sum_text().len() {
            1 => Verdict::Valid,
            _ => Invalid::new("short", "the sum is long").into(),
        })
    }
}

fn later<T: ?Sized>(from_nr: u64, name: &str, hook: Arc<T>) -> Scheduled<T> {
    Scheduled {
        from_nr,
        active: Active::new(name, hook),
    }
}

fn quiet() -> Config {
    Config {
        first_coin: false,
        ..Config::default()
    }
}

#[test]
fn a_rule_holds_from_its_height_on() {
    let storage = Arc::default();
    let mut hooks = crate::bench::hooks(Arc::clone(&storage) as _);
    let zeros = Active::new(
        "zeros",
        Arc::new(zeros::Zeros::new(0)) as Arc<dyn Difficulty>,
    );
    hooks.difficulty = Schedule::new(zeros, vec![later(3, "impossible", Arc::new(Impossible))]);
    let mut bench = Bench::by(hooks, storage, quiet());
    let chain: Vec<Block> = branch("A", 3);
    bench.take(&chain[..2]);
    let step = bench.block(&chain[2]);
    assert_eq!(refusal(&step).rule, "seal");
    let explanation = bench.node.explain(&chain[2].hash()).unwrap();
    let target = explanation
        .asked
        .iter()
        .find(|asked| asked.rule == "target");
    assert_eq!(target.unwrap().plugin.as_deref(), Some("impossible"));
}

#[test]
fn what_waits_is_judged_by_the_rules_of_the_next_block() {
    for begins in ["signer", "validity"] {
        let storage = Arc::default();
        let mut hooks = crate::bench::hooks(Arc::clone(&storage) as _);
        match begins {
            "signer" => {
                let plain = Active::new("plain", Arc::new(PlainSigner) as Arc<dyn Signer>);
                hooks.signer = Schedule::new(plain, vec![later(3, "deaf", Arc::new(Deaf))]);
            }
            _ => hooks.validity.push(later(3, "short", Arc::new(Short))),
        }
        let mut bench = Bench::by(hooks, storage, quiet());
        let chain = branch("A", 2);
        bench.take(&chain[..1]);
        let payment = fixtures::pay("A", "B", "0.25", bench.now_us);
        assert_eq!(
            bench.transaction(&payment).reply,
            Reply::Accepted(payment.id())
        );
        let step = bench.block(&chain[1]);
        assert!(!bench.node.is_waiting(&payment.id()), "{begins}");
        assert!(events(&step).iter().any(|event| matches!(
            event,
            Event::TransactionDropped { id, .. } if *id == payment.id()
        )));
    }
}
