//! Consensus: a block is sealed by a nonce that brings its hash under the target.

mod nonce;
mod search;

use plugcoin_sdk::hooks::{Consensus, NonceLength, Seal, SealVerdict, Slice};
use plugcoin_sdk::ledger::{Draft, Header, Target};
use plugcoin_sdk::{Error, Invalid};

use nonce::{CHARACTERS, Nonce};

/// The rule that a block's hash, read as a 256-bit number, is at most the target.
///
/// * A nonce is 20 characters of `[A-Za-z0-9]`; try number n always tries the same nonce.
/// * A seal is judged without the parent as well as with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProofOfWork;

impl Consensus for ProofOfWork {
    fn seal(
        &self,
        draft: &Draft,
        _parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        let first = Nonce::of_try(slice.start);
        Ok(
            match search::portable(draft, target, first, slice.attempts) {
                Some(nonce) => Seal::Found {
                    nonce: nonce.to_string(),
                },
                None => Seal::Exhausted,
            },
        )
    }

    fn check_seal(
        &self,
        header: &Header,
        _parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        if !nonce::is_nonce(&header.nonce) {
            return Ok(SealVerdict::Invalid(
                Invalid::new("seal", "the nonce has the wrong length or alphabet")
                    .observed(&header.nonce)
                    .required(format_args!("{CHARACTERS} characters of A-Za-z0-9")),
            ));
        }
        if !target.is_met_by(&header.hash) {
            return Ok(SealVerdict::Invalid(
                Invalid::new("seal", "the block's hash is above the target")
                    .observed(header.hash)
                    .required(format_args!("at most {target}")),
            ));
        }
        Ok(SealVerdict::Valid)
    }

    fn nonce_length(&self) -> NonceLength {
        NonceLength {
            min: CHARACTERS,
            max: CHARACTERS,
        }
    }
}

plugcoin_sdk::register!(Consensus, "proof-of-work", |_| Ok(ProofOfWork));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::{Hash, genesis};
    use plugcoin_testkit::fixtures::{START_US, chain, draft, mine, pay};

    const FOUR_ZEROS: u32 = 4;

    fn refusal(header: &Header, target: &Target) -> Invalid {
        match ProofOfWork.check_seal(header, None, target).unwrap() {
            SealVerdict::Invalid(invalid) => invalid,
            other => panic!("it was not refused: {other:?}"),
        }
    }

    #[test]
    fn the_genesis_block_keeps_the_rule() {
        let verdict = ProofOfWork.check_seal(
            genesis().header(),
            None,
            &Target::from_leading_zeros(FOUR_ZEROS),
        );
        assert_eq!(verdict.unwrap(), SealVerdict::Valid);
    }

    #[test]
    fn what_is_found_has_its_zeros() {
        let parent = genesis();
        let transactions = vec![pay("alice", "bob", "1", START_US)];
        let draft = draft(&parent, "miner", transactions, START_US);
        for zeros in 0..=3 {
            let target = Target::from_leading_zeros(zeros);
            let block = mine(&ProofOfWork, draft.clone(), parent.header(), &target);
            assert!(
                block
                    .hash()
                    .to_string()
                    .starts_with(&"0".repeat(zeros as usize))
            );
            assert_eq!(block.hash(), block.computed_hash());
        }
    }

    #[test]
    fn a_hash_above_the_target_is_refused_to_the_last_bit() {
        let mut header = chain(1)[0].header().clone();
        let target = Target::from_leading_zeros(FOUR_ZEROS);
        header.hash = target.to_string().parse().unwrap();
        let verdict = ProofOfWork.check_seal(&header, None, &target).unwrap();
        assert_eq!(verdict, SealVerdict::Valid, "the target itself is met");
        header.hash = format!("0001{}", "0".repeat(60)).parse().unwrap();
        let invalid = refusal(&header, &target);
        assert_eq!(invalid.rule, "seal");
        assert_eq!(invalid.observed, Some(header.hash.to_string().into()));
        assert_eq!(invalid.required, Some(format!("at most {target}").into()));
    }

    #[test]
    fn a_nonce_of_another_form_is_refused_whatever_its_hash() {
        let mut header = chain(1)[0].header().clone();
        header.hash = Hash::default();
        for nonce in [
            "",
            "0000000000000000000",
            "000000000000000000000",
            "0000000000000000000 ",
            "0000000000-000000000",
            "0000000000_000000000",
            "000000000000000000é",
        ] {
            header.nonce = nonce.into();
            let invalid = refusal(&header, &Target::MAX);
            assert_eq!(invalid.observed.as_deref(), Some(nonce));
        }
    }
}
