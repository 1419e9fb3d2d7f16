//! Consensus: a block is sealed by a nonce that brings its hash under the target.

mod kernels;
mod nonce;

use plugcoin_sdk::hooks::{Consensus, NonceLength, Seal, SealVerdict, Slice};
use plugcoin_sdk::ledger::{Draft, Header, Target};
use plugcoin_sdk::{Error, ErrorKind, Invalid};

pub use kernels::Kernel;
use kernels::{Run, Search};
use nonce::{CHARACTERS, Nonce};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct ProofOfWorkOptions {
        /// How nonces are tried; auto measures once which way is the fastest on the machine.
        local kernel: Kernel as "one of auto, avx512, avx512-sha-ni, sha-ni, portable" = Kernel::Auto,
    }
}

/// The rule that a block's hash, read as a 256-bit number, is at most the target.
///
/// * A nonce is 20 characters of `[A-Za-z0-9]`; try number n always tries the same nonce.
/// * Whichever kernel tries them, the answer is the same: the first nonce that meets the target.
/// * A seal is judged without the parent as well as with it.
#[derive(Clone, Copy, Debug)]
pub struct ProofOfWork {
    kernel: Kernel,
    run: Run,
}

impl ProofOfWork {
    /// The rule, with nonces tried by this kernel.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if this machine can't run it.
    pub fn with_kernel(kernel: Kernel) -> Result<Self, Error> {
        kernel
            .run()
            .map_or_else(|| Err(lacks(kernel)), |run| Ok(Self { kernel, run }))
    }
}

/// The fault that this machine can't run a kernel.
fn lacks(kernel: Kernel) -> Error {
    let available: Vec<String> = Kernel::ALL
        .into_iter()
        .filter(|kernel| kernel.is_available())
        .map(|kernel| kernel.to_string())
        .collect();
    let message = format!(
        "proof-of-work.kernel is {kernel}, which this machine can't run; it has: {}",
        available.join(", ")
    );
    Error::new(ErrorKind::Configuration, message)
}

impl Default for ProofOfWork {
    fn default() -> Self {
        Self {
            kernel: Kernel::Auto,
            run: kernels::auto,
        }
    }
}

impl Consensus for ProofOfWork {
    fn seal(
        &self,
        draft: &Draft,
        _parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        let first = Nonce::of_try(slice.start);
        let search = Search::new(draft.before(), draft.after(), target, first, slice.attempts);
        Ok(match (self.run)(&search) {
            Some(nonce) => Seal::Found {
                nonce: nonce.to_string(),
            },
            None => Seal::Exhausted,
        })
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

    fn looks_at_parent(&self) -> bool {
        false
    }

    fn tries_at_once(&self) -> u64 {
        self.kernel.tries_at_once() as u64
    }

    fn nonce_length(&self) -> NonceLength {
        NonceLength {
            min: CHARACTERS,
            max: CHARACTERS,
        }
    }
}

plugcoin_sdk::register!(Consensus, "proof-of-work", |options: ProofOfWorkOptions| {
    ProofOfWork::with_kernel(options.kernel)
});

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::{Hash, genesis};
    use plugcoin_testkit::fixtures::{START_US, chain, draft, mine, pay};

    const FOUR_ZEROS: u32 = 4;

    fn refusal(header: &Header, target: &Target) -> Invalid {
        match ProofOfWork::default()
            .check_seal(header, None, target)
            .unwrap()
        {
            SealVerdict::Invalid(invalid) => invalid,
            other => panic!("it was not refused: {other:?}"),
        }
    }

    #[test]
    fn the_genesis_block_keeps_the_rule() {
        let verdict = ProofOfWork::default().check_seal(
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
            let block = mine(
                &ProofOfWork::default(),
                draft.clone(),
                parent.header(),
                &target,
            );
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
    fn a_kernel_that_the_machine_lacks_is_refused_with_those_that_it_has() {
        let error = lacks(Kernel::Avx512).to_string();
        let (refused, known) = error.split_once(";").unwrap();
        assert_eq!(
            refused,
            "proof-of-work.kernel is avx512, which this machine can't run"
        );
        for kernel in Kernel::ALL {
            let made = ProofOfWork::with_kernel(kernel);
            assert_eq!(made.is_ok(), kernel.is_available());
            assert_eq!(known.contains(&kernel.to_string()), kernel.is_available());
        }
    }

    #[test]
    fn the_option_names_the_kernels_as_they_are_written() {
        for kernel in Kernel::ALL.into_iter().chain([Kernel::Auto]) {
            let value = serde_json::to_value(kernel).unwrap();
            assert_eq!(value, kernel.to_string());
        }
    }

    #[test]
    fn a_hash_above_the_target_is_refused_to_the_last_bit() {
        let mut header = chain(1)[0].header().clone();
        let target = Target::from_leading_zeros(FOUR_ZEROS);
        header.hash = target.to_string().parse().unwrap();
        let verdict = ProofOfWork::default()
            .check_seal(&header, None, &target)
            .unwrap();
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
