//! The suite of this hook catches what is wrong.

use crate::count;
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Merkle;
use plugcoin_sdk::ledger::{Hash, merkle};
use plugcoin_testkit::suite;

/// A merkle rule by a function.
pub(crate) struct Roots(pub(crate) fn(&[Hash]) -> Hash);

impl Merkle for Roots {
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error> {
        Ok((self.0)(leaves))
    }
}

#[test]
fn a_bad_merkle_rule_is_caught() {
    let [same, other, order] = [
        "the_same_leaves_in_the_same_order_give_the_same_root",
        "other_leaves_give_another_root",
        "another_order_gives_another_root",
    ];
    assert!(suite::merkle::broken(&Roots(merkle::root)).is_empty());
    assert_eq!(
        suite::merkle::broken(&Roots(|_| Hash::default())),
        [other, order]
    );
    let unordered = Roots(|leaves| {
        let mut leaves = leaves.to_vec();
        leaves.sort_unstable();
        merkle::root(&leaves)
    });
    assert_eq!(suite::merkle::broken(&unordered), [order]);
    let counting = Roots(|_| Hash::of(&count().to_string()));
    assert_eq!(suite::merkle::broken(&counting), [same]);
}
