//! Any inputs to the core, one after the other: what it says of itself stays true.

use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use plugcoin_core::chain::Served;
use plugcoin_core::{
    Answer, Answered, CallFailure, Config, Input, Journal, Levels, Node, Output, Reply, Step,
};
use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Contact, Origin, PeerId, Record, Storage as _, Tip};
use plugcoin_sdk::ledger::{Amount, Block, Sum, Transaction, genesis};
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_testkit::doubles::{MemoryStorage, PlainSigner};
use plugcoin_testkit::fixtures::{self, SECOND_US, START_US};

/// Who pays and is paid: few, so that they meet.
const KEYS: [&str; 4] = ["own-key", "alice", "bob", "miner"];

/// How many inputs there are at most.
const INPUTS_MAX: usize = 60;

/// * The height never falls, and what everybody has together is what genesis and the rewards of the
///   best chain gave.
/// * What is accepted is written down, waits or is in a block.
/// * What may be served is what the node has.
/// * A node that starts with the same journal has the same tip, the same balances, and waiting what
///   waited.
pub(crate) fn hold(bytes: &[u8]) {
    let mut world = World::new();
    let mut from = Unstructured::new(bytes);
    for _ in 0..INPUTS_MAX {
        if from.is_empty() || world.act(&mut from).is_err() {
            break;
        }
    }
    world.restart();
}

struct World {
    node: Node,
    storage: Arc<MemoryStorage>,
    served: Served,
    now_us: i64,
    /// Blocks that were made, whoever has them.
    blocks: Vec<Block>,
    payments: Vec<Transaction>,
    /// Calls and jobs that wait for their ends.
    calls: Vec<u64>,
    jobs: Vec<u64>,
}

impl World {
    fn new() -> Self {
        let now_us = START_US + 3_600 * SECOND_US;
        let storage = Arc::new(MemoryStorage::new());
        let (node, records) = open(&storage, now_us);
        storage.append(&records).unwrap();
        Self {
            node,
            storage,
            served: Served::default(),
            now_us,
            blocks: vec![genesis()],
            payments: Vec::new(),
            calls: Vec::new(),
            jobs: Vec::new(),
        }
    }

    fn act(&mut self, from: &mut Unstructured<'_>) -> Result<()> {
        let input = match from.int_in_range(0..=11)? {
            0..=2 => {
                let block = self.block(from)?;
                self.blocks.push(block.clone());
                let origin = origin(from)?;
                Input::BlockReceived { block, origin }
            }
            // Made, and not shown yet: its children are orphans.
            3 => {
                let block = self.block(from)?;
                self.blocks.push(block);
                return Ok(());
            }
            4 => Input::BlockReceived {
                block: from.choose(&self.blocks)?.clone(),
                origin: origin(from)?,
            },
            5 | 6 => {
                let transaction = self.payment(from)?;
                self.payments.push(transaction.clone());
                Input::TransactionReceived {
                    transaction,
                    origin: origin(from)?,
                }
            }
            7 => Input::PaymentRequested {
                to: (*from.choose(&KEYS)?).to_owned(),
                sum: sum(from)?,
            },
            8 => self.call_ended(from)?,
            9 => self.sealing(from)?,
            10 => {
                // Back as well, by a little.
                self.now_us += i64::from(from.arbitrary::<i16>()?) * 10_000;
                Input::Ticked
            }
            _ => {
                if from.ratio(1, 4)? {
                    self.restart();
                }
                Input::PeerIntroduced {
                    ip: [127, 0, 0, 1].into(),
                    contact: contact(from)?,
                }
            }
        };
        self.handle(input);
        Ok(())
    }

    fn handle(&mut self, input: Input) {
        let height = self.node.tip().nr;
        let step = self.node.handle(self.now_us, input).unwrap();
        self.node.hide(&mut self.served);
        self.storage.append(&step.records).unwrap();
        self.node.committed();
        self.node.show(&mut self.served);
        assert!(self.node.tip().nr >= height, "the height fell");
        self.is_kept(&step);
        let served: Vec<_> = self.served.clone().all().collect();
        assert_eq!(Some(served), self.node.levels(Levels::All));
        self.adds_up();
        for output in step.outputs {
            match output {
                Output::Call(call) => self.calls.push(call.id),
                Output::Seal(job) => self.jobs.push(job.id),
                _ => {}
            }
        }
    }

    fn is_kept(&self, step: &Step) {
        if let Reply::Accepted(hash) = &step.reply {
            let is_here = self.node.has_block(hash)
                || self.node.is_waiting(hash)
                || self.node.transaction_nr(hash).is_some();
            assert!(is_here, "{hash} was accepted, and is not here");
            let mut records = step.records.iter();
            assert!(records.any(|record| match record {
                Record::Block(block) => block.hash() == *hash,
                Record::Transaction(transaction) => transaction.id() == *hash,
            }));
        }
        for record in &step.records {
            match record {
                Record::Block(block) => assert_eq!(Block::parse(block.text()).as_ref(), Ok(block)),
                Record::Transaction(one) => {
                    assert_eq!(Transaction::parse(one.text()).as_ref(), Ok(one));
                }
            }
        }
    }

    fn adds_up(&self) {
        let balances = self.node.balances();
        let mut total = Amount::ZERO;
        for balance in balances.values() {
            assert!(*balance >= Amount::ZERO);
            total = total.checked_add(*balance).unwrap();
        }
        let genesis = genesis();
        let coins = genesis.transactions().iter().map(Transaction::amount);
        let first = coins.fold(Amount::ZERO, |sum, one| sum.checked_add(one).unwrap());
        // One coin for each block.
        let rewards = Amount::from_coins(self.node.tip().nr);
        assert_eq!(Some(total), first.checked_add(rewards));
        assert_eq!(self.node.total(), total);
    }

    fn restart(&mut self) {
        let (tip, balances) = (self.node.tip(), self.node.balances());
        let waiting = ids(&self.node);
        let storage = Arc::new(MemoryStorage::with(self.storage.records()));
        let (node, records) = open(&storage, self.now_us);
        assert!(records.is_empty());
        assert_eq!(node.tip(), tip);
        assert_eq!(node.balances(), balances);
        assert_eq!(ids(&node), waiting);
        (self.node, self.storage) = (node, storage);
        self.served = Served::default();
        self.node.show(&mut self.served);
        self.calls.clear();
        self.jobs.clear();
    }

    /// A block on any of those that were made, with payments that may fit, and perhaps a fault.
    fn block(&self, from: &mut Unstructured<'_>) -> Result<Block> {
        let back = from.int_in_range(0..=self.blocks.len().min(8) - 1)?;
        let parent = &self.blocks[self.blocks.len() - 1 - back];
        let mut transactions = Vec::new();
        while !self.payments.is_empty() && !from.is_empty() && from.ratio(1, 2)? {
            transactions.push(from.choose(&self.payments)?.clone());
        }
        if from.ratio(1, 8)? {
            transactions.push(fixtures::reward("miner", Amount::from_coins(1), START_US));
        }
        let time_us =
            START_US + (parent.nr() as i64 + 1) * SECOND_US + i64::from(from.arbitrary::<u8>()?);
        let creator = from.choose(&KEYS)?;
        let nonce = fixtures::nonce(from.int_in_range(0..=3)?);
        let block = fixtures::block(parent, creator, transactions, time_us, &nonce);
        if !from.ratio(1, 8)? {
            return Ok(block);
        }
        // Another digit somewhere; what is no block any more never reaches the core.
        let mut text = block.text().to_owned().into_bytes();
        let at = from.choose_index(text.len())?;
        text[at] = *from.choose(b"0123456789abcdef")?;
        let spoiled = String::from_utf8(text).ok();
        Ok(spoiled
            .and_then(|text| Block::parse(&text).ok())
            .unwrap_or(block))
    }

    fn payment(&self, from: &mut Unstructured<'_>) -> Result<Transaction> {
        if from.ratio(1, 4)? && !self.payments.is_empty() {
            return Ok(from.choose(&self.payments)?.clone());
        }
        let (payer, payee) = (from.choose(&KEYS)?, from.choose(&KEYS)?);
        let time_us = START_US + i64::from(from.arbitrary::<u8>()?) * SECOND_US;
        let payment = fixtures::pay(payer, payee, sum(from)?.text(), time_us);
        Ok(match from.ratio(1, 8)? {
            // Signed by nobody.
            true => {
                let text = payment.text().replace(payment.signature(), "c0de");
                Transaction::parse(&text).unwrap_or(payment)
            }
            false => payment,
        })
    }

    fn call_ended(&mut self, from: &mut Unstructured<'_>) -> Result<Input> {
        let call = match self.calls.is_empty() {
            true => from.arbitrary()?,
            false => self.calls.swap_remove(from.choose_index(self.calls.len())?),
        };
        let answer = match from.int_in_range(0..=5)? {
            0 => {
                return Ok(Input::CallEnded {
                    call,
                    result: Err(CallFailure::from("no answer")),
                });
            }
            1 => Answer::Told,
            2 => Answer::Peers(vec![
                "127.0.0.1:6001".to_owned(),
                from.arbitrary::<&str>()?.to_owned(),
            ]),
            3 => Answer::Plugins(serde_json::json!({"plugins": []})),
            _ => {
                let start = from.choose_index(self.blocks.len())?;
                let end = from.int_in_range(start..=self.blocks.len())?;
                let mut blocks: Vec<_> = self.blocks[start..end].iter().cloned().map(Ok).collect();
                if from.ratio(1, 8)? {
                    blocks.push(Err(Invalid::new("form", "it is no block")));
                }
                Answer::Blocks(blocks)
            }
        };
        let contact = contact(from)?;
        let result = Ok(Answered { contact, answer });
        Ok(Input::CallEnded { call, result })
    }

    fn sealing(&mut self, from: &mut Unstructured<'_>) -> Result<Input> {
        let job = match self.jobs.last() {
            Some(job) if from.ratio(7, 8)? => *job,
            _ => from.arbitrary()?,
        };
        Ok(match from.int_in_range(0..=2)? {
            0 => Input::Sealed {
                job,
                nonce: fixtures::nonce(from.arbitrary()?),
            },
            1 => Input::SealToSign {
                job,
                text: "a text".to_owned(),
            },
            _ => Input::SealToWait {
                job,
                until_us: self.now_us + i64::from(from.arbitrary::<u16>()?),
            },
        })
    }
}

fn open(storage: &Arc<MemoryStorage>, now_us: i64) -> (Node, Vec<Record>) {
    let hooks = Hooks {
        storage: Active::new("memory", Arc::clone(storage) as _),
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
    };
    let config = Config {
        mine: true,
        pinned: vec!["127.0.0.1:7001".parse().unwrap()],
        ..Config::default()
    };
    let wallet = fixtures::key_pair(KEYS[0]);
    Node::open(now_us, config, hooks, Some(wallet), Journal::SameRules).unwrap()
}

fn ids(node: &Node) -> Vec<plugcoin_sdk::ledger::Hash> {
    let waiting = node.waiting_transactions();
    let mut ids: Vec<_> = waiting
        .iter()
        .map(|(transaction, _)| transaction.id())
        .collect();
    ids.sort_unstable();
    ids
}

fn origin(from: &mut Unstructured<'_>) -> Result<Origin> {
    Ok(match from.int_in_range(0..=2)? {
        0 => Origin::Client,
        n => Origin::Peer(PeerId(n)),
    })
}

fn contact(from: &mut Unstructured<'_>) -> Result<Contact> {
    let nr = from.int_in_range(0..=80)?;
    let tip = Tip {
        nr,
        hash: fixtures::chain(1).remove(0).hash(),
    };
    Ok(Contact {
        port: Some(from.int_in_range(1..=7_010)?),
        tip: from.ratio(1, 2)?.then_some(tip),
        ..Contact::default()
    })
}

fn sum(from: &mut Unstructured<'_>) -> Result<Sum> {
    let sums = ["0.1", "0.25", "1", "1.50", "50", "0.00000001", "90000000"];
    Ok(Sum::parse(from.choose(&sums)?).unwrap())
}
