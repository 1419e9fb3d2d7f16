//! Fork choice: the branch with the heaviest observed subtree wins.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Branch, ForkChoice, Preference};
use std::cmp::Reverse;

/// The rule that of two siblings the one with the most work in its whole subtree is followed.
///
/// * Blocks that lost count too: what they cost secures the block that they stand on.
/// * On equal work the one that this node saw first wins.
///
/// Source: Y. Sompolinsky and A. Zohar, "Secure High-Rate Transaction Processing in Bitcoin"
/// (Financial Cryptography 2015), section 4: GHOST, the greedy heaviest observed subtree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ghost;

impl ForkChoice for Ghost {
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
        // The hash makes the order strict; no two blocks of a node have the same place.
        let place = |branch: &Branch| {
            let weight = Reverse(branch.subtree_work);
            (weight, branch.first_seen, branch.hash)
        };
        Ok(if place(a) <= place(b) {
            Preference::A
        } else {
            Preference::B
        })
    }
}

plugcoin_sdk::register!(ForkChoice, "ghost", |_| Ok(Ghost));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::{Hash, U256, Work};

    fn branch(hash: u8, first_seen: u64, tip_work: u64, subtree_work: u64) -> Branch {
        Branch {
            hash: Hash::from_bytes([hash; 32]),
            nr: 1,
            first_seen,
            tip_work: Work(U256::from(tip_work)),
            tip_first_seen: first_seen,
            subtree_work: Work(U256::from(subtree_work)),
            subtree_blocks: subtree_work,
        }
    }

    fn winner(a: &Branch, b: &Branch) -> Preference {
        Ghost.prefer(a, b).unwrap()
    }

    #[test]
    fn a_broad_subtree_beats_a_longer_chain() {
        let (long, broad) = (branch(1, 1, 104, 4), branch(2, 2, 102, 5));
        assert_eq!(winner(&long, &broad), Preference::B);
        assert_eq!(winner(&broad, &long), Preference::A);
    }

    #[test]
    fn a_tie_goes_to_the_branch_seen_first() {
        let (late, early) = (branch(1, 9, 103, 3), branch(2, 5, 102, 3));
        assert_eq!(winner(&late, &early), Preference::B);
        assert_eq!(winner(&early, &late), Preference::A);
        let same_place = branch(3, 9, 103, 3);
        assert_eq!(
            winner(&same_place, &late),
            Preference::B,
            "the smaller hash"
        );
    }
}
