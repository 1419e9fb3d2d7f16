//! Consensus: a block is sealed by a number of 20 digits that brings its hash below the target.

use plugcoin_sdk::hooks::{Consensus, Seal, SealVerdict, Slice};
use plugcoin_sdk::ledger::{Draft, Header, Target};
use plugcoin_sdk::{Error, Invalid};

/// The rule that a block's hash meets the target; the nonces that are tried are plain numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

impl Consensus for MyRule {
    fn seal(
        &self,
        draft: &Draft,
        _parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        for attempt in 0..slice.attempts {
            let nonce = format!("{:020}", slice.start.wrapping_add(attempt));
            if target.is_met_by(&draft.hash_with(&nonce)) {
                return Ok(Seal::Found { nonce });
            }
        }
        Ok(Seal::Exhausted)
    }

    fn check_seal(
        &self,
        header: &Header,
        _parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        if target.is_met_by(&header.hash) {
            return Ok(SealVerdict::Valid);
        }
        let refusal = Invalid::new("seal", "the hash does not meet the target");
        Ok(SealVerdict::Invalid(
            refusal
                .observed(header.hash)
                .required(format_args!("at most {target}")),
        ))
    }
}

plugcoin_sdk::register!(Consensus, "my-rule", |_| Ok(MyRule));
