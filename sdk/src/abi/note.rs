//! The ELF note by which a library is known before it is opened.

use super::{ABI_MAJOR, ABI_MINOR};

/// The name of the note's owner, without the zero byte that ends it.
pub const NOTE_NAME: &str = "Plugcoin";

/// The note's type.
pub const NOTE_KIND: u32 = 1;

/// Set if a panic unwinds, so that the border can catch it.
const UNWINDS: u32 = 1;

/// What a library's note says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The ABI's major version.
    pub abi_major: u32,
    /// The ABI's minor version.
    pub abi_minor: u32,
    /// Whether a panic can be caught; a language without panics says yes.
    pub unwinds: bool,
}

impl Note {
    /// Reads the note's descriptor: major, minor, flags and a reserved word, in the machine's order.
    pub fn read(descriptor: &[u8]) -> Option<Self> {
        let words = descriptor.first_chunk::<16>()?;
        let word = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&words[at..at + 4]);
            u32::from_ne_bytes(bytes)
        };
        Some(Self {
            abi_major: word(0),
            abi_minor: word(4),
            unwinds: word(8) & UNWINDS != 0,
        })
    }
}

/// The note as it lies in the file.
#[repr(C)]
struct Stored {
    name_bytes: u32,
    descriptor_bytes: u32,
    kind: u32,
    name: [u8; 12],
    descriptor: [u32; 4],
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the border's own section")]
// SAFETY: the section is of plain data, which nothing else is put into; its form is that of a note.
#[unsafe(link_section = ".note.plugcoin")]
#[used]
static NOTE: Stored = Stored {
    name_bytes: NOTE_NAME.len() as u32 + 1,
    descriptor_bytes: 16,
    kind: NOTE_KIND,
    name: *b"Plugcoin\0\0\0\0",
    descriptor: [
        ABI_MAJOR,
        ABI_MINOR,
        if cfg!(panic = "unwind") { UNWINDS } else { 0 },
        0,
    ],
};
