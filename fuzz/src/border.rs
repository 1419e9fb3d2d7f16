//! The border to a library from both its sides: any request to a plugin, any answer of one.

#![allow(unsafe_code, reason = "the other side of the border")]

// What the tests of the border are made of.
#[path = "../../sdk/testkit/tests/border/c.rs"]
#[allow(dead_code, reason = "its tests use all of it")]
mod c;
#[path = "../../sdk/testkit/tests/border/every_method.rs"]
#[allow(dead_code, reason = "its tests use all of it")]
mod every_method;
#[path = "../../sdk/testkit/tests/border/example.rs"]
#[allow(dead_code, reason = "its tests use all of it")]
mod example;
#[path = "../../sdk/testkit/tests/border/scripted.rs"]
#[allow(dead_code, reason = "its tests use all of it")]
mod scripted;

use std::ffi::c_void;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use arbitrary::{Result, Unstructured};
use plugcoin_sdk::ErrorKind;
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::Setup;

use c::{FAULT, OK, Sink, UNKNOWN, enter, plugcoin_plugin};
use scripted::{Script, library, made, under};

/// Every method of the border, so that one is asked more often than never, and one that is none.
const METHODS: [&str; 36] = [
    "consensus.check_seal",
    "consensus.looks_at_parent",
    "consensus.nonce_length",
    "consensus.seal",
    "consensus.work",
    "difficulty.easiest",
    "difficulty.target",
    "difficulty.wants",
    "fork-choice.prefer",
    "gossip.ask",
    "gossip.on_event",
    "gossip.targets",
    "library.about",
    "library.resolve",
    "mempool.admit",
    "mempool.capacity",
    "mempool.due",
    "merkle.root",
    "observer.on_event",
    "reward.reward",
    "signer.generate",
    "signer.public_key",
    "signer.scheme",
    "signer.sign",
    "signer.verify",
    "signer.verify_batch",
    "storage.append",
    "storage.location",
    "storage.read",
    "storage.read_many",
    "storage.replay",
    "transport.call",
    "validity.check_block",
    "validity.check_transaction",
    "validity.earliest_us",
    "no.such",
];

/// * The first byte says which side is tried.
/// * A plugin that is asked anything answers JSON, or says that it can't, or knows no such method; it
///   never panics over it.
/// * A node that is answered anything takes it, or calls it a fault in words.
pub(crate) fn hold(bytes: &[u8]) {
    static ALONE: Mutex<()> = Mutex::new(());
    // What the library answers is everybody's.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut from = Unstructured::new(bytes);
    // What is too short to say anything holds.
    let _ = match from.arbitrary() {
        Ok(true) => request(&mut from),
        Ok(false) => answer(&mut from),
        Err(error) => Err(error),
    };
}

/// Asks the example something.
fn request(from: &mut Unstructured<'_>) -> Result<()> {
    let method = match from.ratio(1, 16)? {
        true => from.arbitrary::<&str>()?,
        false => from.choose(&METHODS)?,
    };
    let input = from.bytes(from.len())?;
    let (code, messages) = asked(method, input);
    let about = || format!("{method} {:?}: {code}", String::from_utf8_lossy(input));
    assert!([OK, FAULT, UNKNOWN].contains(&code), "{}", about());
    for message in &messages {
        let read = serde_json::from_slice::<serde_json::Value>(message);
        assert!(read.is_ok(), "{}", about());
    }
    if code == FAULT {
        let fault: serde_json::Value =
            serde_json::from_slice(&messages[messages.len() - 1]).unwrap();
        assert!(
            fault["message"]
                .as_str()
                .is_some_and(|words| !words.is_empty()),
            "{}",
            about()
        );
    }
    Ok(())
}

/// What the example answers: the code and the messages.
fn asked(method: &str, input: &[u8]) -> (i32, Vec<Vec<u8>>) {
    let setup = serde_json::to_vec(&Setup {
        plugin: "example".to_owned(),
        ..Setup::default()
    });
    let setup = setup.unwrap();
    // The host's side of the process is told where the log goes.
    enter(plugcoin_plugin);
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let sink = Sink {
        context: (&raw mut messages).cast(),
        write: keep,
    };
    let mut instance = ptr::null_mut();
    // SAFETY: the table is the SDK's own; texts and sink live while it is called, the instance is what
    // `create` gave, and is not used after `destroy`.
    let code = unsafe {
        let table = &*plugcoin_plugin(ptr::null());
        let (create, call, destroy) = (
            table.create.unwrap(),
            table.call.unwrap(),
            table.destroy.unwrap(),
        );
        let made = create(
            setup.as_ptr(),
            setup.len(),
            &raw mut instance,
            &raw const sink,
        );
        assert_eq!(made, OK);
        let of = match method.starts_with("library.") {
            true => ptr::null_mut(),
            false => instance,
        };
        let code = call(
            of,
            method.as_ptr(),
            method.len(),
            input.as_ptr(),
            input.len(),
            &raw const sink,
        );
        destroy(instance);
        code
    };
    (code, messages)
}

/// A sink that keeps what it is sent.
unsafe extern "C" fn keep(context: *mut c_void, data: *const u8, len: usize) -> i32 {
    // SAFETY: the context is the list in `asked`, and the message lives while this is called.
    let (messages, message) =
        unsafe { (&mut *context.cast::<Vec<Vec<u8>>>(), c::bytes(data, len)) };
    messages.push(message.to_vec());
    0
}

/// Has a library answer something, to whatever it is asked.
fn answer(from: &mut Unstructured<'_>) -> Result<()> {
    let code = from.int_in_range(-1..=5)?;
    let mut messages = Vec::new();
    while from.len() > 1 && messages.len() < 3 {
        messages.push(match from.ratio(3, 4)? {
            true => from.bytes(from.len())?.to_vec(),
            false => from.arbitrary::<&[u8]>()?.to_vec(),
        });
    }
    let library = library();
    let plugin = made(&library, &HookKind::ALL).unwrap();
    under(Script { code, messages }, || {
        for outcome in every_method::call_all(&plugin) {
            if let Some(error) = outcome.error {
                assert!(!error.to_string().is_empty(), "{}", outcome.method);
                assert!(code != OK || error.kind() != ErrorKind::Io, "{error}");
            }
        }
        for hook in HookKind::ALL {
            let _ = made(&library, &[hook]);
        }
        let _ = library.about();
        let _ = library.resolve(&Setup::default());
    });
    Ok(())
}
