//! What was acknowledged, and what became of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::sync::Mutex;

use plugcoin_sdk::ledger::{Amount, Block, Hash, Transaction};
use serde_json::Value;

use super::client;
use super::nodes::Member;

/// Every payment that a node acknowledged.
#[derive(Default)]
pub(crate) struct Account {
    acknowledged: Mutex<HashMap<String, usize>>,
    faults: Mutex<Vec<String>>,
    /// What the payments became.
    outcome: Mutex<Outcome>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Outcome {
    pub(crate) height: u64,
    pub(crate) blocks: usize,
    pub(crate) on_chain: usize,
    pub(crate) waiting: usize,
    pub(crate) dropped: usize,
}

impl Account {
    /// Notes that this node acknowledged this payment.
    pub(crate) fn acknowledged(&self, id: &str, by: usize) {
        let mut acknowledged = self.acknowledged.lock().unwrap();
        acknowledged.insert(id.to_owned(), by);
    }

    /// How many payments were acknowledged.
    pub(crate) fn payments(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// What became of them.
    pub(crate) fn outcome(&self) -> Outcome {
        *self.outcome.lock().unwrap()
    }

    /// Notes what may not be.
    pub(crate) fn fault(&self, words: String) {
        println!("FAULT: {words}");
        self.faults.lock().unwrap().push(words);
    }

    /// Holds the journals of nodes that agree against what was acknowledged.
    pub(crate) fn settle(&self, members: &[Member], tip: &Value) {
        let books: Vec<_> = { members.iter() }
            .map(|member| Book::read(member, tip))
            .collect();
        let mut outcome = Outcome {
            height: u64::try_from(books[0].chain.len()).unwrap() - 1,
            blocks: books[0].blocks,
            ..Outcome::default()
        };
        if let Some(words) = books[0].balances_fault() {
            self.fault(words);
        }
        for (id, &by) in self.acknowledged.lock().unwrap().iter() {
            if books[by].paid.contains(id) {
                outcome.on_chain += 1;
            } else if books[by].waits(&members[by], id) {
                outcome.waiting += 1;
            } else if books[by].dropped.contains(id) {
                outcome.dropped += 1;
            } else {
                self.fault(format!("node {by} acknowledged {id}, which is nowhere"));
            }
        }
        *self.outcome.lock().unwrap() = outcome;
    }

    /// Checks that nothing was lost, and that nothing else happened that may not be.
    pub(crate) fn check(&self) {
        let faults = self.faults.lock().unwrap();
        let some: Vec<_> = faults.iter().take(20).collect();
        assert!(faults.is_empty(), "{} faults: {some:#?}", faults.len());
    }
}

/// What a node has on disk.
struct Book {
    /// The best chain, genesis first.
    chain: Vec<Block>,
    /// The ids of all payments on it.
    paid: HashSet<String>,
    /// How many blocks there are, on whatever branch.
    blocks: usize,
    /// The payments that came alone, by id.
    alone: HashMap<String, Transaction>,
    /// The ids of what was reported as dropped.
    dropped: HashSet<String>,
}

impl Book {
    fn read(member: &Member, tip: &Value) -> Self {
        let path = |kind: &str| member.dir().join(format!("{kind}-{}", member.port()));
        let journal = fs::read_to_string(path("blocks").with_extension("json")).unwrap();
        let (mut blocks, mut alone) = (HashMap::new(), HashMap::new());
        for line in journal.lines().map(|line| line.trim_end_matches(',')) {
            if let Ok(block) = Block::parse(line) {
                blocks.insert(block.hash(), block);
            } else if let Ok(paid) = Transaction::parse(line) {
                alone.insert(paid.id().to_string(), paid);
            } else {
                assert!(["[", "]"].contains(&line), "{}: {line}", member.address);
            }
        }
        let mut chain = Vec::new();
        let mut next: Hash = tip.as_str().unwrap().parse().unwrap();
        while let Some(block) = blocks.get(&next) {
            chain.push(block.clone());
            let Some(parent) = block.header().previous_hash else {
                break;
            };
            next = parent;
        }
        chain.reverse();
        assert_eq!(chain.first().map(Block::nr), Some(0), "a whole chain");
        let paid = { chain.iter().flat_map(Block::transactions) }
            .map(|paid| paid.id().to_string())
            .collect();
        let events = fs::read_to_string(path("events").with_extension("jsonl")).unwrap();
        let dropped = { events.lines() }
            .filter(|line| line.contains("\"transaction-dropped\""))
            .map(|line| {
                let event: Value = serde_json::from_str(line).unwrap();
                event["id"].as_str().unwrap().to_owned()
            })
            .collect();
        Self {
            paid,
            blocks: blocks.len(),
            chain,
            alone,
            dropped,
        }
    }

    /// Whether the node still has a payment: it refuses it as one that it has.
    fn waits(&self, member: &Member, id: &str) -> bool {
        self.alone.get(id).is_some_and(|paid| {
            let answer = client::ask(&member.address, "POST", "/inv", paid.text().as_bytes());
            answer.unwrap().1.contains("Transaction already exists")
        })
    }

    /// What is wrong if all payments are made again, one by one.
    fn balances_fault(&self) -> Option<String> {
        let mut balances: BTreeMap<&str, Amount> = BTreeMap::new();
        let mut coins = Amount::ZERO;
        for paid in self.chain.iter().flat_map(Block::transactions) {
            if paid.is_reward() {
                coins = coins.checked_add(paid.amount()).unwrap();
            } else {
                let balance = balances.entry(paid.from()).or_insert(Amount::ZERO);
                let Some(left) = balance.checked_sub(paid.amount()) else {
                    return Some(format!("{} paid more than it had", paid.from()));
                };
                *balance = left;
            }
            let balance = balances.entry(paid.to()).or_insert(Amount::ZERO);
            *balance = balance.checked_add(paid.amount()).unwrap();
        }
        let sum = { balances.values() }
            .try_fold(Amount::ZERO, |sum, amount| sum.checked_add(*amount))
            .unwrap();
        let expected = Amount::from_coins(50 + u64::try_from(self.chain.len()).unwrap() - 1);
        let adds_up = sum == coins && coins == expected;
        (!adds_up).then(|| format!("there are {sum} coins, and {expected} were made"))
    }
}
