//! The border between a node and a plugin in a library: a C ABI that the SDK alone speaks.
//!
//! * A library exports one function, [`ENTRY`], and carries an ELF note, [`NOTE_NAME`]. Both are the
//!   SDK's: a plugin's crate has nothing but its `register!`.
//! * Bytes go in and bytes come out. The bytes are JSON, a request names its method
//!   (`difficulty.target`), and a message grows only by optional fields whose absence means the old
//!   rule; an unknown method means "take the default".
//! * Output goes through the caller's sink, so that no allocation changes owner.
//! * A panic is caught on the side on which it happens.
//! * Functions may be called from several threads at once.
//!
//! `docs/plugin-abi.md` describes it for other languages, `sdk/include/plugcoin_plugin.h` is for C.

mod border;
mod guest;
mod note;
mod raw;
mod remote;
mod secret;

pub use note::{NOTE_KIND, NOTE_NAME, Note};
pub use remote::Library;

/// The name of the one function that a library exports.
pub const ENTRY: &str = "plugcoin_plugin";

/// A library of another major version can't be called.
pub const ABI_MAJOR: u32 = 1;

/// A library of a higher minor version may want what this side doesn't have.
pub const ABI_MINOR: u32 = 0;

/// The longest answer that a host takes; the longest block's text fits four times.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;
