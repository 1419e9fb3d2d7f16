//! For the tests of what follows when a plugin fails: each fails over something of its own.

use plugcoin_sdk::hooks::{
    Admission, Consensus, Due, Event, KeyPair, Mempool, Observer, PoolSummary, Reward, Seal,
    SealVerdict, Signer, Slice, TransactionContext, Validity,
};
use plugcoin_sdk::ledger::{Amount, Draft, Header, Target, Transaction};
use plugcoin_sdk::{Error, Invalid, Verdict};

/// A further rule that takes everything, panics over 0.13, and never comes back from 0.19.
struct BrittleRule;

impl Validity for BrittleRule {
    fn check_transaction(
        &self,
        transaction: &Transaction,
        _context: &TransactionContext,
    ) -> Result<Verdict, Error> {
        let bad = transaction.amount() == Amount::from_units(13_000_000);
        assert!(!bad, "it is afraid of 0.13");
        while transaction.amount() == Amount::from_units(19_000_000) {
            std::thread::park();
        }
        Ok(Verdict::Valid)
    }
}

plugcoin_sdk::register!(Validity, "brittle-rule", |_| Ok(BrittleRule));

/// A pool from which a block is due at once, and that panics over 0.17 and never comes back from 0.21.
struct BrittlePool;

impl Mempool for BrittlePool {
    fn admit(&self, transaction: &Transaction, _pool: &PoolSummary) -> Result<Admission, Error> {
        let bad = transaction.amount() == Amount::from_units(17_000_000);
        assert!(!bad, "it is afraid of 0.17");
        while transaction.amount() == Amount::from_units(21_000_000) {
            std::thread::park();
        }
        Ok(Admission::Accept {
            priority: 0,
            expires_us: None,
        })
    }

    fn due(&self, pool: &PoolSummary, _now_us: i64) -> Result<Due, Error> {
        Ok(match pool.transactions {
            0 => Due::No,
            _ => Due::Now,
        })
    }
}

plugcoin_sdk::register!(Mempool, "brittle-pool", |_| Ok(BrittlePool));

/// An observer that panics over the first block.
struct BrittleObserver;

impl Observer for BrittleObserver {
    fn on_event(&self, event: &Event, _now_us: i64) -> Result<(), Error> {
        let block = matches!(event, Event::BlockAccepted { .. });
        assert!(!block, "it is afraid of blocks");
        Ok(())
    }
}

plugcoin_sdk::register!(Observer, "brittle-observer", |_| Ok(BrittleObserver));

/// A reward of one coin, which panics over block 2.
struct BrittleReward;

impl Reward for BrittleReward {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        assert!(nr != 2, "it is afraid of block 2");
        Ok(Amount::from_coins(1))
    }
}

plugcoin_sdk::register!(Reward, "brittle-reward", |_| Ok(BrittleReward));

/// A signer to whom every signature is good, and who never comes back from a payment to `forever`.
struct BrittleSigner;

impl Signer for BrittleSigner {
    fn scheme(&self) -> &str {
        "ed25519"
    }

    fn verify(&self, _key: &str, text: &str, _signature: &str) -> Result<bool, Error> {
        if text.contains("forever") {
            loop {
                std::thread::park();
            }
        }
        Ok(true)
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        Ok(secret.to_owned())
    }

    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        let key = format!("key{}", seed[0]);
        Ok(KeyPair {
            public: key.clone(),
            secret: key,
        })
    }
}

plugcoin_sdk::register!(Signer, "brittle-signer", |_| Ok(BrittleSigner));

/// A consensus that takes every block but the ones it seals itself, and never comes back from one of
/// the creator `forever`, to be sealed or checked.
struct BrittleSeal;

const BAD_NONCE: &str = "xxxxxxxxxxxxxxxxxxxx";

impl Consensus for BrittleSeal {
    fn seal(&self, draft: &Draft, _: &Header, _: &Target, _: Slice) -> Result<Seal, Error> {
        if draft.seed().creator == "forever" {
            loop {
                std::thread::park();
            }
        }
        let nonce = BAD_NONCE.to_owned();
        Ok(Seal::Found { nonce })
    }

    fn check_seal(
        &self,
        header: &Header,
        _parent: Option<&Header>,
        _target: &Target,
    ) -> Result<SealVerdict, Error> {
        if header.creator == "forever" {
            loop {
                std::thread::park();
            }
        }
        Ok(match &*header.nonce {
            BAD_NONCE => SealVerdict::Invalid(Invalid::new("seal", "it does not like x")),
            _ => SealVerdict::Valid,
        })
    }
}

plugcoin_sdk::register!(Consensus, "brittle-seal", |_| Ok(BrittleSeal));
