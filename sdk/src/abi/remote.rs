//! The host's side: a library that was opened, and the plugins in it.

#![allow(unsafe_code, reason = "the border to a library")]

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zeroize::Zeroize as _;

use super::border::{self, Fault, Nothing};
use super::raw::{Entry, FAULT, Host, OK, PANIC, Sink, Table, UNKNOWN};
use super::secret::SecretText;
use super::{ABI_MAJOR, ABI_MINOR, ANSWER_BYTES_MAX};
use crate::log::{self, Level};
use crate::plugin::{About, Provided, Setup};
use crate::{Error, ErrorKind};

/// A library that was opened; it stays open as long as the process.
#[derive(Clone, Copy)]
pub struct Library {
    table: Table,
}

static HOST: Host = Host {
    size: size_of::<Host>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    reserved: 0,
    log: from_library,
};

unsafe extern "C" fn from_library(
    level: u32,
    plugin: *const u8,
    plugin_len: usize,
    text: *const u8,
    text_len: usize,
) {
    let line = || {
        // SAFETY: the library passes texts that live while it calls.
        let (plugin, text) = unsafe { (bytes(plugin, plugin_len), bytes(text, text_len)) };
        let (plugin, text) = (
            String::from_utf8_lossy(plugin),
            String::from_utf8_lossy(text),
        );
        log::write(Level::of(level), &plugin, &text);
    };
    // Nothing of ours may unwind through the library.
    let _ = catch_unwind(AssertUnwindSafe(line));
}

impl Library {
    /// Enters a library by the function that it exports as [`ENTRY`](super::ENTRY).
    ///
    /// # Safety
    /// `entry` is null or that function of a library that was built for this ABI, by its note, and
    /// that is never closed.
    ///
    /// # Errors
    /// [`ErrorKind::Plugin`] if it does not give back what the ABI says.
    pub unsafe fn enter(entry: *const c_void) -> Result<Self, Error> {
        let refuse = |why: &str| {
            let message = format!("the library's entry function {why}");
            Err(Error::new(ErrorKind::Plugin, message))
        };
        if entry.is_null() {
            return refuse("is null");
        }
        // SAFETY: it is the entry function, by this function's contract.
        let table = unsafe {
            let entry: Entry = std::mem::transmute::<*const c_void, Entry>(entry);
            entry(&raw const HOST)
        };
        if table.is_null() || !table.is_aligned() {
            return refuse("gave no table of functions");
        }
        // SAFETY: a table begins with its size, and is at least as long as that says.
        let size = unsafe { table.cast::<u32>().read() } as usize;
        if size < size_of::<Table>() {
            return refuse("gave a table of functions that is too short");
        }
        // SAFETY: it is that long.
        let table = unsafe { table.read() };
        if table.abi_major != ABI_MAJOR || table.abi_minor > ABI_MINOR {
            return refuse("speaks another version than the library's note says");
        }
        if table.create.is_none() || table.call.is_none() || table.destroy.is_none() {
            return refuse("gave a table that lacks a function");
        }
        Ok(Self { table })
    }

    /// The plugins in it.
    ///
    /// # Errors
    /// [`ErrorKind::Plugin`] if it fails, panics, or answers what is none.
    pub fn about(&self) -> Result<Vec<About>, Error> {
        self.ask("library.about", &Nothing {})
    }

    /// All options of a plugin with the values that hold under this set-up.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the plugin refuses them.
    pub fn resolve(&self, setup: &Setup) -> Result<Map<String, Value>, Error> {
        self.ask("library.resolve", setup)
    }

    /// Makes a plugin with these hooks.
    ///
    /// # Errors
    /// Whatever the plugin says; [`ErrorKind::Plugin`] if it panics or makes none.
    pub fn create(&self, setup: &Setup, about: &About) -> Result<Provided, Error> {
        let Some(create) = self.table.create else {
            return Err(Error::new(
                ErrorKind::Plugin,
                "the library can make no plugin",
            ));
        };
        let input = text_of(setup)?;
        let mut pointer = ptr::null_mut();
        let mut said = One::default();
        let code = said.sink(|sink| {
            // SAFETY: the pointers are to living things of the right kind.
            unsafe { create(input.as_ptr(), input.len(), &raw mut pointer, sink) }
        });
        // Made or not, what was given is taken back.
        let instance = Instance {
            table: self.table,
            pointer,
        };
        if code != OK {
            said.judge::<Value>(code, "create")?
                .ok_or_else(|| unknown("create"))?;
        }
        if pointer.is_null() {
            let message = "the library made no plugin, and did not say why";
            return Err(Error::new(ErrorKind::Plugin, message).with("plugin", &setup.plugin));
        }
        border::provided(&Remote(Arc::new(instance)), &about.hooks)
    }

    fn ask<T: DeserializeOwned>(&self, method: &str, input: &impl Serialize) -> Result<T, Error> {
        let mut said = One::default();
        let input = text_of(input)?;
        let code = said.sink(|sink| call(&self.table, ptr::null_mut(), method, &input, sink));
        said.judge(code, method)?.ok_or_else(|| unknown(method))
    }
}

/// A plugin in a library.
struct Instance {
    table: Table,
    pointer: *mut c_void,
}

// SAFETY: the ABI says that a library's functions may be called from any thread, and from several at
// once; the pointer is never followed on this side.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(destroy) = self.table.destroy.filter(|_| !self.pointer.is_null()) {
            // SAFETY: `create` gave it, and nobody uses it any more.
            unsafe { destroy(self.pointer) };
        }
    }
}

/// The way to a plugin in a library.
#[derive(Clone)]
pub(super) struct Remote(Arc<Instance>);

impl Remote {
    /// Calls a method that every plugin of its hook has.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        input: &impl Serialize,
    ) -> Result<T, Error> {
        self.required(self.ask_if_there(method, input)?, method)
    }

    /// Calls a method that every plugin of its hook has, with a request that is JSON already.
    pub(super) fn ask_text<T: DeserializeOwned>(
        &self,
        method: &str,
        input: &str,
    ) -> Result<T, Error> {
        let mut said = One::default();
        let code = said.sink(|sink| self.call(method, input.as_bytes(), sink));
        self.required(said.judge(code, method)?, method)
    }

    /// Calls a method that the plugin may not have.
    pub(super) fn ask_if_there<T: DeserializeOwned>(
        &self,
        method: &str,
        input: &impl Serialize,
    ) -> Result<Option<T>, Error> {
        let mut said = One::default();
        let input = text_of(input)?;
        let code = said.sink(|sink| self.call(method, &input, sink));
        said.judge(code, method)
    }

    /// The same where question or answer has a secret: what crosses is wiped from memory.
    pub(super) fn ask_in_secret<T: DeserializeOwned>(
        &self,
        method: &str,
        input: &impl Serialize,
    ) -> Result<Option<T>, Error> {
        let mut said = One::default();
        let input = SecretText::of(input).map_err(unwritten)?;
        let code = said.sink(|sink| self.call(method, input.as_bytes(), sink));
        let answer = said.judge(code, method);
        said.message.zeroize();
        // Why an answer can't be read may quote it.
        answer.map_err(|error| error.without_cause())
    }

    /// Calls a method with many answers, until the visitor returns false; whether there is one.
    pub(super) fn visit(
        &self,
        method: &str,
        input: &impl Serialize,
        visitor: &mut dyn FnMut(&[u8]) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let input = text_of(input)?;
        let mut visited = Ok(true);
        let mut last: Option<Vec<u8>> = None;
        let code = sink(
            &mut |message| {
                if matches!(visited, Ok(true)) {
                    // The last message of a failed call is its fault, so each is looked at when the
                    // next one comes.
                    visited = match last.take() {
                        _ if message.len() > ANSWER_BYTES_MAX => Err(too_long(method)),
                        Some(before) => visitor(&before),
                        None => Ok(true),
                    };
                    last = Some(message.to_vec()).filter(|_| matches!(visited, Ok(true)));
                }
                matches!(visited, Ok(true))
            },
            |sink| self.call(method, &input, sink),
        );
        if code == OK
            && let Some(last) = last.take()
        {
            visited = visitor(&last);
        }
        match visited {
            // The visitor's own end is the end; the plugin's words about it are no news.
            Err(error) => Err(error),
            Ok(false) => Ok(true),
            Ok(true) if code == OK => Ok(true),
            Ok(true) => One {
                message: last.unwrap_or_default(),
                ..One::default()
            }
            .judge::<Value>(code, method)
            .map(|_| false),
        }
    }

    /// What must be there.
    pub(super) fn required<T>(&self, answer: Option<T>, method: &str) -> Result<T, Error> {
        answer.ok_or_else(|| unknown(method))
    }

    fn call(&self, method: &str, input: &[u8], sink: *const Sink) -> i32 {
        call(&self.0.table, self.0.pointer, method, input, sink)
    }
}

fn call(
    table: &Table,
    instance: *mut c_void,
    method: &str,
    input: &[u8],
    sink: *const Sink,
) -> i32 {
    let Some(call) = table.call else {
        return UNKNOWN;
    };
    // SAFETY: the texts and the sink live while it is called; the instance is null or `create`'s.
    unsafe {
        call(
            instance,
            method.as_ptr(),
            method.len(),
            input.as_ptr(),
            input.len(),
            sink,
        )
    }
}

fn unknown(method: &str) -> Error {
    Error::new(
        ErrorKind::Plugin,
        format!("the library does not answer {method}"),
    )
}

fn too_long(method: &str) -> Error {
    let why = format!("the plugin answered more than {ANSWER_BYTES_MAX} bytes");
    Error::new(ErrorKind::Plugin, why).with("call", method)
}

fn text_of(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(unwritten)
}

fn unwritten(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Plugin, "the request can't be written").because(error)
}

/// Who takes the messages of a call.
struct Taker<'a> {
    take: &'a mut dyn FnMut(&[u8]) -> bool,
    panic: Option<Box<dyn Any + Send>>,
}

/// Runs a call with a sink that leads to this function.
fn sink(take: &mut dyn FnMut(&[u8]) -> bool, run: impl FnOnce(*const Sink) -> i32) -> i32 {
    unsafe extern "C" fn write(context: *mut c_void, data: *const u8, len: usize) -> i32 {
        // SAFETY: the context is that of the sink below, which lives while the library is called.
        let taker = unsafe { &mut *context.cast::<Taker<'_>>() };
        // SAFETY: the library passes bytes that live while it calls.
        let data = unsafe { bytes(data, len) };
        // Nothing of ours may unwind through the library.
        match catch_unwind(AssertUnwindSafe(|| (taker.take)(data))) {
            Ok(true) => 0,
            Ok(false) => 1,
            Err(panic) => {
                taker.panic = Some(panic);
                1
            }
        }
    }
    let mut taker = Taker { take, panic: None };
    let sink = Sink {
        context: (&raw mut taker).cast(),
        write,
    };
    let code = run(&raw const sink);
    match taker.panic {
        Some(panic) => resume_unwind(panic),
        None => code,
    }
}

/// The one message of an answer.
#[derive(Default)]
struct One {
    message: Vec<u8>,
    messages: u32,
    too_long: bool,
}

impl One {
    fn sink(&mut self, run: impl FnOnce(*const Sink) -> i32) -> i32 {
        sink(
            &mut |message| {
                self.messages += 1;
                self.too_long |= message.len() > ANSWER_BYTES_MAX;
                if !self.too_long && self.messages == 1 {
                    self.message.extend_from_slice(message);
                }
                !self.too_long && self.messages == 1
            },
            run,
        )
    }

    /// What came of a call; none if there is no such method.
    fn judge<T: DeserializeOwned>(&self, code: i32, method: &str) -> Result<Option<T>, Error> {
        let refuse = |why: String| Error::new(ErrorKind::Plugin, why).with("call", method);
        if self.too_long {
            return Err(too_long(method));
        }
        match code {
            OK if self.messages > 1 => Err(refuse("the plugin answered twice".to_owned())),
            OK => serde_json::from_slice(&self.message)
                .map(Some)
                .map_err(|error| {
                    refuse("the plugin's answer is not what the ABI says".to_owned()).because(error)
                }),
            UNKNOWN => Ok(None),
            FAULT => Err(match serde_json::from_slice::<Fault>(&self.message) {
                Ok(fault) => fault.into_error(),
                Err(_) => refuse("the plugin failed, and did not say why".to_owned()),
            }),
            PANIC => Err(refuse(format!(
                "the plugin panicked: {}",
                String::from_utf8_lossy(&self.message)
            ))),
            other => Err(refuse(format!(
                "the plugin returned {other}, which means nothing"
            ))),
        }
    }
}

/// The bytes at a pointer; none for null.
///
/// # Safety
/// The pointer is null or leads to so many bytes that live while the caller does.
pub(super) unsafe fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if data.is_null() {
        return &[];
    }
    // SAFETY: by this function's contract.
    unsafe { std::slice::from_raw_parts(data, len) }
}
