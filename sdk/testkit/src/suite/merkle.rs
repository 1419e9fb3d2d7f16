//! The laws of [`Merkle`].

use plugcoin_sdk::hooks::Merkle;
use plugcoin_sdk::ledger::Hash;

use super::laws;

laws!(dyn Merkle:
    the_same_leaves_in_the_same_order_give_the_same_root,
    other_leaves_give_another_root,
    another_order_gives_another_root,
);

/// Sizes around the powers of two, where trees differ.
const SIZES: [usize; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 1_000];

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| Hash::of(&format!("leaf {n}"))).collect()
}

fn root(merkle: &dyn Merkle, leaves: &[Hash]) -> Hash {
    merkle.root(leaves).expect("root has no fault")
}

fn the_same_leaves_in_the_same_order_give_the_same_root(merkle: &dyn Merkle) {
    for count in SIZES {
        assert_eq!(root(merkle, &leaves(count)), root(merkle, &leaves(count)));
    }
}

fn other_leaves_give_another_root(merkle: &dyn Merkle) {
    for count in SIZES {
        let leaves = leaves(count);
        let before = root(merkle, &leaves);
        for at in [0, count / 2, count - 1] {
            let mut other = leaves.clone();
            other[at] = Hash::of("another leaf");
            assert_ne!(root(merkle, &other), before, "{count} leaves, at {at}");
        }
        let mut longer = leaves.clone();
        longer.push(Hash::of("one leaf more"));
        assert_ne!(root(merkle, &longer), before, "{count} leaves and one");
    }
}

fn another_order_gives_another_root(merkle: &dyn Merkle) {
    for count in SIZES.into_iter().filter(|count| *count > 1) {
        let leaves = leaves(count);
        let before = root(merkle, &leaves);
        for at in [1, count / 2, count - 1] {
            let mut other = leaves.clone();
            other.swap(at - 1, at);
            assert_ne!(root(merkle, &other), before, "{count} leaves, at {at}");
        }
    }
}
