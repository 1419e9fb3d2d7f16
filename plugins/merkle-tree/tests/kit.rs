//! The behaviour suite of the hook.

use merkle_tree::MerkleTree;
use plugcoin_testkit::suite;

#[test]
fn it_keeps_the_laws_of_its_hook() {
    suite::merkle::check(&MerkleTree);
}
