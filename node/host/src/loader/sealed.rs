//! [`Sealed`]: a copy of a library in memory, which nobody can change any more.

#![allow(unsafe_code, reason = "the loader")]

use std::ffi::c_void;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::Path;

use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};
use plugcoin_sdk::abi::{ENTRY, Library};
use plugcoin_sdk::{Error, ErrorKind};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// A copy of a library in memory, which nobody can change any more.
///
/// * What was checked is what is opened, whatever happens to the file.
pub(super) struct Sealed(File);

impl Sealed {
    pub(super) fn new(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let fault = |error: std::io::Error| {
            let message = format!("{} can't be copied into memory", path.display());
            Error::new(ErrorKind::Io, message).because(error)
        };
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = memfd_create("plugcoin-plugin", flags).map_err(|errno| fault(errno.into()))?;
        let mut file = File::from(memory);
        file.write_all(bytes).map_err(fault)?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).map_err(|errno| fault(errno.into()))?;
        Ok(Self(file))
    }

    /// The same copy, for a child process.
    pub(super) fn for_child(&self) -> std::io::Result<File> {
        self.0.try_clone()
    }

    /// Opens it in this process, for as long as that lives.
    pub(super) fn open(self, path: &Path) -> Result<Library, Error> {
        let descriptor = self.0.as_raw_fd();
        let library = open(&format!("/proc/self/fd/{descriptor}"), path)?;
        // The system tells libraries apart by this name: the number may not be another file's later.
        std::mem::forget(self.0);
        Ok(library)
    }
}

/// Opens what was checked; `path` is what people call it.
pub(super) fn open(place: &str, path: &Path) -> Result<Library, Error> {
    let refuse = |why: String| {
        let message = format!("{} can't be loaded: {why}", path.display());
        Error::new(ErrorKind::Configuration, message)
    };
    // SAFETY: its initialisers run, which is what loading code means; a child has tried them.
    let handle = unsafe { Handle::open(Some(place), RTLD_NOW | RTLD_LOCAL) };
    let handle = handle.map_err(|error| {
        // The reason is in the source alone.
        let why = std::error::Error::source(&error).map(ToString::to_string);
        refuse(format!(
            "the system can't open it: {}",
            why.unwrap_or_else(|| error.to_string())
        ))
    })?;
    // SAFETY: the symbol is only taken as an address here.
    let entry = unsafe { handle.get::<*const c_void>(ENTRY.as_bytes()) };
    let entry = entry.map(|symbol| symbol.as_raw_ptr().cast_const());
    // Its code may be running whenever; it stays for good.
    std::mem::forget(handle);
    let entry = entry.map_err(|_| refuse(format!("it does not export {ENTRY}")))?;
    // SAFETY: the library was built for this ABI by its note, and is never closed.
    unsafe { Library::enter(entry) }.map_err(|error| super::of_file(path, error))
}
