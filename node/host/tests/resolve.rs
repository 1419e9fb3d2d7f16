//! Requests are resolved, or refused in words that help.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod plugins;

use plugcoin_host::{
    Manifest, Named, PluginRequest, Registry, Resolved, Setting, State, Watch, resolve,
};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::{Active, Hooks, compiled_in};
use plugcoin_sdk::{Error, ErrorKind};
use plugins::{DEFAULTS, Nothing};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

fn request(plugins: &[&str], set: &[&str]) -> PluginRequest {
    PluginRequest {
        plugins: plugins.iter().map(|name| name.parse().unwrap()).collect(),
        set: set.iter().map(|text| text.parse().unwrap()).collect(),
        data_dir: None,
        port: 6000,
    }
}

fn resolved(plugins: &[&str], set: &[&str]) -> Result<Resolved, Error> {
    resolve(&request(plugins, set), &DEFAULTS)
}

/// The words of a refusal.
fn refusal(plugins: &[&str], set: &[&str]) -> String {
    let error = resolved(plugins, set).err().expect("a refusal");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    error.to_string()
}

fn rules(hooks: &Hooks) -> Vec<&str> {
    hooks.validity_at(1).map(|rule| &*rule.plugin).collect()
}

fn names<T: ?Sized>(hooks: &[Active<T>]) -> Vec<&str> {
    hooks.iter().map(|hook| &*hook.plugin).collect()
}

#[test]
fn defaults_hold_where_nothing_was_asked_for() {
    let resolved = resolved(&[], &[]).unwrap();
    assert_eq!(&*resolved.hooks.storage.plugin, "test-storage");
    assert_eq!(&*resolved.hooks.difficulty.at(1).plugin, "test-zeros");
    assert_eq!(&*resolved.transport.plugin, "test-transport");
    assert_eq!(rules(&resolved.hooks), ["test-time"]);
    assert!(resolved.hooks.observers.is_empty());
    let order: Vec<_> = resolved.manifests.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(order, DEFAULTS.map(|(_, name)| name));
    assert!(resolved.manifests.iter().all(|m| m.state == State::Active));
}

#[test]
fn what_is_named_replaces_the_default_of_its_hook() {
    let resolved = resolved(&["test-five"], &["test-five.zeros=3"]).unwrap();
    assert_eq!(&*resolved.hooks.difficulty.at(1).plugin, "test-five");
    assert!(resolved.manifests.iter().all(|m| m.name != "test-zeros"));
    let rule = resolved
        .rules
        .iter()
        .find(|rule| rule.hook == HookKind::Difficulty)
        .unwrap();
    assert_eq!((rule.rules_version, rule.from_nr), (2, 0));
    assert_eq!(
        json!(rule.options),
        json!({ "zeros": 3 }),
        "local options are no rules"
    );
}

#[test]
fn a_default_may_be_named() {
    let named = resolved(&["test-time", "test-zeros"], &[]).unwrap();
    let plain = resolved(&[], &[]).unwrap();
    assert_eq!(named.fingerprint, plain.fingerprint);
    assert_eq!(named.manifests, plain.manifests);
}

#[test]
fn validity_rules_and_observers_add_up_in_an_order_of_their_own() {
    let one = resolved(&["test-strict", "test-drift", "test-observer"], &[]).unwrap();
    let other = resolved(&["test-drift", "test-observer", "test-strict"], &[]).unwrap();
    for resolved in [&one, &other] {
        let hooks = &resolved.hooks;
        assert_eq!(rules(hooks), ["test-drift", "test-strict", "test-time"]);
        assert_eq!(names(&hooks.observers), ["test-observer"]);
    }
    assert_eq!(one.manifests, other.manifests);
    assert_eq!(one.fingerprint, other.fingerprint);
}

#[test]
fn a_plugin_of_several_hooks_is_made_once() {
    let resolved = resolved(&["test-selfish"], &[]).unwrap();
    let hooks = &resolved.hooks;
    assert_eq!(&*hooks.gossip.plugin, "test-selfish");
    assert_eq!(&*hooks.fork_choice.plugin, "test-selfish");
    assert_eq!(names(&hooks.observers), ["test-selfish"]);
    let of_it = |watch: &&Arc<Watch>| **watch.plugin() == *"test-selfish";
    let watched: Vec<HookKind> = resolved
        .watches
        .iter()
        .filter(of_it)
        .map(|watch| watch.hook())
        .collect();
    assert_eq!(
        watched,
        [HookKind::Gossip, HookKind::ForkChoice, HookKind::Observer]
    );
    let manifests: Vec<&Manifest> = resolved
        .manifests
        .iter()
        .filter(|manifest| manifest.name == "test-selfish")
        .collect();
    assert_eq!(manifests.len(), 1);
    assert_eq!(
        manifests[0].hooks,
        [HookKind::Gossip, HookKind::ForkChoice, HookKind::Observer]
    );
}

#[test]
fn a_default_serves_only_the_hook_it_is_the_default_of() {
    let mut defaults = DEFAULTS.to_vec();
    defaults.retain(|(kind, _)| *kind != HookKind::Gossip);
    defaults.push((HookKind::Gossip, "test-selfish"));
    let resolved = resolve(&request(&[], &[]), &defaults).unwrap();
    assert_eq!(&*resolved.hooks.gossip.plugin, "test-selfish");
    assert_eq!(&*resolved.hooks.fork_choice.plugin, "test-fork-choice");
    assert!(resolved.hooks.observers.is_empty());
}

#[test]
fn values_are_read_as_the_option_takes_them() {
    let value = |set: &str, plugin: &str, option: &str| {
        let resolved = resolved(&[], &[set]).unwrap();
        let manifest = resolved
            .manifests
            .iter()
            .find(|m| m.name == plugin)
            .unwrap();
        let option = manifest
            .options
            .iter()
            .find(|o| o.spec.name == option)
            .unwrap();
        option.value.clone()
    };
    assert_eq!(value("test-zeros.zeros=5", "test-zeros", "zeros"), json!(5));
    assert_eq!(
        value("test-zeros.zeros = 5", "test-zeros", "zeros"),
        json!(5)
    );
    assert_eq!(
        value("test-reward.reward=0.5", "test-reward", "reward"),
        json!("0.5")
    );
    assert_eq!(
        value("test-reward.word=20", "test-reward", "word"),
        json!("20")
    );
    assert_eq!(
        value("test-reward.word=a=b.c", "test-reward", "word"),
        json!("a=b.c")
    );
    assert_eq!(value("test-reward.word=", "test-reward", "word"), json!(""));
    let mut number = request(&[], &[]);
    number.set = vec![Setting {
        plugin: "test-reward".into(),
        option: "reward".into(),
        value: json!(2),
    }];
    assert!(
        resolve(&number, &DEFAULTS).is_ok(),
        "a number of a file is taken for an amount"
    );
}

#[test]
fn an_unknown_plugin_is_named_with_what_is_known() {
    let known = "\
the plugins that there are:
  storage      test-storage
  consensus    test-consensus
  signer       test-signer
  gossip       test-gossip, test-liar, test-selfish
  transport    test-transport
  difficulty   test-five, test-zeros
  fork-choice  test-fork-choice, test-selfish
  reward       test-reward
  merkle       test-merkle
  mempool      test-liar, test-mempool
  validity     test-drift, test-strict, test-time
  observer     test-observer, test-selfish";
    assert_eq!(
        refusal(&["test-zeroes"], &[]),
        format!("there is no plugin test-zeroes; did you mean test-zeros?\n{known}")
    );
    assert_eq!(
        refusal(&["blockchain"], &[]),
        format!("there is no plugin blockchain\n{known}")
    );
    assert_eq!(
        refusal(&[], &["test-zero.zeros=1"]),
        format!("there is no plugin test-zero; did you mean test-zeros?\n{known}")
    );
}

#[test]
fn contradictions_are_refused() {
    assert_eq!(
        refusal(&["test-five", "test-five"], &[]),
        "the plugin test-five is named twice"
    );
    assert_eq!(
        refusal(&["test-five", "test-zeros"], &[]),
        "the plugins test-five and test-zeros both provide difficulty, and only one can; leave one of them out"
    );
    assert_eq!(
        refusal(&["test-fork-choice", "test-selfish"], &[]),
        "the plugins test-fork-choice and test-selfish both provide fork-choice, and only one can; leave one of them out"
    );
}

#[test]
fn options_that_can_not_hold_are_refused() {
    assert_eq!(
        refusal(&[], &["test-five.zeros=1"]),
        "test-five.zeros is set, but the plugin test-five is not active (difficulty is provided by test-zeros); leave the option out, or add --plugin test-five"
    );
    assert_eq!(
        refusal(&["test-five"], &["test-zeros.zeros=1"]),
        "test-zeros.zeros is set, but the plugin test-zeros is not active (difficulty is provided by test-five); leave the option out, or take --plugin test-zeros instead of test-five"
    );
    assert_eq!(
        refusal(&[], &["test-strict.x=1"]),
        "test-strict.x is set, but the plugin test-strict is not active; leave the option out, or add --plugin test-strict"
    );
    assert_eq!(
        refusal(&[], &["test-zeros.zeros=1", "test-zeros.zeros=2"]),
        "the option test-zeros.zeros is set twice"
    );
    assert_eq!(
        refusal(&[], &["test-zeros.zero=1"]),
        "the plugin test-zeros has no option zero; its options are: zeros, volume; did you mean test-zeros.zeros?"
    );
    assert_eq!(
        refusal(&[], &["test-merkle.depth=1"]),
        "the plugin test-merkle has no option depth; it has no options"
    );
    assert_eq!(
        refusal(&[], &["test-zeros.zeros=five"]),
        "\"five\" is no value for test-zeros.zeros, which is a whole number (default 4): invalid type: string \"five\", expected u32"
    );
    assert_eq!(
        refusal(&[], &["test-zeros.zeros=-1"]),
        "-1 is no value for test-zeros.zeros, which is a whole number (default 4): invalid value: integer `-1`, expected u32"
    );
    assert_eq!(
        refusal(&[], &["test-zeros.volume=256"]),
        "256 is no value for test-zeros.volume, which is a whole number (default 0): invalid value: integer `256`, expected u8"
    );
}

#[test]
fn settings_have_one_form() {
    for text in [
        "",
        "zeros",
        "zeros.zeros",
        "zeros=5",
        ".zeros=5",
        "zeros.=5",
        "=5",
    ] {
        let error = text.parse::<Setting>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            error.to_string(),
            format!("`{text}` is no setting; write PLUGIN.OPTION=VALUE, as zeros.zeros=5")
        );
    }
}

#[test]
fn a_hook_that_nothing_provides_is_named() {
    let with = |difficulty: &[(HookKind, &'static str)]| {
        let mut defaults = DEFAULTS.to_vec();
        defaults.retain(|(kind, _)| *kind != HookKind::Difficulty);
        defaults.extend(difficulty);
        resolve(&request(&[], &[]), &defaults)
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        with(&[]),
        "nothing provides difficulty, and it has no default; name a plugin for it with --plugin"
    );
    // There is none of that name; there is one, but for another hook.
    for name in ["zeros", "test-merkle"] {
        assert_eq!(
            with(&[(HookKind::Difficulty, name)]),
            format!(
                "nothing provides difficulty: its default, the plugin {name}, is not in this program; name another one with --plugin"
            )
        );
    }
}

#[test]
fn two_plugins_of_one_name_are_refused() {
    let twice = compiled_in()
        .into_iter()
        .chain(compiled_in().into_iter().take(1));
    let error = Registry::of(twice).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "two plugins are called test-consensus: one for consensus (0.1.0, compiled in), one for consensus (0.1.0, compiled in); rename one of them"
    );
}

#[test]
fn what_a_plugin_says_on_being_made_is_passed_on() {
    let mut request = request(&[], &[]);
    request.data_dir = Some(PathBuf::from("."));
    request.port = 13;
    let error = resolve(&request, &DEFAULTS).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert_eq!(
        error.to_string(),
        "the plugin test-signer can't start: somebody sits on 13"
    );
    let plan = Registry::compiled_in()
        .unwrap()
        .plan(&request, &DEFAULTS)
        .unwrap();
    assert!(plan.signer().is_ok(), "the signer alone needs no files");
}

#[test]
fn a_plugin_must_make_what_it_is_registered_for() {
    let error = resolved(&["test-liar"], &[]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert_eq!(
        error.to_string(),
        "the plugin test-liar is registered for gossip, mempool and made no gossip"
    );
}

#[test]
fn another_storage_can_take_the_place_of_the_planned_one() {
    let registry = Registry::compiled_in().unwrap();
    let plan = registry.plan(&request(&[], &[]), &DEFAULTS).unwrap();
    let storage = Active::new("mine", Arc::new(Nothing) as Arc<_>);
    assert_eq!(
        &*plan.create_on(storage).unwrap().hooks.storage.plugin,
        "mine"
    );
}

#[test]
fn the_answer_of_plugins_tells_all() {
    let resolved = resolved(&["test-five"], &["test-five.zeros=0"]).unwrap();
    let answer = resolved.manifests_json();
    assert_eq!(answer["fingerprint"], json!(resolved.fingerprint));
    assert_eq!(
        answer["genesis"],
        "00008c26fa89c80d23ce0b98afb3bff429f828253c008b562ca8599606cb60e3"
    );
    assert_eq!(
        answer["plugins"][5],
        json!({
            "name": "test-five",
            "version": "0.1.0",
            "rules_version": 2,
            "form": "compiled in",
            "hooks": ["difficulty"],
            "options": [
                {"name": "zeros", "type": "u32", "default": 4, "help": "How many zeros.",
                 "consensus": true, "value": 0},
                {"name": "volume", "type": "u8", "default": 0, "help": "How loud.",
                 "consensus": false, "value": 0},
            ],
            "state": "active",
            "calls": 0,
            "time_us": 0,
            "failed": false,
        })
    );
    let back: Vec<Manifest> = serde_json::from_value(answer["plugins"].clone()).unwrap();
    let without_health = |manifest: &Manifest| Manifest {
        health: None,
        ..manifest.clone()
    };
    let back: Vec<Manifest> = back.iter().map(without_health).collect();
    assert_eq!(back, resolved.manifests);
}

#[test]
fn what_is_available_is_told_without_making_it() {
    let manifests = Registry::compiled_in().unwrap().manifests();
    assert_eq!(manifests.len(), compiled_in().len());
    assert!(manifests.iter().all(|m| m.state == State::Available));
}

#[test]
fn a_rule_begins_at_its_height_and_the_one_before_it_holds_until_then() {
    let resolved = resolved(&["test-five@1000", "test-strict@20"], &[]).unwrap();
    let at = |nr| &*resolved.hooks.difficulty.at(nr).plugin;
    assert_eq!(
        (at(1), at(999), at(1000)),
        ("test-zeros", "test-zeros", "test-five")
    );
    let of_validity = |nr| resolved.hooks.validity_at(nr).count();
    assert_eq!((of_validity(19), of_validity(20)), (1, 2));
    let told = |name: &str| {
        let mut manifests = resolved.manifests.iter();
        let manifest = manifests.find(|manifest| manifest.name == name).unwrap();
        json!(manifest.from)
    };
    assert_eq!(told("test-five"), json!({ "difficulty": [1000] }));
    assert_eq!(told("test-zeros"), json!({}));
    let heights: Vec<u64> = resolved
        .rules
        .iter()
        .filter(|rule| rule.hook == HookKind::Difficulty)
        .map(|rule| rule.from_nr)
        .collect();
    assert_eq!(heights, [1000, 0]);
}

#[test]
fn other_heights_are_other_rules() {
    let of = |plugins: &[&str]| resolved(plugins, &[]).unwrap().fingerprint;
    let all = [
        of(&[]),
        of(&["test-five"]),
        of(&["test-five@1"]),
        of(&["test-five@2"]),
        of(&["test-five@2", "test-zeros@3"]),
    ];
    for (n, one) in all.iter().enumerate() {
        assert!(!all[..n].contains(one), "{n}");
    }
}

#[test]
fn a_height_is_for_rules_of_blocks_alone() {
    assert_eq!(
        refusal(&["test-selfish@7"], &[]),
        "test-selfish@7: the plugin provides gossip, which can't begin at a height; only \
         consensus, signer, difficulty, reward, merkle, validity can"
    );
    assert_eq!(
        refusal(&["test-five@7", "test-five@7"], &[]),
        "the plugin test-five@7 is named twice"
    );
    assert!(resolved(&["test-five@7", "test-zeros@9"], &[]).is_ok());
    for (text, why) in [
        ("@7", "it has no name"),
        ("a@", "what stands behind the @ is no height"),
        ("a@-1", "what stands behind the @ is no height"),
        ("a@1@x", "what stands behind the @ is no height"),
        ("", "it has no name"),
    ] {
        let error = text.parse::<Named>().unwrap_err().to_string();
        assert_eq!(
            error,
            format!("`{text}` is no plugin: {why}; write NAME, PATH, or NAME@BLOCK")
        );
    }
    let path: Named = "./a@b/libc.so@5".parse().unwrap();
    assert_eq!((&*path.plugin, path.from_nr), ("./a@b/libc.so", 5));
    let path: Named = "./a@b/libc.so".parse().unwrap();
    assert_eq!((&*path.plugin, path.from_nr), ("./a@b/libc.so", 0));
}
