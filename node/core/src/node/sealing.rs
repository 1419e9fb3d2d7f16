//! The node's own blocks: when one is begun, and what becomes of its seal.

use plugcoin_sdk::hooks::{KeyPair, Origin};
use plugcoin_sdk::ledger::Amount;
use plugcoin_sdk::{Error, ErrorKind};

use super::{Node, no_wallet};
use crate::judging::draft_on;
use crate::limits::{REDRAFT_US, REFUSED_OWN_US};
use crate::mining::{self, Intent, Situation};
use crate::rules::Halt;
use crate::step::{Job, Output, Reply, Step};

impl Node {
    /// A nonce was found for a job.
    pub(super) fn sealed(
        &mut self,
        now_us: i64,
        job: u64,
        nonce: &str,
        step: &mut Step,
    ) -> Result<Reply, Halt> {
        let Some(draft) = self.mining.take(job) else {
            return Ok(Reply::Nothing);
        };
        let nr = draft.nr();
        let parent = draft.seed().previous_hash.unwrap_or_default();
        let block = draft.sealed(nonce).map_err(|invalid| {
            self.rules.judging.set(Some(draft_on(&parent)));
            let plugin = &self.rules.hooks.consensus.at(nr).plugin;
            Error::new(
                ErrorKind::Plugin,
                "the consensus sealed with what is no nonce",
            )
            .with("plugin", plugin)
            .because(invalid.to_string())
        })?;
        let reply = self.receive_block(now_us, block, Origin::Own, false, step);
        match &reply {
            Ok(_) => self.mining.found(now_us),
            // The next one on this tip would fare alike.
            Err(_) => {
                let until_us = now_us.saturating_add(REFUSED_OWN_US);
                self.mining.pause(self.tree.tip(), until_us);
            }
        }
        reply
    }

    /// A job needs a text signed by the wallet.
    pub(super) fn sign_seal(
        &mut self,
        now_us: i64,
        job: u64,
        text: &str,
        step: &mut Step,
    ) -> Result<Reply, Halt> {
        let tip = self.tree.hash(self.tree.tip());
        let signature = self.rules.over(draft_on(&tip), || match &self.wallet {
            Some(wallet) => self.sign(wallet, text),
            None => Err(no_wallet().into()),
        });
        let signature = signature.inspect_err(|_| {
            // Nobody signs the next one on this tip either.
            let until_us = now_us.saturating_add(REFUSED_OWN_US);
            self.mining.wait(job, until_us);
        })?;
        self.sealed(now_us, job, &signature, step)
    }

    fn creator(&self) -> Option<String> {
        let wallet = || self.wallet.as_ref().map(|wallet| wallet.public.clone());
        self.config.reward_to.clone().or_else(wallet)
    }

    /// Begins, goes on with or stops searching a seal, as the tip and the pool are now; when to look again.
    pub(super) fn follow_with_mining(
        &mut self,
        now_us: i64,
        step: &mut Step,
    ) -> Result<Option<i64>, Error> {
        let creator = self.creator();
        let tip = self.tree.tip();
        let empty = |wallet: &KeyPair| self.state.balance(&wallet.public) == Amount::ZERO;
        let situation = Situation {
            tip,
            tip_is_genesis: self.tree.nr(tip) == 0,
            wallet_is_empty: self.wallet.as_ref().is_some_and(empty),
            can_mine: creator.is_some() && self.may_draft_on(&self.tree.hash(tip)),
            pool: &self.pool,
            pool_version: self.pool_version,
        };
        let (intent, wake_us) =
            self.mining
                .intent(&self.rules, &self.config, &situation, now_us)?;
        match (intent, creator) {
            (Intent::Begin { empty }, Some(creator)) => {
                let parent = self.body(tip)?;
                self.rules.judging.set(Some(draft_on(&parent.hash())));
                let draft = mining::template(
                    &self.rules,
                    &self.pool,
                    &self.state,
                    &parent,
                    &creator,
                    now_us,
                )?;
                let target = self.rules.target(&self.tree, tip)?;
                self.rules.judging.set(None);
                if draft.count() == 1 && !empty {
                    // What waits can't be mined now; a block without it would help nobody.
                    if self.mining.stop() {
                        step.outputs.push(Output::StopSealing);
                    }
                    let until_us = now_us.saturating_add(REDRAFT_US);
                    self.mining.pause(tip, until_us);
                    return Ok(Some(wake_us.map_or(until_us, |us| us.min(until_us))));
                }
                let id = self
                    .mining
                    .begin(draft.clone(), tip, self.pool_version, now_us);
                let job = Job {
                    id,
                    draft,
                    parent: parent.header().clone(),
                    target,
                };
                step.outputs.push(Output::Seal(Box::new(job)));
            }
            (Intent::Stop, _) => step.outputs.push(Output::StopSealing),
            _ => {}
        }
        Ok(wake_us)
    }
}
