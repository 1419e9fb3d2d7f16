//! The laws of [`Consensus`].

use plugcoin_sdk::hooks::{Consensus, Seal, SealVerdict, Slice};
use plugcoin_sdk::ledger::{
    Block, Draft, NONCE_CHARACTERS_MAX, Target, U256, Work, check_field, genesis,
};

use super::laws;
use crate::fixtures::{START_US, draft, pay};

laws!(dyn Consensus:
    a_nonce_that_seal_found_is_accepted_by_check_seal,
    the_same_arguments_give_the_same_answer,
    a_call_returns_after_at_most_its_attempts,
    searchers_that_start_elsewhere_try_other_nonces,
    a_found_nonce_has_the_declared_length,
    an_orphan_is_judged_without_its_parent,
    who_does_not_look_at_the_parent_judges_alike_without_it,
    work_is_never_zero,
);

/// More slices than any target here needs.
const SLICES_MAX: u64 = 1_000;

fn drafts() -> Vec<Draft> {
    let payments = |count: i64| {
        (0..count)
            .map(|n| pay("alice", "bob", "0.5", START_US - 1_000 + n))
            .collect()
    };
    [0, 1, 7]
        .map(|count| draft(&genesis(), "miner", payments(count), START_US + count))
        .into()
}

fn seal(consensus: &dyn Consensus, draft: &Draft, target: &Target, slice: Slice) -> Seal {
    consensus
        .seal(draft, genesis().header(), target, slice)
        .expect("seal has no fault")
}

/// A sealed block; none if this consensus leaves sealing to the wallet.
fn found(consensus: &dyn Consensus, draft: &Draft, target: &Target, start: u64) -> Option<Block> {
    let mut slice = Slice {
        start,
        attempts: 64,
        now_us: START_US,
    };
    for _ in 0..SLICES_MAX {
        match seal(consensus, draft, target, slice) {
            Seal::Found { nonce } => {
                return Some(draft.clone().sealed(&nonce).expect("it is a nonce"));
            }
            Seal::Exhausted => slice.start += slice.attempts,
            Seal::Wait { until_us } => {
                assert!(until_us > slice.now_us, "it waits for what is past");
                slice.now_us = until_us;
            }
            Seal::Sign { .. } => return None,
        }
    }
    panic!("{SLICES_MAX} slices found nothing under {target}")
}

fn verdict(consensus: &dyn Consensus, block: &Block, target: &Target) -> SealVerdict {
    consensus
        .check_seal(block.header(), Some(genesis().header()), target)
        .expect("check_seal has no fault")
}

fn targets() -> [Target; 3] {
    [0, 1, 2].map(Target::from_leading_zeros)
}

fn a_nonce_that_seal_found_is_accepted_by_check_seal(consensus: &dyn Consensus) {
    for draft in drafts() {
        for target in targets() {
            if let Some(block) = found(consensus, &draft, &target, 0) {
                assert_eq!(verdict(consensus, &block, &target), SealVerdict::Valid);
            }
        }
    }
}

fn the_same_arguments_give_the_same_answer(consensus: &dyn Consensus) {
    for draft in drafts() {
        for target in targets() {
            let slice = Slice {
                start: 5,
                attempts: 20,
                now_us: START_US,
            };
            let first = seal(consensus, &draft, &target, slice);
            assert_eq!(first, seal(consensus, &draft, &target, slice));
            if let Some(block) = found(consensus, &draft, &target, 0) {
                let judged = verdict(consensus, &block, &target);
                assert_eq!(judged, verdict(consensus, &block, &target));
            }
        }
    }
}

fn a_call_returns_after_at_most_its_attempts(consensus: &dyn Consensus) {
    let [draft, ..] = &drafts()[..] else { return };
    let target = Target::from_leading_zeros(2);
    let slice = |start, attempts| Slice {
        start,
        attempts,
        now_us: START_US,
    };
    let is_found = |seal: &Seal| matches!(seal, Seal::Found { .. });
    let none = seal(consensus, draft, &Target::MAX, slice(0, 0));
    assert!(!is_found(&none), "it found a nonce without a try");
    // A nonce that a slice finds is found by the same tries one by one, and by no fewer.
    let long = seal(consensus, draft, &target, slice(0, 5_000));
    if !is_found(&long) {
        return;
    }
    let first = (0..5_000).find(|n| is_found(&seal(consensus, draft, &target, slice(*n, 1))));
    let tries = first.expect("the slice found it, and its tries one by one did not") + 1;
    let shorter = seal(consensus, draft, &target, slice(0, tries - 1));
    assert!(!is_found(&shorter), "it made more tries than it may");
    assert_eq!(seal(consensus, draft, &target, slice(0, tries)), long);
}

fn searchers_that_start_elsewhere_try_other_nonces(consensus: &dyn Consensus) {
    let [draft, ..] = &drafts()[..] else { return };
    let nonces: Vec<String> = [0, 1, 61, 62, 63, 10_000, 1 << 32, u64::MAX]
        .iter()
        .filter_map(|start| {
            let slice = Slice {
                start: *start,
                attempts: 1,
                now_us: START_US,
            };
            match seal(consensus, draft, &Target::MAX, slice) {
                Seal::Found { nonce } => Some(nonce),
                _ => None,
            }
        })
        .collect();
    for (n, nonce) in nonces.iter().enumerate() {
        assert!(!nonces[..n].contains(nonce), "{nonce} was tried twice");
    }
}

fn a_found_nonce_has_the_declared_length(consensus: &dyn Consensus) {
    let length = consensus.nonce_length();
    assert!(length.min <= length.max && length.max <= NONCE_CHARACTERS_MAX);
    for draft in drafts() {
        if let Some(block) = found(consensus, &draft, &Target::MAX, 0) {
            let nonce = &block.header().nonce;
            assert!((length.min..=length.max).contains(&nonce.len()), "{nonce}");
            check_field("nonce", nonce, NONCE_CHARACTERS_MAX).expect("it is a field");
        }
    }
}

fn an_orphan_is_judged_without_its_parent(consensus: &dyn Consensus) {
    for draft in drafts() {
        if let Some(block) = found(consensus, &draft, &Target::MAX, 0) {
            let alone = consensus.check_seal(block.header(), None, &Target::MAX);
            let alone = alone.expect("check_seal has no fault without a parent");
            let refused = matches!(alone, SealVerdict::Invalid(_));
            assert!(!refused, "a good block is refused as an orphan");
        }
    }
}

fn who_does_not_look_at_the_parent_judges_alike_without_it(consensus: &dyn Consensus) {
    if consensus.looks_at_parent() {
        return;
    }
    for draft in drafts() {
        let good = found(consensus, &draft, &Target::MAX, 0);
        // One whose nonce nobody sought, too.
        let any = draft.clone().sealed(&format!("{:020}", 7));
        for block in good.into_iter().chain(any.ok()) {
            for target in targets() {
                let alone = consensus.check_seal(block.header(), None, &target);
                let alone = alone.expect("check_seal has no fault without a parent");
                assert_eq!(alone, verdict(consensus, &block, &target));
            }
        }
    }
}

fn work_is_never_zero(consensus: &dyn Consensus) {
    let mut targets: Vec<Target> = (0..=64).map(Target::from_leading_zeros).collect();
    targets.push(Target(U256::MAX - U256::from(1)));
    for target in targets {
        let work = consensus.work(&target).expect("work has no fault");
        assert!(work > Work::ZERO, "{target}");
        assert_eq!(Some(work), consensus.work(&target).ok());
    }
}
