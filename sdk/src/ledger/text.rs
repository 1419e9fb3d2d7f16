//! The alphabet of the ledger's strings.

use crate::Invalid;

/// The longest `from`, `to`, `creator` and `signature`, in characters.
pub const FIELD_CHARACTERS_MAX: usize = 200;

/// The longest nonce that any consensus may declare, in characters.
pub const NONCE_CHARACTERS_MAX: usize = 256;

/// The sender, and the signature, of a reward.
pub const SYSTEM: &str = "System";

/// Whether a text is printable ASCII without `"` and `\`, the alphabet of all strings.
pub(crate) fn in_alphabet(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\')
}

/// Checks a string of the ledger: its alphabet, and 1 to `characters_max` characters.
///
/// # Errors
/// [`Invalid`] with the rule `form` and the field's name.
pub fn check_field(name: &str, text: &str, characters_max: usize) -> Result<(), Invalid> {
    if !in_alphabet(text) {
        return Err(Invalid::new(
            "form",
            format!("`{name}` has a character that is not allowed"),
        )
        .required("printable ASCII without \" and \\"));
    }
    if text.is_empty() || text.len() > characters_max {
        return Err(
            Invalid::new("form", format!("`{name}` is too short or too long"))
                .observed(format_args!("{} characters", text.len()))
                .required(format_args!("1 to {characters_max}")),
        );
    }
    Ok(())
}
