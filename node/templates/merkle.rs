//! Merkle: the hash of all leaf hashes in a row, no tree at all.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Merkle;
use plugcoin_sdk::ledger::Hash;

/// The rule that the root is the SHA-256 of all leaf hashes, written as hex one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Merkle for MyRule {
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error> {
        let row: String = leaves.iter().map(Hash::to_string).collect();
        Ok(Hash::of(&row))
    }
}

plugcoin_sdk::register!(Merkle, "my-rule", |_| Ok(MyRule));
