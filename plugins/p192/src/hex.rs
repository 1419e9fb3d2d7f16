//! Lower-case hex, exactly: the text is hashed, so it has one form.

/// The bytes of a text of exactly 2·N lower-case hex digits.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    // The decoder would also take upper case and a leading `0x`.
    let lower = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 2 * N || !text.bytes().all(lower) {
        return None;
    }
    const_hex::decode_to_array(text).ok()
}
