//! JSON texts: `,` between members, `: ` between key and value.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};
use std::io;

/// The error form, as a client reads it.
#[derive(Deserialize)]
pub(crate) struct ErrorForm {
    /// The words.
    pub(crate) errmsg: String,
}

/// A text as a JSON string, escaped as it must be.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A value in the protocol's spacing.
pub(crate) fn value(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing a `Value` to memory can't fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced));
    bytes
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
