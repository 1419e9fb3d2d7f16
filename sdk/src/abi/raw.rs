//! What lies in memory at the border.

use std::ffi::c_void;

/// The answer is in the sink.
pub(super) const OK: i32 = 0;
/// The plugin failed; a [`Fault`](super::border::Fault) is in the sink.
pub(super) const FAULT: i32 = 1;
/// The plugin panicked; the message is in the sink as text.
pub(super) const PANIC: i32 = 2;
/// There is no such method; the sink is empty.
pub(super) const UNKNOWN: i32 = 3;

/// Where an answer goes: one call for each message of it.
///
/// * What comes back is 0 to go on; anything else ends a visit.
#[repr(C)]
pub(super) struct Sink {
    pub(super) context: *mut c_void,
    pub(super) write:
        unsafe extern "C" fn(context: *mut c_void, data: *const u8, len: usize) -> i32,
}

/// What a library is given.
#[repr(C)]
pub(super) struct Host {
    /// The size of this structure; a newer host has more fields at its end.
    pub(super) size: u32,
    pub(super) abi_major: u32,
    pub(super) abi_minor: u32,
    pub(super) reserved: u32,
    /// A line for the log: its level (1 error, 2 warn, 3 info, 4 debug, 5 trace), the plugin, the text.
    pub(super) log: unsafe extern "C" fn(
        level: u32,
        plugin: *const u8,
        plugin_len: usize,
        text: *const u8,
        text_len: usize,
    ),
}

/// What a library gives back.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Table {
    /// The size of this structure; a newer library has more fields at its end.
    pub(super) size: u32,
    pub(super) abi_major: u32,
    pub(super) abi_minor: u32,
    pub(super) reserved: u32,
    /// Makes a plugin from its [`Setup`](crate::plugin::Setup).
    pub(super) create: Option<
        unsafe extern "C" fn(
            setup: *const u8,
            setup_len: usize,
            instance: *mut *mut c_void,
            sink: *const Sink,
        ) -> i32,
    >,
    /// Calls a method of a plugin, or of the library if there is none.
    pub(super) call: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            method: *const u8,
            method_len: usize,
            input: *const u8,
            input_len: usize,
            sink: *const Sink,
        ) -> i32,
    >,
    /// Ends a plugin.
    pub(super) destroy: Option<unsafe extern "C" fn(instance: *mut c_void)>,
}

/// The entry function.
pub(super) type Entry = unsafe extern "C" fn(host: *const Host) -> *const Table;
