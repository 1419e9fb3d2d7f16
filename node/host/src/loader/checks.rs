//! What is found out of a library from its bytes, before anything in it runs.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use object::elf;
use object::endian::Endianness;
use object::read::elf::{FileHeader as _, ProgramHeader as _, Sym as _};
use plugcoin_sdk::abi::{ABI_MAJOR, ABI_MINOR, ENTRY, NOTE_KIND, NOTE_NAME, Note};
use plugcoin_sdk::{Error, ErrorKind};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest as _, Sha256};

type Header = elf::FileHeader64<Endianness>;

/// No library of a plugin is so large; more would be read into memory for nothing.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// The ELF machine that this program runs on.
const MACHINE: Option<elf::Machine> = if cfg!(target_arch = "x86_64") {
    Some(elf::EM_X86_64)
} else if cfg!(target_arch = "aarch64") {
    Some(elf::EM_AARCH64)
} else if cfg!(target_arch = "riscv64") {
    Some(elf::EM_RISCV)
} else {
    None
};

/// A library's bytes, which may be opened.
pub(super) struct Checked {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: String,
    /// What people should know of the file.
    pub(super) notes: Vec<String>,
}

/// Reads a file once and checks it.
pub(super) fn read(path: &Path, pin: Option<&str>) -> Result<Checked, Error> {
    let refusal = Refusal(path);
    // Nobody waits for the other end of a pipe.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty());
    let mut file = File::from(file.map_err(|errno| refusal.io(errno.into()))?);
    let metadata = file.metadata().map_err(|error| refusal.io(error))?;
    if metadata.is_dir() {
        return refusal.refuse("a library", "a directory");
    }
    if !metadata.is_file() {
        return refusal.refuse("a library", "something that is no file");
    }
    let notes = check_owner(&refusal, &metadata)?;
    if metadata.len() > FILE_BYTES_MAX {
        let at_most = format!("at most {FILE_BYTES_MAX} bytes");
        return refusal.refuse(at_most, format!("{} bytes", metadata.len()));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|error| refusal.io(error))?;
    let digest = const_hex::encode(Sha256::digest(&bytes));
    if let Some(pin) = pin.filter(|pin| **pin != digest) {
        return refusal.refuse(
            format!("the SHA-256 that it is pinned to, {pin}"),
            format!("{digest}; if the file was changed on purpose, give the new one"),
        );
    }
    check_elf(path, &bytes)?;
    Ok(Checked {
        bytes,
        digest,
        notes,
    })
}

/// A file that anybody can change is anybody's code.
fn check_owner(refusal: &Refusal<'_>, metadata: &Metadata) -> Result<Vec<String>, Error> {
    let path = refusal.0.display();
    let mode = metadata.mode();
    if mode & 0o002 != 0 {
        return refusal.refuse(
            "a file that only its owner can write",
            format!(
                "mode {:04o}, writable by everybody; run chmod o-w {path}",
                mode & 0o7777
            ),
        );
    }
    let mut notes = Vec::new();
    if mode & 0o020 != 0 {
        notes.push(format!("{path} is writable by its group"));
    }
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me && metadata.uid() != 0 {
        notes.push(format!(
            "{path} belongs to another user (uid {})",
            metadata.uid()
        ));
    }
    Ok(notes)
}

/// Checks that bytes are a whole library for this machine, of a version of the ABI that this node has.
pub(super) fn check_elf(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let refusal = &Refusal(path);
    if bytes.is_empty() {
        return refusal.refuse("a library", "an empty file");
    }
    if !bytes.starts_with(&elf::ELFMAG) {
        let is_text = bytes
            .iter()
            .take(64)
            .all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
        let found = match is_text {
            true => "a text file",
            false => "a file that does not begin as one",
        };
        return refusal.refuse("an ELF library", found);
    }
    // Whatever is not where the headers say was cut off, or changed.
    let broken = |what: &str, error: object::read::Error| {
        refusal.error(
            "a whole library",
            format!("{what} outside the file or damaged, perhaps cut off ({error})"),
        )
    };
    let header = Header::parse(bytes).map_err(|error| {
        refusal.error("a 64-bit ELF library", format!("another header ({error})"))
    })?;
    let endian = header
        .endian()
        .map_err(|error| broken("its header", error))?;
    let machine = header.e_machine.get(endian);
    if MACHINE != Some(machine) {
        return refusal.refuse(
            format!("a library for this machine ({})", std::env::consts::ARCH),
            format!("one for ELF machine {}", machine.0),
        );
    }
    if header.e_type.get(endian) != elf::ET_DYN {
        return refusal.refuse(
            "a shared library",
            "another kind of ELF file, perhaps a program",
        );
    }
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|error| broken("its segments' table", error))?;
    let mut any = false;
    for segment in segments {
        let kind = segment.p_type(endian);
        if kind == elf::PT_INTERP {
            return refusal.refuse("a shared library", "a program");
        }
        any |= kind == elf::PT_LOAD;
        if segment.data(endian, bytes).is_err() {
            return refusal.refuse(
                "a whole library",
                "a segment outside the file; it was cut off",
            );
        }
    }
    if !any {
        return refusal.refuse("a shared library", "one without anything to load");
    }
    let sections = header
        .sections(endian, bytes)
        .map_err(|error| broken("its sections' table", error))?;
    let symbols = sections
        .symbols(endian, bytes, elf::SHT_DYNSYM)
        .map_err(|error| broken("its symbols", error))?;
    let is_entry = |symbol: &elf::Sym64<Endianness>| {
        !symbol.is_undefined(endian)
            && symbol.st_type() == elf::STT_FUNC
            && symbol.name(endian, symbols.strings()) == Ok(ENTRY.as_bytes())
    };
    if !symbols.iter().any(is_entry) {
        return refusal.refuse(
            format!("a plugin's library, which exports {ENTRY}"),
            "none; is the crate a cdylib that uses plugcoin-sdk?",
        );
    }
    let mut note = None;
    for segment in segments {
        let Ok(Some(mut notes)) = segment.notes(endian, bytes) else {
            continue;
        };
        while let Ok(Some(found)) = notes.next() {
            let is_ours = found.name() == NOTE_NAME.as_bytes()
                && found.n_type(endian) == elf::NoteType(NOTE_KIND);
            note = note.or_else(|| Note::read(found.desc()).filter(|_| is_ours));
        }
    }
    let Some(note) = note else {
        return refusal.refuse(
            format!("an ELF note of {NOTE_NAME} with the version of the ABI"),
            "none; build it with a current plugcoin-sdk",
        );
    };
    check_note(refusal, note)
}

fn check_note(refusal: &Refusal<'_>, note: Note) -> Result<(), Error> {
    let Note {
        abi_major,
        abi_minor,
        unwinds,
    } = note;
    if abi_major != ABI_MAJOR || abi_minor > ABI_MINOR {
        let advice = match (abi_major, abi_minor) > (ABI_MAJOR, ABI_MINOR) {
            true => "take a newer node, or build it with an older plugcoin-sdk",
            false => "build it with a newer plugcoin-sdk",
        };
        return refusal.refuse(
            format!("version {ABI_MAJOR}.{ABI_MINOR} of the plugin ABI"),
            format!("{abi_major}.{abi_minor}; {advice}"),
        );
    }
    if !unwinds {
        return refusal.refuse(
            "a library built with panic = \"unwind\"",
            "panic = \"abort\": a panic would end the node; leave panic out of its profile",
        );
    }
    Ok(())
}

/// What is said of a file that can't be loaded.
struct Refusal<'a>(&'a Path);

impl Refusal<'_> {
    fn error(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        let (expected, found) = (expected.into(), found.into());
        let path = self.0.display();
        Error::new(
            ErrorKind::Configuration,
            format!("{path} can't be loaded: expected {expected}, found {found}"),
        )
    }

    fn refuse<T>(&self, expected: impl Into<String>, found: impl Into<String>) -> Result<T, Error> {
        Err(self.error(expected, found))
    }

    fn io(&self, error: std::io::Error) -> Error {
        let message = format!("{} can't be loaded", self.0.display());
        Error::new(ErrorKind::Configuration, message).because(error)
    }
}
