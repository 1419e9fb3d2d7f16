//! Merkle: the hash of all leaf hashes in a row, no tree at all.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Merkle;
use plugcoin_sdk::ledger::Hash;

/// The rule that the root is the SHA-256 of all leaf hashes, written as hex one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlatRoot;

impl Merkle for FlatRoot {
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error> {
        let row: String = leaves.iter().map(Hash::to_string).collect();
        Ok(Hash::of(&row))
    }
}

plugcoin_sdk::register!(Merkle, "flat-root", |_| Ok(FlatRoot));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_testkit::suite;

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::merkle::check(&FlatRoot);
    }

    #[test]
    fn a_repeated_last_leaf_is_another_list() {
        let [a, b, c] = [Hash::of("a"), Hash::of("b"), Hash::of("c")];
        let root = |leaves: &[Hash]| FlatRoot.root(leaves).unwrap();
        assert_ne!(root(&[a, b, c]), root(&[a, b, c, c]));
    }
}
