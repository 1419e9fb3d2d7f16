//! The suite of this hook catches what is wrong.

use crate::count;
use plugcoin_sdk::hooks::{KeyPair, Signed, Signer};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::PlainSigner;
use plugcoin_testkit::suite::signer;

/// Everything that a signer can do wrong.
#[derive(Clone, Copy, PartialEq)]
enum BadSigner {
    AcceptsAll,
    AcceptsNothing,
    BatchAccepts,
    BatchIsShort,
    FailsOnGarbage,
    SignsInUpperAlphabet,
    HasOneKey,
    HasNewKeys,
    KnowsNoPublicKeys,
    TakesAnySecret,
    SignsWithoutKeys,
}

impl Signer for BadSigner {
    fn scheme(&self) -> &str {
        "bad"
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        match self {
            Self::AcceptsAll => Ok(true),
            Self::AcceptsNothing => Ok(false),
            Self::FailsOnGarbage if signature.len() != 64 => {
                Err(Error::new(ErrorKind::Plugin, "no signature"))
            }
            Self::SignsInUpperAlphabet => {
                PlainSigner.verify(key, text, signature.trim_end_matches('\u{e9}'))
            }
            _ => PlainSigner.verify(key, text, signature),
        }
    }

    fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        match self {
            Self::BatchAccepts => Ok(vec![true; signed.len()]),
            Self::BatchIsShort => PlainSigner.verify_batch(&signed[signed.len().min(1)..]),
            _ => signed
                .iter()
                .map(|item| self.verify(item.key, item.text, item.signature))
                .collect(),
        }
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        match self {
            Self::SignsWithoutKeys => Err(self.only_verifies()),
            Self::HasOneKey => PlainSigner.generate(&[0; 32]),
            Self::HasNewKeys => {
                let mut seed = *seed;
                seed[0] ^= count() as u8;
                PlainSigner.generate(&seed)
            }
            _ => PlainSigner.generate(seed),
        }
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        match self {
            Self::KnowsNoPublicKeys => Ok("key".into()),
            Self::TakesAnySecret => Ok(secret.chars().rev().collect()),
            _ => PlainSigner.public_key(secret),
        }
    }

    fn sign(&self, secret: &str, text: &str) -> Result<String, Error> {
        let signature = PlainSigner.sign(secret, text)?;
        match self {
            Self::SignsInUpperAlphabet => Ok(format!("{signature}\u{e9}")),
            _ => Ok(signature),
        }
    }
}

#[test]
fn a_bad_signer_is_caught() {
    let caught = |bad: BadSigner, law: &str| {
        let broken = signer::broken(&bad);
        assert!(broken.contains(&law), "{law} was not caught: {broken:?}");
    };
    let batch = "verify_batch_says_of_each_what_verify_says_of_it_alone";
    let seeds = "the_same_seed_gives_the_same_keys_and_another_seed_others";
    let garbage = "anything_at_all_may_be_given_and_garbage_does_not_hold";
    let accepted = "a_signature_that_sign_made_is_accepted_under_the_pairs_public_key";
    caught(
        BadSigner::AcceptsAll,
        "another_key_text_or_signature_does_not_hold",
    );
    caught(BadSigner::AcceptsAll, garbage);
    caught(BadSigner::AcceptsNothing, accepted);
    caught(BadSigner::BatchAccepts, batch);
    caught(BadSigner::BatchIsShort, batch);
    caught(BadSigner::FailsOnGarbage, garbage);
    let alphabet = "keys_and_signatures_are_texts_of_the_ledgers_alphabet";
    caught(BadSigner::SignsInUpperAlphabet, alphabet);
    caught(BadSigner::HasOneKey, seeds);
    caught(BadSigner::HasNewKeys, seeds);
    let pair = "the_public_key_of_a_secret_one_is_the_pairs";
    caught(BadSigner::KnowsNoPublicKeys, pair);
    let secret = "what_is_no_secret_key_is_a_configuration_error";
    caught(BadSigner::TakesAnySecret, secret);
    let verifies = "a_scheme_that_only_verifies_leaves_all_three_methods_as_they_are";
    caught(BadSigner::SignsWithoutKeys, verifies);
}
