//! Two nodes' rules are compared in words, whatever the other one answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod plugins;

use plugcoin_host::{PluginRequest, differences, resolve};
use plugins::DEFAULTS;
use proptest::prelude::*;
use serde_json::{Value, json};

fn answer(plugins: &[&str], set: &[&str]) -> Value {
    let request = PluginRequest {
        plugins: plugins.iter().map(|name| name.parse().unwrap()).collect(),
        set: set.iter().map(|text| text.parse().unwrap()).collect(),
        ..PluginRequest::default()
    };
    resolve(&request, &DEFAULTS).unwrap().manifests_json()
}

#[test]
fn nothing_is_said_of_nodes_that_agree() {
    let plain = answer(&[], &[]);
    assert!(differences(&plain, &plain).is_empty());
    let noisy = answer(&["test-observer"], &["test-zeros.volume=9"]);
    assert!(
        differences(&plain, &noisy).is_empty(),
        "neither counts in the fingerprint"
    );
}

#[test]
fn each_hook_that_differs_is_told() {
    let plain = answer(&[], &[]);
    let told = |plugins: &[&str], set: &[&str]| differences(&plain, &answer(plugins, set));
    assert_eq!(
        told(&[], &["test-zeros.zeros=5"]),
        ["difficulty: here test-zeros (zeros=4), there test-zeros (zeros=5)"]
    );
    assert_eq!(
        told(&["test-five", "test-strict", "test-selfish"], &[]),
        [
            "difficulty: here test-zeros (zeros=4), there test-five (zeros=4)",
            "fork-choice: here test-fork-choice, there test-selfish",
            "validity: here test-time, there test-strict + test-time",
        ]
    );
    assert_eq!(
        told(&["test-five@10", "test-five@30"], &[]),
        [
            "difficulty: here test-zeros (zeros=4), there test-five from block 10, 30 (zeros=4) + \
             test-zeros (zeros=4)"
        ]
    );
    let later = answer(&["test-strict@10"], &[]);
    assert_eq!(
        differences(&answer(&["test-strict@20"], &[]), &later),
        ["validity: here test-strict from block 20 + test-time, \
             there test-strict from block 10 + test-time"]
    );
    let mut other = plain.clone();
    other["plugins"][5]["rules_version"] = json!(2);
    assert_eq!(
        differences(&plain, &other),
        ["difficulty: here test-zeros (rules 1, zeros=4), there test-zeros (rules 2, zeros=4)"]
    );
    other = plain.clone();
    other["plugins"].as_array_mut().unwrap().remove(5);
    assert_eq!(
        differences(&plain, &other),
        ["difficulty: here test-zeros (zeros=4), there nothing"]
    );
    other = plain.clone();
    other["fingerprint"] = json!("f");
    assert!(differences(&plain, &other)[0].starts_with("fingerprint: here "));
    other["genesis"] = json!("g");
    assert!(differences(&plain, &other)[0].starts_with("genesis: here 00008c26"));
}

#[test]
fn garbage_is_told_to_be_garbage() {
    let plain = answer(&[], &[]);
    for garbage in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({ "plugins": {} }),
    ] {
        assert_eq!(
            differences(&plain, &garbage),
            ["there: the answer is no list of plugins"]
        );
    }
}

/// Something like an answer: the right keys with anything beneath them.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "[a-z\\n\\x1b]{0,300}",
        Just("difficulty".to_owned()),
        Just("validity".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("plugins"),
        Just("hooks"),
        Just("options"),
        Just("name"),
        Just("value"),
        Just("consensus"),
        Just("genesis"),
        Just("rules_version"),
    ];
    leaf.prop_recursive(5, 200, 20, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| {
                let pairs = pairs
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::Object(pairs.collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_is_told_in_bounds(theirs in anything(), plugins in anything()) {
        let plain = answer(&[], &[]);
        for theirs in [theirs, json!({ "plugins": [plugins] })] {
            let told = differences(&plain, &theirs);
            prop_assert!(told.len() <= 16);
            for line in told {
                prop_assert!(line.chars().count() < 500);
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
