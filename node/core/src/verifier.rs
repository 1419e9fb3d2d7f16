//! [`Verifier`]: verifies signatures, each once, ahead of the node or within it.

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plugcoin_sdk::hooks::{SealVerdict, Signed};
use plugcoin_sdk::ledger::{Block, Hash, Header, SYSTEM, Target, Transaction};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_sdk::{Error, ErrorKind};

use crate::judging::{Judging, batches};
use crate::latest::Latest;
use crate::limits::{BAD_SIGNATURES_MAX, SIGNATURES_MAX, VERIFIED_BLOCKS_MAX};

/// Verifies signatures and remembers what it found: of a payment by leaf hash and signer, and of a block
/// by its hash if all of it holds, so that a chain that is fetched drives no payments out.
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

/// What a block's seal is held against in its place.
#[derive(Clone, Debug)]
pub struct Stand {
    /// The header of the block on which it stands.
    pub parent: Header,
    /// The target.
    pub target: Target,
}

/// A leaf hash, or what stands for a seal, with the first height of the signer that is asked.
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
    /// [`Error`] if the signer's plugin failed; `judging` says over what.
    pub(crate) fn hold(
        &self,
        nr: u64,
        transactions: &[Transaction],
        judging: &Judging,
    ) -> Result<Vec<bool>, Error> {
        let all: Vec<&Transaction> = transactions.iter().collect();
        self.verify(nr, &all, judging)
    }

    /// Reads where what is remembered of a payment would be found by its leaf hash, and in a row with it what
    /// `others` touches, so that the processor has all of it near at hand afterwards.
    pub(crate) fn touch(&self, leaf: &Hash, others: impl FnOnce()) {
        // Held until all is touched: to lock and to let go waits for what is being fetched.
        let memory = self.memory();
        black_box(memory.good.get(leaf));
        others();
    }

    /// Whether all signatures in a block were found to hold beforehand, or there are none.
    pub fn held(&self, block: &Block) -> bool {
        let since = self.hooks.signer.since(block.nr());
        payments(block).is_empty() || self.memory().recalls_block(since, &block.computed_hash())
    }

    /// Whether the signature holds by which block `nr` is sealed.
    ///
    /// # Errors
    /// [`Error`] if the signer's plugin failed.
    pub(crate) fn seal_holds(&self, nr: u64, seal: &Signed<'_>) -> Result<bool, Error> {
        let lengths = format!("seal {} {} ", seal.key.len(), seal.signature.len());
        let parts = [&*lengths, seal.key, seal.signature, seal.text];
        let key = (self.hooks.signer.since(nr), Hash::of_parts(&parts));
        let known = self.memory().recall(&key);
        if let Some(holds) = known {
            return Ok(holds);
        }
        let signer = &self.hooks.signer.at(nr).hook;
        let holds = signer.verify(seal.key, seal.text, seal.signature)?;
        self.memory().remember(key, holds);
        Ok(holds)
    }

    /// Verifies beforehand the signatures of transactions, each with the height of the block that it
    /// would be in, as one batch; `judging` is the asking thread's own.
    ///
    /// * What looks wrong at once is left to the node, and costs nothing here.
    pub fn transactions(&self, transactions: &[(u64, Transaction)], judging: &Judging) {
        let all = transactions
            .iter()
            .map(|(nr, transaction)| (*nr, transaction));
        self.beforehand(all, judging);
    }

    /// Whether the answer for a transaction that would be in block `nr` is ready.
    pub fn remembers(&self, nr: u64, transaction: &Transaction) -> bool {
        self.answer(nr, transaction).is_some()
    }

    /// Verifies beforehand the signatures in blocks, as one batch.
    pub fn blocks(&self, blocks: &[Block], judging: &Judging) {
        let since = |block: &Block| self.hooks.signer.since(block.nr());
        for blocks in blocks.chunk_by(|a, b| since(a) == since(b)) {
            // As with transactions alone.
            let _ = self.verify_blocks(blocks, judging);
            judging.set(None);
        }
    }

    /// How many blocks, from the first on, look like a chain: each has its own hash, stands on the one
    /// before, and is sealed at least for the easiest target.
    ///
    /// * Computes their hashes, and verifies the signatures of their seals.
    pub fn chained(&self, blocks: &[Block], judging: &Judging) -> usize {
        let mut parent: Option<&Header> = None;
        let mut chained = 0;
        for block in blocks {
            let header = block.header();
            let stands = parent.is_none_or(|parent| header.previous_hash == Some(parent.hash));
            let easiest = self.hooks.difficulty.at(header.nr).hook.easiest();
            if !stands || !self.looks_sealed(block, parent, &easiest, judging) {
                break;
            }
            parent = Some(header);
            chained += 1;
        }
        chained
    }

    /// Whether a block has its own hash and is sealed for its place.
    pub fn is_sealed(&self, block: &Block, place: &Stand, judging: &Judging) -> bool {
        self.looks_sealed(block, Some(&place.parent), &place.target, judging)
    }

    fn beforehand<'a>(
        &self,
        transactions: impl Iterator<Item = (u64, &'a Transaction)>,
        judging: &Judging,
    ) {
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
            let _ = self.verify(nr, &all, judging);
            judging.set(None);
        }
    }

    /// Verifies what is in blocks under one signer.
    fn verify_blocks(&self, blocks: &[Block], judging: &Judging) -> Result<(), Error> {
        let Some(nr) = blocks.first().map(Block::nr) else {
            return Ok(());
        };
        let since = self.hooks.signer.since(nr);
        let new: Vec<&Block> = {
            let memory = self.memory();
            let is_new = |block: &&Block| {
                !payments(block).is_empty() && !memory.recalls_block(since, &block.computed_hash())
            };
            blocks.iter().filter(is_new).collect()
        };
        let all: Vec<&Transaction> = new.iter().flat_map(|block| payments(block)).collect();
        let due = all
            .iter()
            .copied()
            .filter(|one| self.is_due(one))
            .collect::<Vec<_>>();
        if due.len() < all.len() {
            // The node refuses one of them, or stops over it; what holds beside it is of use there alone.
            return self.verify(nr, &due, judging).map(drop);
        }
        let (hold, _) = self.find(nr, &all, judging)?;
        let mut memory = self.memory();
        let mut rest = &*hold;
        for block in new {
            let (its, after) = rest.split_at(payments(block).len());
            rest = after;
            if its.iter().all(|holds| *holds) {
                memory.remember_block(since, block.computed_hash());
                continue;
            }
            for (payment, &holds) in payments(block).iter().zip(its) {
                memory.remember((since, payment.leaf()), holds);
            }
        }
        Ok(())
    }

    fn is_due(&self, transaction: &Transaction) -> bool {
        let by_system = transaction.from() == SYSTEM || transaction.signature() == SYSTEM;
        !by_system && !self.poison.contains(&transaction.leaf())
    }

    fn looks_sealed(
        &self,
        block: &Block,
        parent: Option<&Header>,
        target: &Target,
        judging: &Judging,
    ) -> bool {
        let (header, nr) = (block.header(), block.nr());
        // Whatever happens now is blamed on this hash, so it must be the block's own.
        if self.poison.contains(&header.hash) || block.computed_hash() != header.hash {
            return false;
        }
        let consensus = &self.hooks.consensus.at(nr).hook;
        let length = consensus.nonce_length();
        if !(length.min..=length.max).contains(&header.nonce.len()) {
            return false;
        }
        judging.set(Some(header.hash));
        let sealed = match consensus.check_seal(header, parent, target) {
            Ok(SealVerdict::Valid) => true,
            Ok(SealVerdict::Verify(seal)) => {
                matches!(self.seal_holds(nr, &seal.signed()), Ok(true))
            }
            Ok(SealVerdict::Invalid(_)) | Err(_) => false,
        };
        judging.set(None);
        sealed
    }

    fn verify(
        &self,
        nr: u64,
        transactions: &[&Transaction],
        judging: &Judging,
    ) -> Result<Vec<bool>, Error> {
        let (hold, new) = self.find(nr, transactions, judging)?;
        if !new.is_empty() {
            let since = self.hooks.signer.since(nr);
            let mut memory = self.memory();
            for n in new {
                memory.remember((since, transactions[n].leaf()), hold[n]);
            }
        }
        Ok(hold)
    }

    /// Whether signatures hold, and the places of those that were not remembered and were asked for.
    fn find(
        &self,
        nr: u64,
        transactions: &[&Transaction],
        judging: &Judging,
    ) -> Result<(Vec<bool>, Vec<usize>), Error> {
        let since = self.hooks.signer.since(nr);
        let mut new = Vec::new();
        let mut hold: Vec<bool> = {
            let memory = self.memory();
            let transactions = transactions.iter().enumerate();
            let recall = |(n, transaction): (usize, &&Transaction)| {
                let known = memory.recall(&(since, transaction.leaf()));
                known.unwrap_or_else(|| {
                    new.push(n);
                    false
                })
            };
            transactions.map(recall).collect()
        };
        if !new.is_empty() {
            let due: Vec<&Transaction> = new.iter().map(|&n| transactions[n]).collect();
            for (&n, holds) in new.iter().zip(self.ask(nr, &due, judging)?) {
                hold[n] = holds;
            }
        }
        Ok((hold, new))
    }

    /// Asks the signer; if it fails, `judging` says over which transaction, or over batches if over none
    /// alone.
    fn ask(
        &self,
        nr: u64,
        transactions: &[&Transaction],
        judging: &Judging,
    ) -> Result<Vec<bool>, Error> {
        let whole = judging.get();
        let hold = match transactions {
            [_] => self.ask_singly(nr, transactions, judging)?,
            // A batch that never came back did not say over which of them.
            _ if self.poison.contains(&batches()) => self.ask_singly(nr, transactions, judging)?,
            _ => {
                judging.set(Some(batches()));
                let batch = self.ask_batch(nr, transactions);
                if batch.is_err() {
                    // It did not say so either; what is asked alone does.
                    self.ask_singly(nr, transactions, judging)?;
                    judging.set(Some(batches()));
                }
                batch?
            }
        };
        judging.set(whole);
        Ok(hold)
    }

    fn ask_singly(
        &self,
        nr: u64,
        transactions: &[&Transaction],
        judging: &Judging,
    ) -> Result<Vec<bool>, Error> {
        let signer = &self.hooks.signer.at(nr).hook;
        let ask = |one: &&Transaction| {
            judging.set(Some(one.leaf()));
            let Signed {
                key,
                text,
                signature,
            } = signed(one);
            signer.verify(key, text, signature)
        };
        transactions.iter().map(ask).collect()
    }

    fn ask_batch(&self, nr: u64, transactions: &[&Transaction]) -> Result<Vec<bool>, Error> {
        let signer = self.hooks.signer.at(nr);
        let all: Vec<Signed<'_>> = transactions.iter().map(|one| signed(one)).collect();
        let hold = signer.hook.verify_batch(&all)?;
        if hold.len() != all.len() {
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

/// What is signed in a block: all but the reward, which is the last.
fn payments(block: &Block) -> &[Transaction] {
    let others = block.transactions().split_last();
    others.map_or(&[], |(_, payments)| payments)
}

fn signed(transaction: &Transaction) -> Signed<'_> {
    Signed {
        key: transaction.from(),
        text: transaction.unsigned_text(),
        signature: transaction.signature(),
    }
}

/// What was found of the latest signatures, by what was signed.
struct Memory {
    /// Those that hold: the signer that said so.
    good: Latest<u64>,
    /// Those that do not, which so drive out none that holds.
    bad: Latest<u64>,
    /// The blocks in which all signatures held: the signer that was asked.
    blocks: Latest<u64>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            good: Latest::new(SIGNATURES_MAX),
            bad: Latest::new(BAD_SIGNATURES_MAX),
            blocks: Latest::new(VERIFIED_BLOCKS_MAX),
        }
    }
}

impl Memory {
    fn recall(&self, (since, hash): &Key) -> Option<bool> {
        let by_it = |asked: Option<u64>| asked == Some(*since);
        if by_it(self.good.get(hash)) {
            return Some(true);
        }
        by_it(self.bad.get(hash)).then_some(false)
    }

    fn remember(&mut self, (since, hash): Key, holds: bool) {
        let answers = match holds {
            true => &mut self.good,
            false => &mut self.bad,
        };
        answers.insert(hash, since);
    }

    fn recalls_block(&self, since: u64, hash: &Hash) -> bool {
        self.blocks.get(hash) == Some(since)
    }

    fn remember_block(&mut self, since: u64, hash: Hash) {
        self.blocks.insert(hash, since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(what: &str, n: usize) -> Hash {
        Hash::of(&format!("{what} {n}"))
    }

    #[test]
    fn bad_answers_drive_out_no_good_ones() {
        let mut memory = Memory::default();
        let good = (0, hash("good", 0));
        memory.remember(good, true);
        for n in 0..3 * BAD_SIGNATURES_MAX {
            memory.remember((0, hash("bad", n)), false);
            let latest = n.saturating_sub(BAD_SIGNATURES_MAX / 2 - 1);
            assert_eq!(memory.recall(&(0, hash("bad", latest))), Some(false));
        }
        assert_eq!(memory.recall(&(0, hash("bad", 0))), None);
        assert_eq!(memory.recall(&good), Some(true));
    }

    #[test]
    fn an_answer_is_that_of_the_signer_that_was_asked() {
        let mut memory = Memory::default();
        let of = |since| (since, hash("payment", 0));
        memory.remember(of(0), false);
        memory.remember(of(7), true);
        let recalled = [0, 7, 8].map(|since| memory.recall(&of(since)));
        assert_eq!(recalled, [Some(false), Some(true), None]);
        memory.remember_block(7, hash("block", 0));
        let recalled = [7, 8].map(|since| memory.recalls_block(since, &hash("block", 0)));
        assert_eq!(recalled, [true, false]);
    }
}
