//! Libraries that don't keep to the border: whatever they answer is an error of theirs, and no more.

#![allow(unsafe_code, reason = "the other side of the border")]

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use plugcoin_sdk::abi::{ANSWER_BYTES_MAX, Library};
use plugcoin_sdk::hooks::{
    BlockContext, Branch, Event, GossipEvent, HookKind, Item, ItemKind, Origin, PeerRequest,
    Record, Signed, Slice, TransactionContext,
};
use plugcoin_sdk::ledger::{Address, Amount, Hash, Target, Work, genesis};
use plugcoin_sdk::plugin::{About, Provided, Setup};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::fixtures::{START_US, draft, peers, pool};
use proptest::prelude::*;

use crate::c::{FAULT, OK, PANIC, Sink, Table, UNKNOWN, bytes, enter};
use crate::example::{block, contact, payment};

/// What the library answers to everything: a code and messages.
#[derive(Clone, Debug)]
struct Script {
    code: i32,
    messages: Vec<Vec<u8>>,
}

impl Script {
    fn of<const N: usize>(code: i32, messages: [&str; N]) -> Self {
        let messages = messages.map(|message| message.as_bytes().to_vec()).into();
        Self { code, messages }
    }
}

static SCRIPT: Mutex<Option<Script>> = Mutex::new(None);

static TABLE: Table = Table::of(create, call, destroy);

unsafe extern "C" fn entry(_host: *const c_void) -> *const Table {
    &TABLE
}

unsafe extern "C" fn create(
    _setup: *const u8,
    _setup_len: usize,
    instance: *mut *mut c_void,
    _sink: *const Sink,
) -> i32 {
    // SAFETY: the host gives a place for one pointer; it is never followed.
    unsafe { instance.write((&raw const TABLE).cast_mut().cast()) };
    OK
}

unsafe extern "C" fn call(
    _instance: *mut c_void,
    method: *const u8,
    method_len: usize,
    _input: *const u8,
    _input_len: usize,
    sink: *const Sink,
) -> i32 {
    // SAFETY: the host gives a living text and a sink.
    let (method, sink) = unsafe { (bytes(method, method_len), &*sink) };
    let script = SCRIPT
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    // Without a script it is well-behaved, as far as it is asked while it is made.
    let script = script.unwrap_or_else(|| match method {
        b"difficulty.easiest" => Script::of(OK, [&*format!("\"{}\"", "f".repeat(64))]),
        b"signer.scheme" => Script::of(OK, ["\"bad\""]),
        _ => Script::of(UNKNOWN, []),
    });
    for message in &script.messages {
        // It does not care whether more are wanted.
        sink.send(message);
    }
    script.code
}

unsafe extern "C" fn destroy(_instance: *mut c_void) {}

/// Lets the library answer this to everything that is done.
fn under<T>(script: Script, run: impl FnOnce() -> T) -> T {
    *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(script);
    let done = run();
    *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    done
}

fn library() -> Library {
    enter(entry)
}

fn made(library: &Library, hooks: &[HookKind]) -> Result<Provided, Error> {
    let about = About {
        name: "bad".into(),
        version: "1.0.0".into(),
        rules_version: 1,
        hooks: hooks.to_vec(),
        options: Vec::new(),
    };
    library.create(&Setup::default(), &about)
}

/// What became of a call; whether the method may be left out; whether it has any number of answers.
struct Outcome {
    method: &'static str,
    error: Option<Error>,
    optional: bool,
    many: bool,
}

/// Calls every method once.
fn call_all(plugin: &Provided) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut note = |method, optional, many, error| {
        outcomes.push(Outcome {
            method,
            error,
            optional,
            many,
        });
    };
    let (genesis, block, payment) = (genesis(), block(), payment());
    let (parent, target) = (genesis.header(), Target::MAX);
    let (peers, hash) = (peers(2), block.hash());

    let hook = plugin.storage.as_ref().unwrap();
    note(
        "append",
        false,
        false,
        hook.append(&[Record::Block(block.clone())]).err(),
    );
    note("replay", false, true, hook.replay(&mut |_| Ok(())).err());
    note("read", false, false, hook.read(&hash).err());
    note("block", false, false, hook.block(&hash).err());

    let hook = plugin.consensus.as_ref().unwrap();
    let draft = draft(&genesis, "miner", vec![payment.clone()], START_US);
    let slice = Slice {
        start: 0,
        attempts: 1,
        now_us: START_US,
    };
    note(
        "seal",
        false,
        false,
        hook.seal(&draft, parent, &target, slice).err(),
    );
    note(
        "check_seal",
        false,
        false,
        hook.check_seal(parent, None, &target).err(),
    );
    note("work", true, false, hook.work(&target).err());

    let hook = plugin.signer.as_ref().unwrap();
    note("verify", false, false, hook.verify("k", "t", "s").err());
    let signed = Signed {
        key: "k",
        text: "t",
        signature: "s",
    };
    note(
        "verify_batch",
        false,
        false,
        hook.verify_batch(&[signed]).err(),
    );
    let supported = |error: Option<Error>| error.filter(|e| e.kind() != ErrorKind::Unsupported);
    note(
        "generate",
        true,
        false,
        supported(hook.generate(&[1; 32]).err()),
    );
    note(
        "public_key",
        true,
        false,
        supported(hook.public_key("s").err()),
    );
    note("sign", true, false, supported(hook.sign("s", "t").err()));

    let hook = plugin.gossip.as_ref().unwrap();
    let item = Item {
        kind: ItemKind::Block,
        hash,
    };
    note(
        "targets",
        false,
        false,
        hook.targets(&item, &Origin::Own, &peers, 1).err(),
    );
    let event = GossipEvent::TipChanged { hash, nr: 1 };
    note(
        "gossip.on_event",
        true,
        false,
        hook.on_event(&event, &peers).err(),
    );
    note("ask", true, false, hook.ask(&peers, START_US).err());

    let hook = plugin.transport.as_ref().unwrap();
    let to = Address::new([127, 0, 0, 1].into(), 6001);
    let called = pollster::block_on(hook.call(&to, &contact(), PeerRequest::Peers));
    note("call", false, false, called.err());

    let hook = plugin.difficulty.as_ref().unwrap();
    note("target", false, false, hook.target(1, &[]).err());
    note("wants", true, false, hook.wants(1).err());

    let hook = plugin.fork_choice.as_ref().unwrap();
    let branch = |name: &str| Branch {
        hash: Hash::of(name),
        nr: 1,
        first_seen: 1,
        tip_work: Work::of_target(&target),
        tip_first_seen: 1,
        subtree_work: Work::of_target(&target),
        subtree_blocks: 1,
    };
    note(
        "prefer",
        false,
        false,
        hook.prefer(&branch("a"), &branch("b")).err(),
    );
    let hook = plugin.reward.as_ref().unwrap();
    note("reward", false, false, hook.reward(1).err());
    let hook = plugin.merkle.as_ref().unwrap();
    note("root", false, false, hook.root(&[hash]).err());

    let hook = plugin.mempool.as_ref().unwrap();
    note("admit", false, false, hook.admit(&payment, &pool(1)).err());
    note("due", false, false, hook.due(&pool(1), START_US).err());

    let hook = plugin.validity.as_ref().unwrap();
    let context = BlockContext {
        parent,
        now_us: START_US,
    };
    note(
        "check_block",
        true,
        false,
        hook.check_block(&block, &context).err(),
    );
    let context = TransactionContext {
        nr: 1,
        balance: Amount::ZERO,
        time_us: START_US,
    };
    note(
        "check_transaction",
        true,
        false,
        hook.check_transaction(&payment, &context).err(),
    );
    note("earliest_us", true, false, hook.earliest_us(parent).err());

    let hook = plugin.observer.as_ref().unwrap();
    let event = Event::TransactionAccepted { id: hash };
    note(
        "observer.on_event",
        false,
        false,
        hook.on_event(&event, START_US).err(),
    );
    outcomes
}

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
