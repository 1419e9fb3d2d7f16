//! A core on a bench: memory storage, a plain signer, no difficulty, a clock that is set by hand.

use std::sync::Arc;

use plugcoin_core::chain::Served;
use plugcoin_core::{Config, Input, Job, Journal, Levels, Node, Output, Reply, Step};
use plugcoin_sdk::hooks::{Event, Gossip, KeyPair, Origin, PeerRequest, Record, Storage};
use plugcoin_sdk::ledger::{Block, Sum, Transaction, genesis};
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_testkit::doubles::{MemoryStorage, PlainSigner};
use plugcoin_testkit::fixtures::{self, START_US};

/// The key that the bench's node is paid on.
pub(crate) const OWN: &str = "own-key";

pub(crate) fn hooks(storage: Arc<dyn Storage>) -> Hooks {
    Hooks {
        storage: Active::new("memory", storage),
        consensus: Schedule::always(
            "proof-of-work",
            Arc::new(proof_of_work::ProofOfWork::default()),
        ),
        signer: Schedule::always("plain", Arc::new(PlainSigner)),
        gossip: Active::new("flood", Arc::new(flood::FloodGossip)),
        difficulty: Schedule::always("zeros", Arc::new(zeros::Zeros::new(0))),
        fork_choice: Active::new("most-work", Arc::new(most_work::MostWork::default())),
        reward: Schedule::always(
            "fixed-reward",
            Arc::new(fixed_reward::FixedReward::default()),
        ),
        merkle: Schedule::always("merkle-tree", Arc::new(merkle_tree::MerkleTree)),
        mempool: Active::new("fifo", Arc::new(fifo::Fifo::default())),
        validity: vec![Scheduled::always(
            "time",
            Arc::new(time::TimeRule::default()),
        )],
        observers: Vec::new(),
    }
}

pub(crate) fn wallet() -> KeyPair {
    fixtures::key_pair(OWN)
}

pub(crate) struct Bench {
    pub(crate) node: Node,
    pub(crate) storage: Arc<MemoryStorage>,
    pub(crate) now_us: i64,
    pub(crate) served: Served,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Config {
            first_coin: false,
            ..Config::default()
        })
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::on(Arc::new(MemoryStorage::new()), config)
    }

    /// A bench whose node knows one peer, which answers nothing.
    pub(crate) fn with_peer(config: Config) -> Self {
        let pinned = vec!["127.0.0.1:7001".parse().unwrap()];
        Self::with(Config { pinned, ..config })
    }

    /// A bench whose node keeps mining and tells by this gossip.
    pub(crate) fn gossiping(gossip: Arc<dyn Gossip>) -> Self {
        let storage = Arc::new(MemoryStorage::new());
        let mut hooks = hooks(storage.clone());
        hooks.gossip = Active::new("gossip", gossip);
        let config = Config {
            mine: true,
            ..Config::default()
        };
        Self::by(hooks, storage, config)
    }

    pub(crate) fn on(storage: Arc<MemoryStorage>, config: Config) -> Self {
        Self::by(hooks(storage.clone()), storage, config)
    }

    pub(crate) fn by(hooks: Hooks, storage: Arc<MemoryStorage>, config: Config) -> Self {
        let now_us = START_US + 1_000_000_000_000;
        let (node, records) =
            Node::open(now_us, config, hooks, Some(wallet()), Journal::SameRules).unwrap();
        if !records.is_empty() {
            storage.append(&records).unwrap();
        }
        Self {
            node,
            storage,
            now_us,
            served: Served::default(),
        }
    }

    /// The same journal in a new node, as after a restart.
    pub(crate) fn restarted(&self) -> Self {
        let storage = Arc::new(MemoryStorage::with(self.storage.records()));
        Self::on(
            storage,
            Config {
                first_coin: false,
                ..Config::default()
            },
        )
    }

    pub(crate) fn handle(&mut self, input: Input) -> Step {
        let step = self.node.handle(self.now_us, input).unwrap();
        self.node.hide(&mut self.served);
        if !step.records.is_empty() {
            self.storage.append(&step.records).unwrap();
        }
        self.node.committed();
        self.node.show(&mut self.served);
        let served: Vec<_> = self.served.clone().all().collect();
        assert_eq!(Some(served), self.node.levels(Levels::All));
        step
    }

    pub(crate) fn block(&mut self, block: &Block) -> Step {
        self.handle(Input::BlockReceived {
            block: block.clone(),
            origin: Origin::Client,
        })
    }

    pub(crate) fn transaction(&mut self, transaction: &Transaction) -> Step {
        let transaction = transaction.clone();
        self.handle(Input::TransactionReceived {
            transaction,
            origin: Origin::Client,
        })
    }

    pub(crate) fn pay(&mut self, to: &str, sum: &str) -> Step {
        self.handle(Input::PaymentRequested {
            to: to.into(),
            sum: Sum::parse(sum).unwrap(),
        })
    }

    pub(crate) fn take(&mut self, blocks: &[Block]) {
        for block in blocks {
            let step = self.block(block);
            assert_eq!(step.reply, Reply::Accepted(block.hash()));
            assert_eq!(step.records, [Record::Block(block.clone())]);
        }
    }

    pub(crate) fn balance(&self, key: &str) -> String {
        self.node.balance(key).to_string()
    }
}

pub(crate) fn refusal(step: &Step) -> &plugcoin_sdk::Invalid {
    assert!(step.records.is_empty(), "what is refused is not kept");
    match &step.reply {
        Reply::Refused(invalid) => invalid,
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn events(step: &Step) -> Vec<&Event> {
    step.outputs
        .iter()
        .filter_map(|output| match output {
            Output::Tell(event) => Some(event),
            _ => None,
        })
        .collect()
}

pub(crate) fn job(step: &Step) -> Option<&Job> {
    step.outputs.iter().find_map(|output| match output {
        Output::Seal(job) => Some(&**job),
        _ => None,
    })
}

/// A chain on the genesis block whose blocks pay this creator.
pub(crate) fn branch(creator: &str, length: u64) -> Vec<Block> {
    fixtures::chain_on(&genesis(), creator, length)
}

pub(crate) fn requests(step: &Step) -> Vec<&PeerRequest> {
    step.outputs
        .iter()
        .filter_map(|output| match output {
            Output::Call(call) => Some(&call.request),
            _ => None,
        })
        .collect()
}
