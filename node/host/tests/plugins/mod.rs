//! Test plugins: one for each hook, under the name of the hook, and some besides.

use std::sync::Arc;

use plugcoin_sdk::hooks::*;
use plugcoin_sdk::ledger::*;
use plugcoin_sdk::plugin::Provided;
use plugcoin_sdk::{Error, ErrorKind, options, register};

/// What these tests have in the place of the real defaults.
pub(crate) const DEFAULTS: [(HookKind, &str); 11] = [
    (HookKind::Storage, "test-storage"),
    (HookKind::Consensus, "test-consensus"),
    (HookKind::Signer, "test-signer"),
    (HookKind::Gossip, "test-gossip"),
    (HookKind::Transport, "test-transport"),
    (HookKind::Difficulty, "test-zeros"),
    (HookKind::ForkChoice, "test-fork-choice"),
    (HookKind::Reward, "test-reward"),
    (HookKind::Merkle, "test-merkle"),
    (HookKind::Mempool, "test-mempool"),
    (HookKind::Validity, "test-time"),
];

/// Does nothing, in whatever place.
pub(crate) struct Nothing;

impl Storage for Nothing {
    fn append(&self, _: &[Record]) -> Result<(), Error> {
        Ok(())
    }
    fn replay(&self, _: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        Ok(())
    }
    fn read(&self, _: &Hash) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }
}

impl Consensus for Nothing {
    fn seal(&self, _: &Draft, _: &Header, _: &Target, _: Slice) -> Result<Seal, Error> {
        Ok(Seal::Exhausted)
    }
    fn check_seal(&self, _: &Header, _: Option<&Header>, _: &Target) -> Result<SealVerdict, Error> {
        Ok(SealVerdict::Valid)
    }
}

impl Signer for Nothing {
    fn scheme(&self) -> &str {
        "nothing"
    }
    fn verify(&self, _: &str, _: &str, _: &str) -> Result<bool, Error> {
        Ok(true)
    }
}

impl Gossip for Nothing {
    fn targets(&self, _: &Item, _: &Origin, _: &[PeerView], _: u64) -> Result<Spread, Error> {
        Ok(Spread::Withhold)
    }
}

#[async_trait::async_trait]
impl Transport for Nothing {
    async fn call(&self, _: &Address, _: &Contact, _: PeerRequest) -> Result<PeerReply, Error> {
        Err(Error::new(ErrorKind::Peer, "there is nobody"))
    }
}

impl Difficulty for Nothing {
    fn target(&self, _: u64, _: &[Ancestor]) -> Result<Target, Error> {
        Ok(self.easiest())
    }
    fn easiest(&self) -> Target {
        Target::MAX
    }
}

impl ForkChoice for Nothing {
    fn prefer(&self, _: &Branch, _: &Branch) -> Result<Preference, Error> {
        Ok(Preference::A)
    }
}

impl Reward for Nothing {
    fn reward(&self, _: u64) -> Result<Amount, Error> {
        Ok(Amount::ZERO)
    }
}

impl Merkle for Nothing {
    fn root(&self, _: &[Hash]) -> Result<Hash, Error> {
        Ok(Hash::default())
    }
}

impl Mempool for Nothing {
    fn admit(&self, _: &Transaction, _: &PoolSummary) -> Result<Admission, Error> {
        Ok(Admission::Accept {
            priority: 0,
            expires_us: None,
        })
    }
    fn due(&self, _: &PoolSummary, _: i64) -> Result<Due, Error> {
        Ok(Due::No)
    }
}

impl Validity for Nothing {}

impl Observer for Nothing {
    fn on_event(&self, _: &Event, _: i64) -> Result<(), Error> {
        Ok(())
    }
}

options! {
    /// The options of the test difficulties.
    pub(crate) struct ZerosOptions {
        /// How many zeros.
        consensus zeros: u32 = 4,
        /// How loud.
        local volume: u8 = 0,
    }
}

options! {
    /// The options of the test reward.
    pub(crate) struct RewardOptions {
        /// How much.
        consensus reward: Amount = Amount::from_coins(1),
        /// A word.
        local word: String = "plain".to_owned(),
    }
}

register!(Storage, "test-storage", |_| Ok(Nothing));
register!(Consensus, "test-consensus", |_| Ok(Nothing));
register!(Signer, "test-signer", |_, setup| match setup.data_dir {
    // A wallet needs the signer before there are any files.
    Some(_) if setup.port == 13 => Err(Error::new(ErrorKind::InUse, "somebody sits on 13")),
    _ => Ok(Nothing),
});
register!(Gossip, "test-gossip", |_| Ok(Nothing));
register!(Transport, "test-transport", |_| Ok(Nothing));
register!(Difficulty, "test-zeros", |_: ZerosOptions| Ok(Nothing));
register!(Difficulty, "test-five", rules = 2, |_: ZerosOptions| Ok(
    Nothing
));
register!(ForkChoice, "test-fork-choice", |_| Ok(Nothing));
register!(Reward, "test-reward", |_: RewardOptions| Ok(Nothing));
register!(Merkle, "test-merkle", |_| Ok(Nothing));
register!(Mempool, "test-mempool", |_| Ok(Nothing));
register!(Validity, "test-time", |_| Ok(Nothing));
register!(Validity, "test-strict", |_| Ok(Nothing));
register!(Validity, "test-drift", |_| Ok(Nothing));
register!(Observer, "test-observer", |_| Ok(Nothing));
register!([Gossip, ForkChoice, Observer], "test-selfish", |_| {
    let shared = Arc::new(Nothing);
    Ok(Provided {
        gossip: Some(shared.clone()),
        fork_choice: Some(shared.clone()),
        observer: Some(shared),
        ..Provided::default()
    })
});
register!([Gossip, Mempool], "test-liar", |_| {
    Ok(Provided {
        mempool: Some(Arc::new(Nothing)),
        ..Provided::default()
    })
});
