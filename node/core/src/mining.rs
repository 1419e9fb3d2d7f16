//! When a block is due, and what goes into it.

use plugcoin_sdk::hooks::{Due, TransactionContext};
use plugcoin_sdk::ledger::{
    BLOCK_TEXT_BYTES_MAX, Block, Draft, Hash, Seed, Timestamp, Transaction,
};
use plugcoin_sdk::{Error, ErrorKind};

use crate::chain::{Index, State, View};
use crate::limits::{MISFITS_MAX, REDRAFT_US};
use crate::node::Config;
use crate::pool::Pool;
use crate::rules::{Halt, Rules};

/// The search that is under way.
#[derive(Debug)]
struct Search {
    id: u64,
    parent: Index,
    draft: Draft,
    since_us: i64,
    pool_version: u64,
}

/// Decides when to search for a block, and keeps account of the search under way.
#[derive(Debug, Default)]
pub(crate) struct Mining {
    search: Option<Search>,
    next_job: u64,
    /// No search on this tip before this moment.
    wait_until_us: Option<i64>,
    wait_tip: Option<Index>,
    last_own_us: Option<i64>,
    pub(crate) first_sync_ended: bool,
}

/// What mining comes to after a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Search on the tip, from a new draft.
    Begin {
        /// Whether a block of just its reward will do.
        empty: bool,
    },
    /// Stop what is under way.
    Stop,
    /// Leave it as it is.
    Keep,
}

/// What mining needs to know of the rest of the node.
pub(crate) struct Situation<'a> {
    pub(crate) tip: Index,
    pub(crate) tip_is_genesis: bool,
    pub(crate) wallet_is_empty: bool,
    pub(crate) can_mine: bool,
    pub(crate) pool: &'a Pool,
    pub(crate) pool_version: u64,
}

impl Mining {
    /// What to do now, and when to look again if nothing happens.
    pub(crate) fn intent(
        &mut self,
        rules: &Rules,
        config: &Config,
        at: &Situation<'_>,
        now_us: i64,
    ) -> Result<(Intent, Option<i64>), Error> {
        if self
            .wait_until_us
            .is_some_and(|until_us| until_us <= now_us || self.wait_tip != Some(at.tip))
        {
            self.wait_until_us = None;
        }
        let mut wake_us = self.wait_until_us;
        let mut earlier = |us: i64| wake_us = Some(wake_us.map_or(us, |wake| wake.min(us)));
        let (mut wanted, mut empty) = (false, false);
        if at.can_mine && self.wait_until_us.is_none() {
            match rules
                .hooks
                .mempool
                .hook
                .due(&at.pool.summary("", now_us), now_us)?
            {
                Due::Now => wanted = true,
                Due::At(us) if us <= now_us => wanted = true,
                Due::At(us) => earlier(us),
                Due::No => {}
            }
            empty |= config.first_coin
                && self.first_sync_ended
                && at.tip_is_genesis
                && at.wallet_is_empty;
            if config.mine {
                let from_us = self
                    .last_own_us
                    .map_or(now_us, |us| us.saturating_add(config.mine_interval_us));
                if from_us <= now_us {
                    empty = true;
                } else {
                    earlier(from_us);
                }
            }
        }
        let wanted = wanted || empty;
        let intent = match &self.search {
            None if wanted => Intent::Begin { empty },
            None => Intent::Keep,
            Some(_) if !wanted => Intent::Stop,
            Some(search) if search.parent != at.tip => Intent::Begin { empty },
            Some(search) if search.pool_version != at.pool_version => {
                let again_us = search.since_us + REDRAFT_US;
                if again_us <= now_us {
                    Intent::Begin { empty }
                } else {
                    earlier(again_us);
                    Intent::Keep
                }
            }
            Some(_) => Intent::Keep,
        };
        if intent == Intent::Stop {
            self.search = None;
        }
        Ok((intent, wake_us))
    }

    /// Begins a search.
    pub(crate) fn begin(
        &mut self,
        draft: Draft,
        parent: Index,
        pool_version: u64,
        now_us: i64,
    ) -> u64 {
        self.next_job += 1;
        self.search = Some(Search {
            id: self.next_job,
            parent,
            draft,
            since_us: now_us,
            pool_version,
        });
        self.next_job
    }

    /// The draft of a job, if that is still the one under way; the search is over then.
    pub(crate) fn take(&mut self, job: u64) -> Option<Draft> {
        match &self.search {
            Some(search) if search.id == job => self.search.take().map(|search| search.draft),
            _ => None,
        }
    }

    /// Ends the search, and says whether there was one.
    pub(crate) fn stop(&mut self) -> bool {
        self.search.take().is_some()
    }

    /// Ends a search that can't succeed on its tip before some moment.
    pub(crate) fn wait(&mut self, job: u64, until_us: i64) {
        if let Some(search) = self.search.take_if(|search| search.id == job) {
            self.pause(search.parent, until_us);
        }
    }

    /// Does not search on this tip before some moment.
    pub(crate) fn pause(&mut self, tip: Index, until_us: i64) {
        self.wait_until_us = Some(until_us);
        self.wait_tip = Some(tip);
    }

    /// The clock jumped by this.
    pub(crate) fn move_by(&mut self, by_us: i64) {
        let search_us = self.search.as_mut().map(|search| &mut search.since_us);
        let moments = [
            search_us,
            self.wait_until_us.as_mut(),
            self.last_own_us.as_mut(),
        ];
        for us in moments.into_iter().flatten() {
            *us = us.saturating_add(by_us);
        }
    }

    /// An own block was accepted.
    pub(crate) fn found(&mut self, now_us: i64) {
        self.last_own_us = Some(now_us);
    }
}

/// Puts a block together: what waits, best first, as far as it fits, and the reward.
pub(crate) fn template(
    rules: &Rules,
    pool: &Pool,
    state: &State,
    parent: &Block,
    creator: &str,
    now_us: i64,
) -> Result<Draft, Error> {
    let nr = parent.nr() + 1;
    let header = parent.header();
    let timestamp = Timestamp::from_us(rules.time_us(header, now_us)?);
    let reward =
        Transaction::reward(creator, rules.reward(nr)?, timestamp).map_err(not_a_creator)?;
    let seed = |merkle_root| Seed {
        nr,
        previous_hash: Some(parent.hash()),
        timestamp,
        creator: creator.to_owned(),
        merkle_root,
    };
    let nonce = rules.hooks.consensus.at(nr).hook.nonce_length().max;
    let frame = Draft::new(seed(Hash::default()), vec![reward.clone()]).map_err(not_a_creator)?;
    // The count may grow from one digit to six.
    let mut bytes = frame.block_text_bytes(nonce) + 6;
    let mut view = View::at_tip(parent.nr());
    let mut transactions = Vec::new();
    let mut misfits = 0;
    for transaction in pool.in_order() {
        let with = bytes + transaction.text().len() + 1;
        if with > BLOCK_TEXT_BYTES_MAX {
            misfits += 1;
            if misfits == MISFITS_MAX {
                break;
            }
            continue;
        }
        misfits = 0;
        let context = TransactionContext {
            nr,
            balance: view.balance(state, transaction.from()),
            time_us: timestamp.us(),
        };
        let check = || rules.check_transaction(transaction, &context);
        match rules.over(transaction.leaf(), check) {
            Ok(()) => {}
            Err(Halt::Invalid(_)) => continue,
            Err(Halt::Fault(error)) => return Err(error),
        }
        if view.pay(state, transaction) {
            bytes = with;
            transactions.push(transaction.clone());
        }
    }
    transactions.push(reward);
    let root = rules.root(nr, &transactions)?;
    Draft::new(seed(root), transactions).map_err(not_a_creator)
}

fn not_a_creator(invalid: plugcoin_sdk::Invalid) -> Error {
    Error::new(
        ErrorKind::Configuration,
        "rewards can't be paid to this key",
    )
    .because(invalid.to_string())
}
