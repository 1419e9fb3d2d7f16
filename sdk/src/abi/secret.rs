//! [`SecretText`]: a message that has a secret in it.

use std::io;

use serde::Serialize;
use zeroize::Zeroize as _;

/// A message as JSON, which is wiped from memory when it is dropped.
///
/// * Nor does it leave a copy behind where it grows.
#[derive(Default)]
pub(super) struct SecretText(Vec<u8>);

impl SecretText {
    /// The JSON of a value.
    pub(super) fn of(value: &impl Serialize) -> serde_json::Result<Self> {
        let mut text = Self::default();
        serde_json::to_writer(&mut text, value)?;
        Ok(text)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for SecretText {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + more.len();
        if needed > self.0.capacity() {
            let mut longer = Vec::with_capacity(needed.max(2 * self.0.capacity()));
            longer.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = longer;
        }
        self.0.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
