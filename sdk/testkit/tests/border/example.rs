//! A plugin of every hook, whose answers are examples.

use std::sync::Arc;

use plugcoin_sdk::hooks::{
    Admission, Ancestor, BlockContext, Branch, Capacity, Consensus, Contact, Difficulty, Due,
    Event, ForkChoice, Gossip, GossipAction, GossipEvent, Item, ItemKind, KeyPair, Mempool, Merkle,
    Observer, Origin, PeerAnswer, PeerId, PeerReply, PeerRequest, PeerView, PoolSummary,
    Preference, Record, Reward, Seal, SealSignature, SealVerdict, Signer, Slice, Spread, Storage,
    Tip, TransactionContext, Transport, Validity, Wants,
};
use plugcoin_sdk::ledger::{
    Address, Amount, Block, Draft, Hash, Header, Target, Transaction, genesis, merkle,
};
use plugcoin_sdk::plugin::Provided;
use plugcoin_sdk::{Error, ErrorKind, Invalid, Verdict};
use plugcoin_testkit::fixtures::{START_US, chain, pay};

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct ExampleOptions {
        /// What it is good for.
        consensus coins: u64 = 1,
    }
}

pub(crate) struct Example;

plugcoin_sdk::register!(
    [
        Storage, Consensus, Signer, Gossip, Transport, Difficulty, ForkChoice, Reward, Merkle,
        Mempool, Validity, Observer
    ],
    "example",
    |options: ExampleOptions| {
        match options.coins {
            0 => Err(Error::new(
                ErrorKind::Configuration,
                "example.coins is 0; take 1 or more",
            )),
            _ => Ok(provided()),
        }
    }
);

pub(crate) fn provided() -> Provided {
    let example = Arc::new(Example);
    Provided {
        storage: Some(example.clone()),
        consensus: Some(example.clone()),
        signer: Some(example.clone()),
        gossip: Some(example.clone()),
        transport: Some(example.clone()),
        difficulty: Some(example.clone()),
        fork_choice: Some(example.clone()),
        reward: Some(example.clone()),
        merkle: Some(example.clone()),
        mempool: Some(example.clone()),
        validity: Some(example.clone()),
        observer: Some(example),
    }
}

pub(crate) fn block() -> Block {
    chain(1).remove(0)
}

pub(crate) fn payment() -> Transaction {
    pay("alice", "bob", "1.50", START_US)
}

pub(crate) fn invalid() -> Invalid {
    Invalid::new("size", "the payment is too large")
        .observed("1.5")
        .required("1 at most")
        .penalty(10)
}

impl Storage for Example {
    fn append(&self, _records: &[Record]) -> Result<(), Error> {
        Ok(())
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        visit(Record::Block(block()))?;
        visit(Record::Transaction(payment()))
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        Ok((*hash == block().hash()).then(|| block().text().into()))
    }

    fn location(&self) -> Option<String> {
        Some("example.db".into())
    }
}

impl Consensus for Example {
    fn seal(
        &self,
        _draft: &Draft,
        _parent: &Header,
        _target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        Ok(match slice.start {
            0 => Seal::Exhausted,
            1 => Seal::Found {
                nonce: "00000000000000000007".into(),
            },
            2 => Seal::Sign {
                text: "a text for the wallet to sign".into(),
            },
            _ => Seal::Wait {
                until_us: START_US + 1,
            },
        })
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        _target: &Target,
    ) -> Result<SealVerdict, Error> {
        Ok(match (header.nr, parent) {
            (0, _) => SealVerdict::Invalid(Invalid::new("seal", "the hash is above the target")),
            (_, None) => SealVerdict::Valid,
            _ => SealVerdict::Verify(Box::new(SealSignature {
                key: "alice".into(),
                text: "a text".into(),
                signature: "a signature".into(),
            })),
        })
    }
}

impl Signer for Example {
    fn scheme(&self) -> &str {
        "example"
    }

    fn verify(&self, key: &str, _text: &str, _signature: &str) -> Result<bool, Error> {
        Ok(key == "alice")
    }

    fn generate(&self, _seed: &[u8; 32]) -> Result<KeyPair, Error> {
        Ok(KeyPair {
            public: "alice".into(),
            secret: "ecila".into(),
        })
    }

    fn public_key(&self, secret: &str) -> Result<String, Error> {
        match secret {
            "ecila" => Ok("alice".into()),
            _ => Err(Error::new(
                ErrorKind::Configuration,
                "this is no secret key",
            )),
        }
    }

    fn sign(&self, _secret: &str, _text: &str) -> Result<String, Error> {
        Ok("a signature".into())
    }
}

impl Gossip for Example {
    fn targets(
        &self,
        _item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        _seed: u64,
    ) -> Result<Spread, Error> {
        Ok(match origin {
            Origin::Own => Spread::Withhold,
            _ => Spread::To(peers.iter().map(|peer| peer.id).collect()),
        })
    }

    fn on_event(
        &self,
        event: &GossipEvent,
        peers: &[PeerView],
    ) -> Result<Vec<GossipAction>, Error> {
        let to: Vec<PeerId> = peers.iter().map(|peer| peer.id).collect();
        Ok(match *event {
            GossipEvent::TipChanged { hash, .. } => vec![
                GossipAction::Announce {
                    item: Item {
                        kind: ItemKind::Block,
                        hash,
                    },
                    to: to.clone(),
                },
                GossipAction::Score {
                    peer: to[0],
                    points: 10,
                },
            ],
            GossipEvent::BlockAccepted { .. } => Vec::new(),
        })
    }
}

#[async_trait::async_trait]
impl Transport for Example {
    async fn call(
        &self,
        _to: &Address,
        _me: &Contact,
        request: PeerRequest,
    ) -> Result<PeerReply, Error> {
        let answer = match request {
            PeerRequest::Peers => PeerAnswer::Peers(vec!["127.0.0.1:6002".into()]),
            PeerRequest::Block(_) => PeerAnswer::Blocks(vec![block().text().into()]),
            PeerRequest::Page { .. } => PeerAnswer::Blocks(Vec::new()),
            PeerRequest::Plugins => PeerAnswer::Plugins(serde_json::json!({ "plugins": [] })),
            PeerRequest::PostBlock(_) => PeerAnswer::Taken,
            PeerRequest::PostTransaction(_) => PeerAnswer::Refused {
                status: 400,
                message: "sum: not enough funds".into(),
            },
        };
        let contact = contact();
        Ok(PeerReply { contact, answer })
    }
}

pub(crate) fn contact() -> Contact {
    Contact {
        tip: Some(Tip {
            nr: 0,
            hash: genesis().hash(),
        }),
        rules: Some(Hash::of("rules")),
        node: Some("5ad3".into()),
        port: Some(6001),
        address: None,
    }
}

impl Difficulty for Example {
    fn target(&self, _nr: u64, _ancestors: &[Ancestor]) -> Result<Target, Error> {
        Ok(Target::from_leading_zeros(5))
    }

    fn easiest(&self) -> Target {
        Target::from_leading_zeros(4)
    }

    fn wants(&self, nr: u64) -> Result<Wants, Error> {
        Ok(match nr {
            1 => Wants::Nothing,
            2 => Wants::Parent,
            3 => Wants::Last(2),
            _ => Wants::At(vec![1, 3]),
        })
    }
}

impl ForkChoice for Example {
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
        Ok(match a.hash < b.hash {
            true => Preference::A,
            false => Preference::B,
        })
    }
}

impl Reward for Example {
    fn reward(&self, _nr: u64) -> Result<Amount, Error> {
        Ok(Amount::from_units(150_000_000))
    }
}

impl Merkle for Example {
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error> {
        Ok(merkle::root(leaves))
    }
}

impl Mempool for Example {
    fn admit(&self, _transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error> {
        Ok(match pool.transactions {
            0 => Admission::Accept {
                priority: 7,
                expires_us: Some(START_US + 1),
            },
            _ => Admission::Refuse(invalid()),
        })
    }

    fn due(&self, pool: &PoolSummary, now_us: i64) -> Result<Due, Error> {
        Ok(match pool.transactions {
            0 => Due::No,
            1 => Due::At(now_us + 1),
            _ => Due::Now,
        })
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            transactions: 1000,
            bytes: 1 << 20,
        }
    }
}

impl Validity for Example {
    fn check_block(&self, block: &Block, context: &BlockContext<'_>) -> Result<Verdict, Error> {
        Ok(match context.now_us {
            0 => Invalid::new("clock", "the block is too far in the future")
                .observed(block.header().timestamp)
                .for_now()
                .into(),
            _ => Verdict::Valid,
        })
    }

    fn check_transaction(
        &self,
        _transaction: &Transaction,
        _context: &TransactionContext,
    ) -> Result<Verdict, Error> {
        Ok(invalid().into())
    }

    fn earliest_us(&self, parent: &Header) -> Result<Option<i64>, Error> {
        Ok(Some(parent.timestamp.us() + 1))
    }
}

impl Observer for Example {
    fn on_event(&self, _event: &Event, _now_us: i64) -> Result<(), Error> {
        Ok(())
    }
}
