//! A library that answers what it is told to.

#![allow(unsafe_code, reason = "the other side of the border")]

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use plugcoin_sdk::Error;
use plugcoin_sdk::abi::Library;
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::{About, Provided, Setup};

use super::c::{OK, Sink, Table, UNKNOWN, bytes, enter};

/// What the library answers to everything: a code and messages.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) code: i32,
    pub(crate) messages: Vec<Vec<u8>>,
}

impl Script {
    pub(crate) fn of<const N: usize>(code: i32, messages: [&str; N]) -> Self {
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
pub(crate) fn under<T>(script: Script, run: impl FnOnce() -> T) -> T {
    *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(script);
    let done = run();
    *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    done
}

pub(crate) fn library() -> Library {
    enter(entry)
}

pub(crate) fn made(library: &Library, hooks: &[HookKind]) -> Result<Provided, Error> {
    let about = About {
        name: "bad".into(),
        version: "1.0.0".into(),
        rules_version: 1,
        hooks: hooks.to_vec(),
        options: Vec::new(),
    };
    library.create(&Setup::default(), &about)
}
