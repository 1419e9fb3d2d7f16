//! The search for a nonce, on any machine.

use plugcoin_sdk::ledger::{Draft, Target};
use sha2::{Digest, Sha256};

use crate::nonce::Nonce;

/// Tries this many nonces from the first on; the first that meets the target, if one does.
///
/// * What precedes the nonce is hashed once; what follows it is hashed again for every try.
pub(crate) fn portable(
    draft: &Draft,
    target: &Target,
    first: Nonce,
    attempts: u64,
) -> Option<Nonce> {
    // As bytes, the most significant first, hashes compare like the numbers that they are.
    let target: [u8; 32] = target.0.to_be_bytes();
    let before = Sha256::new_with_prefix(draft.before());
    let after = draft.after().as_bytes();
    let mut nonce = first;
    for _ in 0..attempts {
        let mut hasher = before.clone();
        hasher.update(nonce.as_bytes());
        hasher.update(after);
        let hash: [u8; 32] = hasher.finalize().into();
        if hash <= target {
            return Some(nonce);
        }
        nonce.advance();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::genesis;
    use plugcoin_testkit::fixtures::{START_US, draft};

    #[test]
    fn it_finds_what_trying_each_by_hand_finds() {
        let draft = draft(&genesis(), "miner", vec![], START_US);
        let target = Target::from_leading_zeros(2);
        let by_hand = (0..)
            .map(Nonce::of_try)
            .find(|nonce| target.is_met_by(&draft.hash_with(&nonce.to_string())));
        let first = Nonce::of_try(0);
        assert_eq!(portable(&draft, &target, first, u64::MAX), by_hand);
    }

    #[test]
    fn it_tries_no_more_than_it_may() {
        let draft = draft(&genesis(), "miner", vec![], START_US);
        let target = Target::from_leading_zeros(2);
        let mut found = Nonce::of_try(0);
        let mut tries = 1;
        while !target.is_met_by(&draft.hash_with(&found.to_string())) {
            found.advance();
            tries += 1;
        }
        let first = Nonce::of_try(0);
        assert_eq!(portable(&draft, &target, first, tries - 1), None);
        assert_eq!(portable(&draft, &target, first, tries), Some(found));
        assert_eq!(portable(&draft, &Target::MAX, first, 0), None);
    }
}
