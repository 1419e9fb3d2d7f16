//! The border as another language sees it: what the header says, written down once more.

#![allow(unsafe_code, reason = "the other side of the border")]

use std::ffi::c_void;

use plugcoin_sdk::abi::Library;
use plugcoin_sdk::log;

pub(crate) const OK: i32 = 0;
pub(crate) const FAULT: i32 = 1;
pub(crate) const PANIC: i32 = 2;
pub(crate) const UNKNOWN: i32 = 3;

#[repr(C)]
pub(crate) struct Sink {
    pub(crate) context: *mut c_void,
    pub(crate) write: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> i32,
}

impl Sink {
    /// Passes a message on; whether more are wanted.
    pub(crate) fn send(&self, message: &[u8]) -> bool {
        // SAFETY: the sink is the host's, and the message lives while it is called.
        unsafe { (self.write)(self.context, message.as_ptr(), message.len()) == 0 }
    }
}

pub(crate) type Create =
    unsafe extern "C" fn(*const u8, usize, *mut *mut c_void, *const Sink) -> i32;
pub(crate) type Call =
    unsafe extern "C" fn(*mut c_void, *const u8, usize, *const u8, usize, *const Sink) -> i32;
pub(crate) type Destroy = unsafe extern "C" fn(*mut c_void);

#[repr(C)]
pub(crate) struct Table {
    pub(crate) size: u32,
    pub(crate) abi_major: u32,
    pub(crate) abi_minor: u32,
    pub(crate) reserved: u32,
    pub(crate) create: Option<Create>,
    pub(crate) call: Option<Call>,
    pub(crate) destroy: Option<Destroy>,
}

impl Table {
    pub(crate) const fn of(create: Create, call: Call, destroy: Destroy) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            abi_major: 1,
            abi_minor: 0,
            reserved: 0,
            create: Some(create),
            call: Some(call),
            destroy: Some(destroy),
        }
    }
}

pub(crate) type Entry = unsafe extern "C" fn(*const c_void) -> *const Table;

unsafe extern "C" {
    /// The entry of this program, seen as a library: the SDK's.
    pub(crate) fn plugcoin_plugin(host: *const c_void) -> *const Table;
}

/// Enters by this function, which must keep to the ABI.
pub(crate) fn enter(entry: Entry) -> Library {
    // The program is both sides here: without a sink of its own its lines would go round in a circle.
    log::set_sink(|_, _, _| {});
    let hook = std::panic::take_hook();
    // SAFETY: the entry keeps to the ABI, and is never closed.
    let library = unsafe { Library::enter(entry as *const c_void) }.unwrap();
    std::panic::set_hook(hook);
    library
}

/// The bytes at a pointer.
///
/// # Safety
/// It leads to so many bytes that live while the caller does.
pub(crate) unsafe fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: by this function's contract.
    unsafe { std::slice::from_raw_parts(data, len) }
}
