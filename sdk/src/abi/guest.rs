//! The library's side: the one exported function, and what it leads to.

#![allow(unsafe_code, reason = "the border to the host")]

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use super::border::{self, Answer, Fault};
use super::raw::{FAULT, Host, OK, PANIC, Sink, Table, UNKNOWN};
use super::remote::bytes;
use super::{ABI_MAJOR, ABI_MINOR};
use crate::log::{self, Level};
use crate::plugin::{Provided, Setup, compiled_in};
use crate::{Error, ErrorKind};

/// The host's way for lines of the log; the host lives as long as the process.
static LOG: OnceLock<unsafe extern "C" fn(u32, *const u8, usize, *const u8, usize)> =
    OnceLock::new();

static TABLE: Table = Table {
    size: size_of::<Table>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    reserved: 0,
    create: Some(create),
    call: Some(call),
    destroy: Some(destroy),
};

/// The entry of a library: the host shows itself, and is shown what the library can.
///
/// # Safety
/// `host` is null or points to a [`Host`] that says its own size, and lives as long as the process.
// SAFETY: the name is the ABI's own, and nothing else in a program may be called so.
#[unsafe(no_mangle)]
unsafe extern "C" fn plugcoin_plugin(host: *const Host) -> *const Table {
    // SAFETY: by this function's contract.
    let host = unsafe { host.as_ref() };
    if let Some(host) = host.filter(|host| host.size as usize >= size_of::<Host>()) {
        let _ = LOG.set(host.log);
        log::set_sink(to_host);
        std::panic::set_hook(Box::new(|_| {}));
    }
    &TABLE
}

fn to_host(level: Level, plugin: &str, text: &str) {
    if let Some(log) = LOG.get() {
        // SAFETY: the pointers and lengths are those of living texts.
        unsafe {
            log(
                level as u32,
                plugin.as_ptr(),
                plugin.len(),
                text.as_ptr(),
                text.len(),
            );
        }
    }
}

/// A plugin that was made.
struct Instance {
    provided: Provided,
}

unsafe extern "C" fn create(
    setup: *const u8,
    setup_len: usize,
    instance: *mut *mut c_void,
    sink: *const Sink,
) -> i32 {
    // SAFETY: the host passes a living text and a sink of its own.
    let (setup, sink) = unsafe { (bytes(setup, setup_len), &*sink) };
    answer(sink, |_| {
        let setup: Setup = border::read(setup)?;
        let plugin = registration(&setup.plugin)?;
        let provided = (plugin.create)(&setup)?;
        // The other side knows only what is registered, and would miss the rest at its first call.
        let there = provided.kinds();
        if let Some(lacking) = plugin.hooks.iter().find(|kind| !there.contains(kind)) {
            let message = format!("it is registered for {lacking}, and made none");
            return Err(Error::new(ErrorKind::Plugin, message));
        }
        let made = Box::into_raw(Box::new(Instance { provided }));
        // SAFETY: the host passes a place for one pointer.
        unsafe { instance.write(made.cast()) };
        Ok(true)
    })
}

unsafe extern "C" fn call(
    instance: *mut c_void,
    method: *const u8,
    method_len: usize,
    input: *const u8,
    input_len: usize,
    sink: *const Sink,
) -> i32 {
    // SAFETY: the host passes living texts and a sink of its own, and as instance nothing but null
    // or what `create` gave it and `destroy` has not taken back.
    let (instance, method, input, sink) = unsafe {
        (
            instance.cast::<Instance>().as_ref(),
            bytes(method, method_len),
            bytes(input, input_len),
            &*sink,
        )
    };
    answer(sink, |answer| {
        let method = std::str::from_utf8(method).unwrap_or_default();
        match instance {
            Some(instance) => border::dispatch(&instance.provided, method, input, answer),
            None => of_library(method, input, answer),
        }
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    if !instance.is_null() {
        // SAFETY: the host passes what `create` gave it, once.
        let instance = unsafe { Box::from_raw(instance.cast::<Instance>()) };
        // There is nobody to tell of a panic now.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(instance)));
    }
}

/// The methods of the library itself.
fn of_library(method: &str, input: &[u8], answer: &mut Answer<'_>) -> Result<bool, Error> {
    match method {
        "library.about" => {
            let all: Vec<_> = compiled_in().iter().map(|plugin| plugin.about()).collect();
            answer.send(&all)
        }
        "library.resolve" => {
            let setup: Setup = border::read(input)?;
            answer.send(&(registration(&setup.plugin)?.resolve)(&setup)?)
        }
        _ => Ok(false),
    }
}

fn registration(name: &str) -> Result<&'static crate::plugin::Registration, Error> {
    compiled_in()
        .into_iter()
        .find(|plugin| plugin.name == name)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Configuration,
                format!("the library has no plugin {name}"),
            )
        })
}

/// Runs what may fail or panic, and puts what came of it into the sink.
fn answer(sink: &Sink, run: impl FnOnce(&mut Answer<'_>) -> Result<bool, Error>) -> i32 {
    let mut write = |data: &[u8]| {
        // SAFETY: the sink is the host's, and the bytes live while it is called.
        unsafe { (sink.write)(sink.context, data.as_ptr(), data.len()) == 0 }
    };
    let mut to = Answer::new(&mut write);
    match catch_unwind(AssertUnwindSafe(|| run(&mut to))) {
        Ok(Ok(true)) => OK,
        Ok(Ok(false)) => UNKNOWN,
        Ok(Err(error)) => {
            let _ = Answer::new(&mut write).send(&Fault::of(&error));
            FAULT
        }
        Err(panic) => {
            write(panic_text(&*panic).as_bytes());
            PANIC
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
