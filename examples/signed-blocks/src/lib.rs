//! Consensus: a block is sealed by its creator's signature, without work.

use plugcoin_sdk::hooks::{Consensus, NonceLength, Seal, SealSignature, SealVerdict, Slice};
use plugcoin_sdk::ledger::{Draft, Hash, Header, NONCE_CHARACTERS_MAX, Target, U256, Work};
use plugcoin_sdk::{Error, Invalid};

/// The least time between a block and its parent, in microseconds: what the work was for.
const PACE_US: i64 = 1_000_000;

/// The rule that a block's nonce is its creator's signature, and that blocks keep a distance.
///
/// * Every block weighs the same, so the longest branch is the one with the most work.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignedBlocks;

/// What the creator signs: all that the block commits to, but the nonce.
fn text(nr: u64, previous: Option<Hash>, time_us: i64, creator: &str, root: Hash) -> String {
    let previous = previous.map(|hash| hash.to_string()).unwrap_or_default();
    format!("block {nr} on {previous} at {time_us} by {creator} of {root}")
}

impl Consensus for SignedBlocks {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        _target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        let seed = draft.seed();
        let earliest_us = parent.timestamp.us().saturating_add(PACE_US);
        if seed.timestamp.us() < earliest_us {
            let until_us = earliest_us.max(slice.now_us.saturating_add(1));
            return Ok(Seal::Wait { until_us });
        }
        Ok(Seal::Sign {
            text: text(
                seed.nr,
                seed.previous_hash,
                seed.timestamp.us(),
                &seed.creator,
                seed.merkle_root,
            ),
        })
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        _target: &Target,
    ) -> Result<SealVerdict, Error> {
        let time_us = header.timestamp.us();
        let too_soon = |parent: &&Header| time_us < parent.timestamp.us().saturating_add(PACE_US);
        if let Some(parent) = parent.filter(too_soon) {
            return Ok(SealVerdict::Invalid(
                Invalid::new("pace", "the block comes too soon after its parent")
                    .observed(header.timestamp)
                    .required(format_args!("a second after {}", parent.timestamp)),
            ));
        }
        Ok(SealVerdict::Verify(Box::new(SealSignature {
            key: header.creator.clone(),
            text: text(
                header.nr,
                header.previous_hash,
                time_us,
                &header.creator,
                header.merkle_root,
            ),
            signature: header.nonce.clone(),
        })))
    }

    fn work(&self, _target: &Target) -> Result<Work, Error> {
        Ok(Work(U256::from(1)))
    }

    fn nonce_length(&self) -> NonceLength {
        NonceLength {
            min: 1,
            max: NONCE_CHARACTERS_MAX,
        }
    }
}

plugcoin_sdk::register!(Consensus, "signed-blocks", |_| Ok(SignedBlocks));

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::hooks::Signer;
    use plugcoin_sdk::ledger::{Block, genesis};
    use plugcoin_testkit::doubles::PlainSigner;
    use plugcoin_testkit::fixtures::{START_US, draft, key_pair};
    use plugcoin_testkit::suite;

    /// A block of alice's, sealed with somebody's key: the way that a node goes.
    fn sealed_by(name: &str) -> Block {
        let draft = draft(&genesis(), "alice", Vec::new(), START_US);
        let slice = Slice {
            start: 0,
            attempts: 1,
            now_us: START_US,
        };
        let asked = SignedBlocks.seal(&draft, genesis().header(), &Target::MAX, slice);
        let Ok(Seal::Sign { text }) = asked else {
            panic!("{asked:?}");
        };
        let nonce = PlainSigner.sign(&key_pair(name).secret, &text).unwrap();
        draft.sealed(&nonce).unwrap()
    }

    fn holds(block: &Block, parent: &Header) -> bool {
        match SignedBlocks.check_seal(block.header(), Some(parent), &Target::MAX) {
            Ok(SealVerdict::Verify(seal)) => PlainSigner
                .verify(&seal.key, &seal.text, &seal.signature)
                .unwrap(),
            _ => false,
        }
    }

    #[test]
    fn it_keeps_the_laws_of_its_hook() {
        suite::consensus::check(&SignedBlocks);
    }

    #[test]
    fn the_creators_signature_seals_and_nobody_elses() {
        assert!(holds(&sealed_by("alice"), genesis().header()));
        assert!(!holds(&sealed_by("bob"), genesis().header()));
    }

    #[test]
    fn a_block_keeps_its_distance() {
        let block = sealed_by("alice");
        let mut parent = genesis().header().clone();
        parent.timestamp = plugcoin_sdk::ledger::Timestamp::from_us(START_US - PACE_US);
        assert!(holds(&block, &parent));
        parent.timestamp = plugcoin_sdk::ledger::Timestamp::from_us(START_US - PACE_US + 1);
        assert!(!holds(&block, &parent));
    }
}
