//! [`Consensus`]: how a block is sealed, and a seal checked.

use serde::{Deserialize, Serialize};

use super::Signed;
use crate::ledger::{Draft, Header, Target, Work};
use crate::{Error, Invalid};

/// Decides how a block is sealed, and whether a seal holds.
///
/// * A nonce that [`seal`](Self::seal) found is accepted by [`check_seal`](Self::check_seal) for the
///   same block and target.
/// * The same arguments give the same answer.
/// * Sealing goes in slices: a call returns after at most `slice.attempts` tries.
pub trait Consensus: Send + Sync {
    /// Tries to seal a block.
    ///
    /// * `parent` is the header of the block before it.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin; "not found" is [`Seal::Exhausted`].
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error>;

    /// Checks a block's seal; the block's hash is its true hash already.
    ///
    /// * `parent` is missing for an orphan, which is checked against the easiest target: what can't
    ///   be judged without the parent is then left for later.
    /// * A node gives it to nobody whose [`looks_at_parent`](Self::looks_at_parent) says no.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error>;

    /// Whether [`check_seal`](Self::check_seal) looks at the parent; if not, it is not given, which
    /// spares a library half of the call.
    ///
    /// * A constant of the plugin and its options. Default: yes.
    /// * If not, a seal is judged alike with and without the parent.
    fn looks_at_parent(&self) -> bool {
        true
    }

    /// How many tries [`seal`](Self::seal) makes in the time of one: a miner asks for no fewer, so that a
    /// slice of a long block is no longer than it has to be.
    ///
    /// * At least 1. Default: 32, as many as a wide vector tries; a library has it in any case.
    fn tries_at_once(&self) -> u64 {
        32
    }

    /// How much a block of this target weighs.
    ///
    /// * Never zero. Default: ⌊2²⁵⁶ / (target + 1)⌋.
    ///
    /// # Errors
    /// [`Error`] for a fault of the plugin.
    fn work(&self, target: &Target) -> Result<Work, Error> {
        Ok(Work::of_target(target))
    }

    /// How long a nonce is; at most 256 characters.
    ///
    /// * A constant of the plugin and its options.
    fn nonce_length(&self) -> NonceLength {
        NonceLength { min: 20, max: 20 }
    }
}

/// Which tries a call of [`Consensus::seal`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// The number of the first try; searchers that start elsewhere try other nonces.
    pub start: u64,
    /// How many tries at most.
    pub attempts: u64,
    /// The node's clock, in microseconds since 1970.
    pub now_us: i64,
}

/// What [`Consensus::seal`] came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// This nonce seals the block.
    Found {
        /// The nonce.
        nonce: String,
    },
    /// The node's wallet shall sign this text; the signature is the nonce.
    Sign {
        /// What is to be signed.
        text: String,
    },
    /// None of these tries did; the next slice may.
    Exhausted,
    /// It is no use before this moment; a new draft is made then.
    Wait {
        /// When to try again, in microseconds since 1970.
        until_us: i64,
    },
}

/// What [`Consensus::check_seal`] came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealVerdict {
    /// The seal holds.
    Valid,
    /// It does not.
    Invalid(Invalid),
    /// It holds if the Signer accepts this signature.
    Verify(Box<SealSignature>),
}

/// A signature on which a seal rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealSignature {
    /// The public key.
    pub key: String,
    /// What was signed.
    pub text: String,
    /// The signature.
    pub signature: String,
}

impl SealSignature {
    /// What the Signer is asked.
    pub fn signed(&self) -> Signed<'_> {
        Signed {
            key: &self.key,
            text: &self.text,
            signature: &self.signature,
        }
    }
}

/// How many characters a nonce has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceLength {
    /// At least.
    pub min: usize,
    /// At most.
    pub max: usize,
}
