//! Explaining what was accepted and refused, and refusing what made a plugin fail.

use plugcoin_sdk::Invalid;
use plugcoin_sdk::ledger::{Hash, Transaction};

use super::Node;
use crate::explain::{Asked, Explanation, Outcome};
use crate::judging::draft_on;
use crate::rules::Halt;

impl Node {
    /// Why a block or a transaction was accepted or refused; none if nothing is known of it.
    ///
    /// * What was refused is remembered for a while: the last thousand items.
    /// * A withheld block is not known.
    pub fn explain(&self, id: &Hash) -> Option<Explanation> {
        let of = |what, verdict, nr, asked| {
            Some(Explanation {
                id: *id,
                what,
                verdict,
                nr,
                refused_us: None,
                asked,
            })
        };
        if let Some(index) = self.tree.find(id).filter(|_| self.serves(id)) {
            let nr = self.tree.nr(index);
            let verdict = match self.tree.is_best(index) {
                true => Outcome::OnBestChain,
                false => Outcome::OnSideBranch,
            };
            let mut asked = match nr {
                // The genesis block is given, not judged.
                0 => Vec::new(),
                _ => self.rules_of_block(nr),
            };
            if let Some(seal) = asked.iter_mut().find(|asked| asked.rule == "target") {
                *seal = seal.clone().seeing(id, self.tree.target(index));
            }
            return of("block", verdict, Some(nr), asked);
        }
        if self.orphans.missing(id).is_some() {
            return of("block", Outcome::WaitingForParent, None, Vec::new());
        }
        if let Some(nr) = self.state.transaction_nr(id) {
            let asked = self.rules_of_transaction(nr);
            return of("transaction", Outcome::OnBestChain, Some(nr), asked);
        }
        if self.pool.contains(id) {
            let mut asked = self.rules_of_transaction(self.next_nr());
            asked.push(Asked::of("admission", &self.rules.hooks.mempool));
            return of("transaction", Outcome::Waiting, None, asked);
        }
        self.refused.get(id).cloned()
    }

    /// The rules that block `nr` was held against, in their order.
    fn rules_of_block(&self, nr: u64) -> Vec<Asked> {
        let hooks = &self.rules.hooks;
        let mut asked = vec![
            Asked::of_core("parent"),
            Asked::of_core("hash"),
            Asked::of("target", hooks.difficulty.at(nr)),
            Asked::of("seal", hooks.consensus.at(nr)),
        ];
        let further = hooks.validity_at(nr);
        asked.extend(further.map(|rule| Asked::of("further rule", rule)));
        asked.extend([
            Asked::of_core("count"),
            Asked::of("merkle_root", hooks.merkle.at(nr)),
            Asked::of("reward", hooks.reward.at(nr)),
            Asked::of_core("transactions"),
        ]);
        asked.extend(self.rules_of_transaction(nr));
        asked
    }

    /// The rules that a transaction of block `nr` was held against, in their order.
    fn rules_of_transaction(&self, nr: u64) -> Vec<Asked> {
        let hooks = &self.rules.hooks;
        let mut asked = vec![Asked::of("signature", hooks.signer.at(nr))];
        let further = hooks.validity_at(nr);
        asked.extend(further.map(|rule| Asked::of("further rule for transactions", rule)));
        asked.push(Asked::of_core("funds"));
        asked
    }

    /// Remembers why something was refused.
    pub(super) fn refuse(
        &mut self,
        id: Hash,
        what: &'static str,
        nr: Option<u64>,
        reason: &Invalid,
        now_us: i64,
    ) {
        let trace = self.rules.trace.get_mut();
        self.refused.add(id, what, nr, reason, trace, now_us);
    }

    /// Refuses what made a plugin fail before; anything else is now what is judged.
    ///
    /// * A block is refused for its payments, too: nobody stops the node anew by putting one that did
    ///   so before into ever other blocks.
    pub(super) fn check_poison(&self, hash: Hash, payments: &[Transaction]) -> Result<(), Halt> {
        self.rules.note("fault");
        let refuse = |why: &str, hash: Hash| {
            let invalid = Invalid::new("fault", why).observed(hash);
            Err(invalid.for_now().into())
        };
        if self.is_poison(&hash) {
            let why = "it made a plugin fail, and the node stop, when it came before";
            return refuse(why, hash);
        }
        // Hashing all leaves is for nothing where nothing ever failed.
        if !self.config.poison.is_empty()
            && let Some(bad) = { payments }.iter().find(|one| self.is_poison(&one.leaf()))
        {
            let why =
                "it has a payment that made a plugin fail, and the node stop, when it came before";
            return refuse(why, bad.leaf());
        }
        self.rules.judging.set(Some(hash));
        Ok(())
    }

    /// Whether no rule failed over a block of its own on this parent.
    pub(super) fn may_draft_on(&self, parent: &Hash) -> bool {
        self.config.poison.is_empty() || !self.is_poison(&draft_on(parent))
    }

    pub(super) fn is_poison(&self, hash: &Hash) -> bool {
        self.config.poison.contains(hash)
    }
}
