//! Libraries that don't keep to the border: whatever they answer is an error of theirs, and no more.

use std::sync::{Mutex, PoisonError};

use plugcoin_sdk::abi::ANSWER_BYTES_MAX;
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::genesis;
use plugcoin_sdk::plugin::Setup;
use plugcoin_sdk::{Error, ErrorKind};
use proptest::prelude::*;

use crate::c::{FAULT, OK, PANIC, UNKNOWN};
use crate::every_method::call_all;
use crate::scripted::{Script, library, made, under};

/// One after the other: the script is everybody's.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn what_breaks_the_border_is_an_error_of_the_plugin() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = made(&library(), &HookKind::ALL).unwrap();
    let long = "1".repeat(ANSWER_BYTES_MAX + 1);
    for (script, words) in [
        (Script::of(OK, ["Rewards!"]), ""),
        (Script::of(OK, [""]), ""),
        (Script::of(OK, ["{\"what\":"]), ""),
        (Script::of(OK, ["{\"accept\":{\"priority\":\"high\"}}"]), ""),
        (Script::of(OK, [&*long]), "more than 4194304 bytes"),
        (Script::of(FAULT, [&*long]), "more than 4194304 bytes"),
        (Script::of(FAULT, []), "did not say why"),
        (Script::of(FAULT, ["sorry"]), "did not say why"),
        (Script::of(PANIC, ["boom"]), "panicked: boom"),
        (Script::of(77, []), "returned 77"),
        (Script::of(-1, ["1"]), "returned -1"),
    ] {
        let first = script.messages.first().cloned().unwrap_or_default();
        // Which Miri would be at for an hour.
        if cfg!(miri) && first.len() > ANSWER_BYTES_MAX {
            continue;
        }
        let is_json = serde_json::from_slice::<serde_json::Value>(&first).is_ok();
        let code = script.code;
        for outcome in under(script, || call_all(&plugin)) {
            let method = outcome.method;
            // What is no block, but JSON, is refused by whoever reads it.
            if method == "read" && is_json && words.is_empty() {
                continue;
            }
            let error = outcome
                .error
                .unwrap_or_else(|| panic!("{method} took it ({code}, {words})"));
            let of_plugin = [ErrorKind::Plugin, ErrorKind::Corrupt].contains(&error.kind());
            assert!(of_plugin, "{method} {code}: {error:?}");
            assert!(
                error.to_string().contains(words),
                "{method} {code}: {error}"
            );
        }
    }
}

#[test]
fn no_answer_two_answers_and_an_unknown_method() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = made(&library(), &HookKind::ALL).unwrap();
    let one = |script| {
        let outcomes = under(script, || call_all(&plugin));
        outcomes.into_iter().filter(|outcome| !outcome.many)
    };
    for outcome in one(Script::of(OK, [])) {
        assert!(outcome.error.is_some(), "{} took nothing", outcome.method);
    }
    for outcome in one(Script::of(OK, ["null", "null"])) {
        let error = outcome.error.unwrap().to_string();
        assert!(
            error.contains("answered twice"),
            "{}: {error}",
            outcome.method
        );
    }
    for outcome in under(Script::of(UNKNOWN, []), || call_all(&plugin)) {
        match outcome.error {
            None => assert!(outcome.optional, "{}", outcome.method),
            Some(error) => {
                assert!(!outcome.optional, "{}: {error}", outcome.method);
                assert!(error.to_string().contains("does not answer"), "{error}");
            }
        }
    }
}

#[test]
fn a_fault_keeps_its_kind_and_its_words() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = made(&library(), &HookKind::ALL).unwrap();
    for (name, kind) in [
        ("configuration", ErrorKind::Configuration),
        ("corrupt", ErrorKind::Corrupt),
        ("io", ErrorKind::Io),
        ("in_use", ErrorKind::InUse),
        ("peer", ErrorKind::Peer),
        ("plugin", ErrorKind::Plugin),
        ("of a later version", ErrorKind::Plugin),
    ] {
        let fault = format!("{{\"kind\":\"{name}\",\"message\":\"why\",\"later\":1}}");
        for outcome in under(Script::of(FAULT, [&*fault]), || call_all(&plugin)) {
            let error = outcome.error.unwrap();
            assert_eq!(
                (error.kind(), &*error.to_string()),
                (kind, "why"),
                "{}",
                outcome.method
            );
        }
    }
}

#[test]
fn many_answers_end_when_the_visitor_says_so_or_one_is_too_long() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = made(&library(), &HookKind::ALL).unwrap();
    let storage = plugin.storage.unwrap();
    let visited = |script, at_most: usize| {
        let mut seen = Vec::new();
        let mut visit = |text: &[u8]| {
            seen.push(text.len());
            seen.len() < at_most
        };
        let read = under(script, || {
            storage.read_many(&[genesis().hash()], &mut visit)
        });
        (read.map_err(|error| error.to_string()), seen)
    };
    assert_eq!(visited(Script::of(OK, []), 9), (Ok(()), vec![]));
    assert_eq!(
        visited(Script::of(OK, ["1", "22", "333"]), 9),
        (Ok(()), vec![1, 2, 3])
    );
    assert_eq!(
        visited(Script::of(OK, ["1", "22", "333"]), 2),
        (Ok(()), vec![1, 2])
    );
    let long = "1".repeat(ANSWER_BYTES_MAX + 1);
    let (read, seen) = visited(Script::of(OK, ["1", &long, "3"]), 9);
    assert!(read.unwrap_err().contains("more than 4194304 bytes"));
    assert!(seen.len() <= 1, "{seen:?}");
    let fault = "{\"kind\":\"io\",\"message\":\"the disk\"}";
    let failed = visited(Script::of(FAULT, ["1", "22", fault]), 9);
    assert_eq!(failed, (Err("the disk".to_owned()), vec![1, 2]));
    let fails = &mut |_| Err(Error::new(ErrorKind::Io, "the visitor's own"));
    let records = Script::of(OK, [&*format!("{{\"block\":{}}}", genesis().text())]);
    let error = under(records, || storage.replay(fails)).unwrap_err();
    assert_eq!(error.to_string(), "the visitor's own");
}

fn answers() -> impl Strategy<Value = Script> {
    let json = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        "[0-9a-f]{64}".prop_map(|hex| format!("\"{hex}\"")),
        "[a-z_]{1,12}".prop_map(|word| format!("\"{word}\"")),
        "[a-z_]{1,12}".prop_map(|word| format!("{{\"{word}\":[1,{{}}]}}")),
        Just("[".repeat(100_000)),
        Just("{\"to\":[1,1,99]}".to_owned()),
        Just("{\"at\":[18446744073709551615]}".to_owned()),
        Just("{\"min\":9,\"max\":1}".to_owned()),
    ];
    let message = prop_oneof![
        json.prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..200),
    ];
    (-2..6_i32, proptest::collection::vec(message, 0..3))
        .prop_map(|(code, messages)| Script { code, messages })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_answer_whatever_ends_the_host(script in answers()) {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let library = library();
        let plugin = made(&library, &HookKind::ALL).unwrap();
        under(script, || {
            call_all(&plugin);
            // While it is made, too.
            for hook in HookKind::ALL {
                let _ = made(&library, &[hook]);
            }
            let _ = library.about();
            let _ = library.resolve(&Setup::default());
        });
    }
}
