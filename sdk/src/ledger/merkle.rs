//! The default merkle tree, over hex texts.

use super::Hash;

/// The root over some leaves.
///
/// * A parent is the hex SHA-256 of the ASCII concatenation of its two children's hex.
/// * An odd level repeats its last; a lone leaf is paired with itself.
/// * No leaves: the hash of the empty text (no valid block has none).
pub fn root(leaves: &[Hash]) -> Hash {
    if leaves.is_empty() {
        return Hash::of("");
    }
    let mut level = leaves.to_vec();
    loop {
        level = level
            .chunks(2)
            .map(|pair| parent(&pair[0], pair.last().unwrap_or(&pair[0])))
            .collect();
        if let [root] = level[..] {
            return root;
        }
    }
}

fn parent(left: &Hash, right: &Hash) -> Hash {
    let (left, right) = (left.hex(), right.hex());
    let text = |digits| std::str::from_utf8(digits).unwrap_or_default();
    Hash::of_parts(&[text(&left), text(&right)])
}
