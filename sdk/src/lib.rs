//! The Plugcoin SDK: all that a plugin author needs, and the root on which the node stands.
//!
//! * [`ledger`]: hashes, amounts, timestamps, transactions, blocks, and their exact text forms.
//! * [`hooks`]: one trait for every rule of a node, with its laws and its context types.
//! * [`abi`]: the border to plugins in libraries.
//! * [`log`]: lines for the node's log.
//! * [`plugin`]: [`register!`], typed options, the set of active hooks, the fingerprint of a rule set.
//! * [`Invalid`] is a verdict on somebody's input; [`Error`] is a fault of ours. They never mix.
//!
//! The SDK knows no HTTP, no runtime and no files.

pub mod abi;
pub mod error;
pub mod hooks;
pub mod invalid;
pub mod ledger;
pub mod log;
pub mod plugin;

pub use error::{Error, ErrorKind};
pub use invalid::{Invalid, Verdict};

/// What the macros of this crate expand to; not for direct use.
#[doc(hidden)]
pub mod macros {
    pub use inventory;
    pub use serde;
    pub use serde_json;
}
