//! Lower-case hex, exactly: the text is hashed, so it has one form.

/// The bytes of a text of exactly 2·N lower-case hex digits.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    // The decoder alone would take upper case, and `0x` in front.
    let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 2 * N || !lower {
        return None;
    }
    let mut bytes = [0; N];
    const_hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

/// The lower-case hex digits of some bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const_hex::encode(bytes)
}
