//! The active rules, each verdict with the name of the plugin that gave it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use plugcoin_sdk::hooks::{BlockContext, SealVerdict, TransactionContext};
use plugcoin_sdk::ledger::{Amount, Block, Hash, Header, Target, Transaction, Work};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_sdk::{Error, Invalid, Verdict};

use crate::chain::{Index, Tree};
use crate::explain::Trace;
use crate::judging::Judging;
use crate::verifier::Verifier;

/// Why something goes no further: a verdict on it, or a fault of ours.
#[derive(Debug)]
pub(crate) enum Halt {
    Invalid(Invalid),
    Fault(Error),
}

impl From<Invalid> for Halt {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

/// The hooks, and the signatures that they have verified already.
pub(crate) struct Rules {
    pub(crate) hooks: Hooks,
    pub(crate) verifier: Arc<Verifier>,
    /// What the item under judgement was held against so far.
    pub(crate) trace: RefCell<Trace>,
    /// What is judged now.
    pub(crate) judging: Judging,
}

impl Rules {
    pub(crate) fn new(hooks: Hooks, poison: HashSet<Hash>, judging: Judging) -> Self {
        Self {
            verifier: Arc::new(Verifier::new(hooks.clone(), poison)),
            hooks,
            trace: RefCell::default(),
            judging,
        }
    }

    /// Judges a part of something; if a rule fails now, it is over this part.
    pub(crate) fn over<T>(
        &self,
        part: Hash,
        judge: impl FnOnce() -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        let whole = self.judging.set(Some(part));
        let judged = judge();
        if !matches!(judged, Err(Halt::Fault(_))) {
            self.judging.set(whole);
        }
        judged
    }

    /// The target of the block that would stand on `parent`.
    pub(crate) fn target(&self, tree: &Tree, parent: Index) -> Result<Target, Error> {
        let nr = tree.nr(parent) + 1;
        let difficulty = &self.hooks.difficulty.at(nr).hook;
        difficulty.target(nr, &tree.ancestors(parent, &difficulty.wants(nr)?))
    }

    pub(crate) fn work(&self, nr: u64, target: &Target) -> Result<Work, Error> {
        self.hooks.consensus.at(nr).hook.work(target)
    }

    /// Notes a rule that holds under any plugins, before it is asked.
    pub(crate) fn note(&self, rule: &'static str) {
        self.trace.borrow_mut().core(rule);
    }

    /// The nonce's form, and the seal.
    pub(crate) fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<(), Halt> {
        let consensus = self.hooks.consensus.at(header.nr);
        let mut trace = self.trace.borrow_mut();
        trace.plugin("target", self.hooks.difficulty.at(header.nr));
        trace.plugin("seal", consensus);
        let length = consensus.hook.nonce_length();
        let characters = header.nonce.len();
        if characters < length.min || characters > length.max {
            return Err(Invalid::new("seal", "the nonce has a wrong length")
                .observed(format_args!("{characters} characters"))
                .required(format_args!("{} to {}", length.min, length.max))
                .by(&consensus.plugin, &consensus.version)
                .into());
        }
        let parent = parent.filter(|_| consensus.hook.looks_at_parent());
        match consensus.hook.check_seal(header, parent, target)? {
            SealVerdict::Valid => Ok(()),
            SealVerdict::Invalid(invalid) => Err(consensus.says(invalid).into()),
            SealVerdict::Verify(seal) => {
                let signer = self.hooks.signer.at(header.nr);
                trace.plugin("seal", signer);
                if self.verifier.seal_holds(header.nr, &seal.signed())? {
                    return Ok(());
                }
                Err(Invalid::new("seal", "the seal's signature does not hold")
                    .observed(&seal.signature)
                    .required(format_args!("a signature of {}", seal.key))
                    .by(&signer.plugin, &signer.version)
                    .into())
            }
        }
    }

    pub(crate) fn check_block(
        &self,
        block: &Block,
        parent: &Header,
        now_us: i64,
    ) -> Result<(), Halt> {
        let context = BlockContext { parent, now_us };
        for rule in self.hooks.validity_at(block.nr()) {
            self.trace.borrow_mut().plugin("further rule", rule);
            if let Verdict::Invalid(invalid) = rule.hook.check_block(block, &context)? {
                return Err(rule.says(invalid).into());
            }
        }
        Ok(())
    }

    pub(crate) fn check_transaction(
        &self,
        transaction: &Transaction,
        context: &TransactionContext,
    ) -> Result<(), Halt> {
        for rule in self.hooks.validity_at(context.nr) {
            let mut trace = self.trace.borrow_mut();
            trace.plugin("further rule for transactions", rule);
            drop(trace);
            if let Verdict::Invalid(invalid) = rule.hook.check_transaction(transaction, context)? {
                return Err(rule.says(invalid).into());
            }
        }
        Ok(())
    }

    /// The earliest time of a block on this parent, for a miner whose clock says `now_us`.
    pub(crate) fn time_us(&self, parent: &Header, now_us: i64) -> Result<i64, Error> {
        let mut time_us = now_us;
        for rule in self.hooks.validity_at(parent.nr + 1) {
            time_us = time_us.max(rule.hook.earliest_us(parent)?.unwrap_or(i64::MIN));
        }
        Ok(time_us)
    }

    pub(crate) fn reward(&self, nr: u64) -> Result<Amount, Error> {
        self.hooks.reward.at(nr).hook.reward(nr)
    }

    pub(crate) fn root(&self, nr: u64, transactions: &[Transaction]) -> Result<Hash, Error> {
        let leaves: Vec<Hash> = transactions.iter().map(Transaction::leaf).collect();
        self.hooks.merkle.at(nr).hook.root(&leaves)
    }

    /// The signatures in a block, of which these are the payments; those verified before are not again.
    pub(crate) fn check_signatures_in(
        &self,
        block: &Block,
        payments: &[Transaction],
    ) -> Result<(), Halt> {
        if !self.verifier.held(block) {
            return self.check_signatures(block.nr(), payments);
        }
        let signer = self.hooks.signer.at(block.nr());
        self.trace.borrow_mut().plugin("signature", signer);
        Ok(())
    }

    /// The signatures of some transactions of block `nr`; those verified before are not again.
    pub(crate) fn check_signatures(
        &self,
        nr: u64,
        transactions: &[Transaction],
    ) -> Result<(), Halt> {
        let signer = self.hooks.signer.at(nr);
        self.trace.borrow_mut().plugin("signature", signer);
        let hold = self.verifier.hold(nr, transactions, &self.judging)?;
        match transactions.iter().zip(hold).find(|(_, holds)| !holds) {
            None => Ok(()),
            Some((bad, _)) => Err(Invalid::new("signature", "the signature does not hold")
                .observed(bad.signature())
                .required(format_args!("a signature of {}", bad.from()))
                .by(&signer.plugin, &signer.version)
                .into()),
        }
    }
}
