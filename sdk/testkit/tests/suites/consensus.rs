//! The suite of this hook catches what is wrong.

use crate::count;
use plugcoin_sdk::hooks::{Consensus, Seal, SealVerdict, Slice};
use plugcoin_sdk::ledger::{Draft, Header, Target, Work};
use plugcoin_sdk::{Error, Invalid};
use plugcoin_testkit::suite::consensus;

/// A consensus that can be wrong in several ways; its nonces are the numbers of the tries.
#[derive(Clone, Copy, PartialEq)]
enum TestConsensus {
    Right,
    RefusesItsOwn,
    IsMoody,
    TriesMore,
    StartsAtZero,
    IsLong,
    NeedsTheParent,
    LooksAfterAll,
    WeighsNothing,
}

impl Consensus for TestConsensus {
    fn seal(
        &self,
        draft: &Draft,
        _: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        let mut slice = slice;
        match self {
            Self::TriesMore => slice.attempts += 10,
            Self::StartsAtZero => slice.start = 0,
            Self::IsMoody => slice.start ^= count(),
            _ => {}
        }
        let width = if *self == Self::IsLong { 21 } else { 20 };
        let found = (0..slice.attempts)
            .map(|n| format!("{:0width$}", slice.start.wrapping_add(n)))
            .find(|nonce| target.is_met_by(&draft.hash_with(nonce)));
        Ok(found.map_or(Seal::Exhausted, |nonce| Seal::Found { nonce }))
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        let refused = match self {
            Self::RefusesItsOwn => true,
            Self::NeedsTheParent | Self::LooksAfterAll => parent.is_none(),
            _ => !target.is_met_by(&header.hash),
        };
        Ok(match refused {
            true => SealVerdict::Invalid(Invalid::new("seal", "it is refused")),
            false => SealVerdict::Valid,
        })
    }

    fn looks_at_parent(&self) -> bool {
        *self == Self::NeedsTheParent
    }

    fn work(&self, target: &Target) -> Result<Work, Error> {
        Ok(match self {
            Self::WeighsNothing => Work::ZERO,
            _ => Work::of_target(target),
        })
    }
}

#[test]
fn a_bad_consensus_is_caught() {
    consensus::check(&TestConsensus::Right);
    for (bad, law) in [
        (
            TestConsensus::RefusesItsOwn,
            "a_nonce_that_seal_found_is_accepted_by_check_seal",
        ),
        (
            TestConsensus::IsMoody,
            "the_same_arguments_give_the_same_answer",
        ),
        (
            TestConsensus::TriesMore,
            "a_call_returns_after_at_most_its_attempts",
        ),
        (
            TestConsensus::StartsAtZero,
            "searchers_that_start_elsewhere_try_other_nonces",
        ),
        (
            TestConsensus::IsLong,
            "a_found_nonce_has_the_declared_length",
        ),
        (
            TestConsensus::NeedsTheParent,
            "an_orphan_is_judged_without_its_parent",
        ),
        (
            TestConsensus::LooksAfterAll,
            "who_does_not_look_at_the_parent_judges_alike_without_it",
        ),
        (TestConsensus::WeighsNothing, "work_is_never_zero"),
    ] {
        let broken = consensus::broken(&bad);
        assert!(broken.contains(&law), "{law} was not caught: {broken:?}");
    }
}
