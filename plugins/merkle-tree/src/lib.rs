//! Merkle: a binary tree over the hex texts of the leaf hashes.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Merkle;
use plugcoin_sdk::ledger::{Hash, merkle};

/// The binary tree in which a parent is the SHA-256 of its two children's hex digits.
///
/// * An odd level repeats its last; a lone leaf is paired with itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MerkleTree;

impl Merkle for MerkleTree {
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error> {
        Ok(merkle::root(leaves))
    }
}

plugcoin_sdk::register!(Merkle, "merkle-tree", |_| Ok(MerkleTree));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::fixtures::merkle_vectors;

    #[test]
    fn all_vectors_of_the_protocol_come_out() {
        for vector in merkle_vectors() {
            let root = MerkleTree.root(&vector.leaf_hashes).unwrap();
            assert_eq!(root, vector.root, "{} leaves", vector.leaf_texts.len());
        }
    }

    #[test]
    fn a_repeated_last_leaf_is_told_apart_by_the_count_alone() {
        let [a, b, c] = [Hash::of("a"), Hash::of("b"), Hash::of("c")];
        assert_eq!(
            MerkleTree.root(&[a, b, c]).unwrap(),
            MerkleTree.root(&[a, b, c, c]).unwrap()
        );
    }
}
