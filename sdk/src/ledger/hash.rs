//! [`Hash`]: a SHA-256, written as lower-case hex.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

use super::from_text::from_text;
use crate::Invalid;

/// A SHA-256 over some text; 32 bytes, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of a text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The hash of the concatenation of some texts.
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize().into())
    }

    /// A hash from its bytes, the most significant first.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, the most significant first.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hex digits, on the stack.
    pub fn hex(&self) -> [u8; 64] {
        let mut digits = [0; 64];
        // The lengths agree, so this can't fail.
        let _ = const_hex::encode_to_slice(self.0, &mut digits);
        digits
    }

    /// The first eight hex digits, for logs.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(const_hex::Buffer::<32>::new().format(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // Of the digits, upper-case letters alone lack this bit; the decoder refuses all but digits.
        let lower = text.bytes().fold(0x20, |bits, b| bits & b) != 0;
        let mut bytes = [0; 32];
        if text.len() != 64 || !lower || const_hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err(Invalid::new("form", "a hash is 64 lower-case hex digits")
                .observed(format_args!("{} characters", text.chars().count()))
                .required("64 of 0-9a-f"));
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(const_hex::Buffer::<32>::new().format(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_there_and_back_and_only_in_lower_case() {
        let hash = Hash::of("leaf-0");
        let text = hash.to_string();
        assert_eq!(
            text,
            "d2dbf006f96dd05044a8f63d8f118f23925ba4cc5750f8b6c8e287fd506c8188"
        );
        assert_eq!(text.parse::<Hash>().unwrap(), hash);
        assert!(text.to_uppercase().parse::<Hash>().is_err());
        assert!(text[1..].parse::<Hash>().is_err());
        assert!(format!("{text}0").parse::<Hash>().is_err());
        assert_eq!(Hash::of_parts(&["leaf", "-0"]), hash);
    }
}
