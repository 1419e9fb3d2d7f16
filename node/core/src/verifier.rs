//! [`Verifier`]: verifies signatures, each once, ahead of the node or within it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::hooks::{SealVerdict, Signed};
use plugcoin_sdk::ledger::{Block, Hash, SYSTEM, Transaction};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_sdk::{Error, ErrorKind};

use crate::limits::{BAD_SIGNATURES_MAX, SIGNATURES_MAX};

/// Verifies signatures and remembers what it found, by leaf hash and signer.
///
/// * A node has one, and asks it for all signatures. What surrounds the node may ask the same one
///   beforehand, on any thread and in large batches: the node finds the answers ready.
/// * Whether, when and how much was asked beforehand changes no verdict, only who works: an answer
///   depends on the signer, the text and the signature alone, and what is not remembered is asked
///   again.
/// * It remembers so many answers and no more; the oldest give way.
pub struct Verifier {
    hooks: Hooks,
    poison: HashSet<Hash>,
    memory: Mutex<Memory>,
}

/// A leaf hash, with the first height of the signer that is asked.
type Key = (u64, Hash);

impl Verifier {
    pub(crate) fn new(hooks: Hooks, poison: HashSet<Hash>) -> Self {
        Self {
            hooks,
            poison,
            memory: Mutex::new(Memory::default()),
        }
    }

    /// Whether the signatures of some transactions hold by the rules of block `nr`, in their order.
    ///
    /// # Errors
    /// [`Error`] if the signer's plugin failed.
    pub(crate) fn hold(&self, nr: u64, transactions: &[Transaction]) -> Result<Vec<bool>, Error> {
        let all: Vec<&Transaction> = transactions.iter().collect();
        self.verify(nr, &all)
    }

    /// Verifies beforehand the signatures of transactions, each with the height of the block that it
    /// would be in, as one batch.
    ///
    /// * What looks wrong at once is left to the node, and costs nothing here.
    pub fn transactions(&self, transactions: &[(u64, Transaction)]) {
        let all = transactions
            .iter()
            .map(|(nr, transaction)| (*nr, transaction));
        self.beforehand(all);
    }

    /// Whether a signature was found to hold, by the rules of block `nr`.
    pub fn holds(&self, nr: u64, transaction: &Transaction) -> bool {
        self.answer(nr, transaction) == Some(true)
    }

    /// Whether the answer for a transaction that would be in block `nr` is ready.
    pub fn remembers(&self, nr: u64, transaction: &Transaction) -> bool {
        self.answer(nr, transaction).is_some()
    }

    /// Computes beforehand the hashes of blocks, and verifies the signatures in them, as one batch.
    ///
    /// * What looks wrong at once is left to the node, and costs little here: a hash that is not the
    ///   block's, a seal that would not even meet the easiest target.
    pub fn blocks(&self, blocks: &[Block]) {
        let sealed = blocks.iter().filter(|block| self.looks_sealed(block));
        self.beforehand(sealed.flat_map(|block| {
            let payments = block.transactions().iter();
            payments.map(|transaction| (block.nr(), transaction))
        }));
    }

    fn beforehand<'a>(&self, transactions: impl Iterator<Item = (u64, &'a Transaction)>) {
        // By the signers of the heights: there are seldom two.
        let mut due: Vec<(u64, u64, Vec<&Transaction>)> = Vec::new();
        for (nr, transaction) in transactions.filter(|(_, transaction)| self.is_due(transaction)) {
            let since = self.hooks.signer.since(nr);
            match due.iter_mut().find(|(other, ..)| *other == since) {
                Some((.., all)) => all.push(transaction),
                None => due.push((since, nr, vec![transaction])),
            }
        }
        for (_, nr, all) in due {
            // A fault is not remembered: the node asks again, and then knows over what it must stop.
            let _ = self.verify(nr, &all);
        }
    }

    fn is_due(&self, transaction: &Transaction) -> bool {
        let by_system = transaction.from() == SYSTEM || transaction.signature() == SYSTEM;
        !by_system && !self.poison.contains(&transaction.leaf())
    }

    fn looks_sealed(&self, block: &Block) -> bool {
        let (header, nr) = (block.header(), block.nr());
        if self.poison.contains(&header.hash) || block.computed_hash() != header.hash {
            return false;
        }
        let consensus = &self.hooks.consensus.at(nr).hook;
        let easiest = self.hooks.difficulty.at(nr).hook.easiest();
        let seal = consensus.check_seal(header, None, &easiest);
        !matches!(seal, Ok(SealVerdict::Invalid(_)) | Err(_))
    }

    fn verify(&self, nr: u64, transactions: &[&Transaction]) -> Result<Vec<bool>, Error> {
        let since = self.hooks.signer.since(nr);
        let keys: Vec<Key> = transactions
            .iter()
            .map(|transaction| (since, transaction.leaf()))
            .collect();
        let mut known: Vec<Option<bool>> = {
            let memory = self.memory();
            keys.iter().map(|key| memory.recall(key)).collect()
        };
        let new: Vec<usize> = (0..known.len()).filter(|&n| known[n].is_none()).collect();
        if !new.is_empty() {
            let signed = new.iter().map(|&n| signed(transactions[n]));
            let hold = self.ask(nr, &signed.collect::<Vec<_>>())?;
            let mut memory = self.memory();
            for (&n, holds) in new.iter().zip(hold) {
                memory.remember(keys[n], holds);
                known[n] = Some(holds);
            }
        }
        Ok(known
            .into_iter()
            .map(|holds| holds.unwrap_or(false))
            .collect())
    }

    fn ask(&self, nr: u64, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        let signer = self.hooks.signer.at(nr);
        let hold = match signed {
            [one] => vec![signer.hook.verify(one.key, one.text, one.signature)?],
            many => signer.hook.verify_batch(many)?,
        };
        if hold.len() != signed.len() {
            return Err(Error::new(
                ErrorKind::Plugin,
                "the signer answered for another number of signatures than it was given",
            )
            .with("plugin", &signer.plugin));
        }
        Ok(hold)
    }

    fn answer(&self, nr: u64, transaction: &Transaction) -> Option<bool> {
        let key = (self.hooks.signer.since(nr), transaction.leaf());
        self.memory().recall(&key)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(transaction: &Transaction) -> Signed<'_> {
    Signed {
        key: transaction.from(),
        text: transaction.unsigned_text(),
        signature: transaction.signature(),
    }
}

/// What was found of the latest signatures; bad ones drive out no good ones.
#[derive(Default)]
struct Memory {
    answers: HashMap<Key, bool>,
    good: VecDeque<Key>,
    bad: VecDeque<Key>,
}

impl Memory {
    fn recall(&self, key: &Key) -> Option<bool> {
        self.answers.get(key).copied()
    }

    fn remember(&mut self, key: Key, holds: bool) {
        if self.answers.insert(key, holds).is_some() {
            return;
        }
        let (order, max) = match holds {
            true => (&mut self.good, SIGNATURES_MAX),
            false => (&mut self.bad, BAD_SIGNATURES_MAX),
        };
        order.push_back(key);
        if order.len() > max
            && let Some(oldest) = order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}
