//! The road of a block: own and foreign ones take the same.

use std::collections::VecDeque;

use plugcoin_sdk::hooks::{Event, Item, ItemKind, Origin, Record};
use plugcoin_sdk::ledger::{Block, Hash, Transaction};
use plugcoin_sdk::{Error, Invalid};

use super::Node;
use crate::chain::{Change, Index, View};
use crate::judging::{Judged, draft_on};
use crate::limits::{SIDE_DEPTH_MAX, VIEWS_MAX};
use crate::rules::Halt;
use crate::step::{Output, Reply, Step};
use crate::validate::{Checked, Connected};

/// What everybody has after a side block, for the block that will stand on it.
///
/// * It is brought up to date when it is taken, so that a block on the tip costs nothing for it.
pub(super) struct Ready {
    block: Index,
    /// The tip from which the view's differences are.
    tip: Index,
    view: View,
}

/// How much of a block's validity is taken for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing.
    None,
    /// Nothing, but the node asked for it, however deep it lies.
    Asked,
    /// All: it comes from the node's own journal, written under the same rules.
    OwnJournal,
}

impl Node {
    pub(super) fn receive_block(
        &mut self,
        now_us: i64,
        block: Block,
        origin: Origin,
        asked: bool,
        step: &mut Step,
    ) -> Result<Reply, Halt> {
        let (hash, nr) = (block.hash(), block.nr());
        let reply = self.judge_block(now_us, block, &origin, asked, step);
        if let Err(Halt::Invalid(reason)) = &reply {
            self.refuse(hash, "block", Some(nr), reason, now_us);
            step.outputs.push(Output::Tell(Event::BlockRefused {
                hash,
                reason: reason.clone(),
            }));
        }
        if let Ok(Reply::Accepted(hash)) = &reply {
            self.connect_orphans(now_us, *hash, step)?;
        }
        reply
    }

    fn judge_block(
        &mut self,
        now_us: i64,
        block: Block,
        origin: &Origin,
        asked: bool,
        step: &mut Step,
    ) -> Result<Reply, Halt> {
        let hash = block.hash();
        let parent = block.header().previous_hash;
        // No known block stands on a bare tip: so this one need not be looked for far away. If it only says that
        // its hash is a known one's, the rule on the hash finds out.
        let is_new = parent.is_some_and(|parent| self.tree.is_bare_tip(&parent));
        if !is_new && self.tree.find(&hash).is_some() {
            return Ok(Reply::Known(Item {
                kind: ItemKind::Block,
                hash,
            }));
        }
        if let Some(missing) = self.orphans.missing(&hash) {
            return Ok(Reply::WaitingFor(missing));
        }
        self.rules.trace.get_mut().begin();
        self.check_poison(hash, block.transactions())?;
        if let (Origin::Own, Some(parent)) = (origin, parent) {
            self.rules.judging.set(Some(draft_on(&parent)));
        }
        let judged = self.judge_new_block(now_us, block, origin, asked, step);
        if !matches!(judged, Err(Halt::Fault(_))) {
            self.rules.judging.set(None);
        }
        judged
    }

    fn judge_new_block(
        &mut self,
        now_us: i64,
        block: Block,
        origin: &Origin,
        asked: bool,
        step: &mut Step,
    ) -> Result<Reply, Halt> {
        let hash = block.hash();
        self.rules.note("parent");
        let Some(parent_hash) = block.header().previous_hash else {
            return Err(
                Invalid::new("parent", "a block without a parent is the genesis block")
                    .observed("no previous hash")
                    .required("the hash of a block")
                    .into(),
            );
        };
        let Some(parent) = self.tree.find(&parent_hash) else {
            return self.hold_orphan(block, parent_hash, origin, step);
        };
        let trust = if asked { Trust::Asked } else { Trust::None };
        let connected = self.connect(now_us, block, parent, trust)?;
        let own = *origin == Origin::Own;
        let record = Record::Block(connected.block.clone());
        step.records.push(record.clone());
        self.insert(now_us, connected, parent, own, step)?;
        self.network.news.push((record, origin.clone()));
        Ok(Reply::Accepted(hash))
    }

    /// Judges a block on its parent, which is in the tree.
    pub(super) fn connect(
        &mut self,
        now_us: i64,
        block: Block,
        parent: Index,
        trust: Trust,
    ) -> Result<Connected, Halt> {
        let nr = self.tree.nr(parent) + 1;
        check_nr(&block, nr)?;
        let tip_nr = self.tree.nr(self.tree.tip());
        if trust == Trust::None && nr + SIDE_DEPTH_MAX < tip_nr {
            return Err(
                Invalid::new("depth", "the block lies too far under the tip")
                    .observed(format_args!("{} levels", tip_nr - nr))
                    .required(format_args!(
                        "at most {SIDE_DEPTH_MAX}, for a block nobody asked for"
                    ))
                    .for_now()
                    .into(),
            );
        }
        self.rules.note("hash");
        let checked = Checked::block(block)?;
        let target = self.rules.target(&self.tree, parent)?;
        if trust == Trust::OwnJournal {
            let view = self.view(parent)?;
            return checked.connect_own(target, &self.state, view);
        }
        let header = self.body(parent)?;
        let header = header.header();
        // Cheap rules come before the view, which may have to be rebuilt from the journal.
        self.rules
            .check_seal(checked.get().header(), Some(header), &target)?;
        self.touch_block(checked.get());
        let view = self.view(parent)?;
        checked.connect(&self.rules, header, target, &self.state, view, now_us)
    }

    fn hold_orphan(
        &mut self,
        block: Block,
        parent: Hash,
        origin: &Origin,
        step: &mut Step,
    ) -> Result<Reply, Halt> {
        let (hash, nr) = (block.hash(), block.nr());
        self.rules.note("hash");
        let checked = Checked::block(block)?;
        let easiest = self.rules.hooks.difficulty.at(nr).hook.easiest();
        self.rules
            .check_seal(checked.get().header(), None, &easiest)?;
        self.orphans.add(checked, parent, origin.clone());
        let missing = self.orphans.missing(&hash).unwrap_or(parent);
        step.outputs.push(Output::Tell(Event::BlockWaiting {
            hash,
            parent: missing,
        }));
        self.network.lacking.push((missing, origin.clone()));
        Ok(Reply::WaitingFor(missing))
    }

    /// Connects what waited for a block, and what waited for that, and so on.
    fn connect_orphans(&mut self, now_us: i64, parent: Hash, step: &mut Step) -> Result<(), Halt> {
        let mut parents = VecDeque::from([parent]);
        while let Some(parent) = parents.pop_front() {
            for (block, origin) in self.orphans.take_children(&parent) {
                let (hash, nr) = (block.hash(), block.nr());
                match self.judge_block(now_us, block, &origin, false, step) {
                    Ok(Reply::Accepted(hash)) => parents.push_back(hash),
                    Ok(_) => {}
                    Err(Halt::Invalid(reason)) => {
                        self.refuse(hash, "block", Some(nr), &reason, now_us);
                        step.outputs
                            .push(Output::Tell(Event::BlockRefused { hash, reason }));
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(())
    }

    /// Takes a valid block into the tree; chain, balances and pool follow.
    pub(super) fn insert(
        &mut self,
        now_us: i64,
        connected: Connected,
        parent: Index,
        own: bool,
        step: &mut Step,
    ) -> Result<(), Error> {
        let Connected {
            block,
            view,
            target,
        } = connected;
        let old_tip = self.tree.tip();
        let (hash, time_us) = (block.hash(), block.header().timestamp.us());
        let old_next = self.next_nr();
        let work = self.rules.work(block.nr(), &target)?;
        let choice = self.rules.hooks.fork_choice.hook.clone();
        self.recent.add(block.clone(), false);
        let change = self
            .tree
            .add(parent, hash, time_us, target, work, &*choice)?;
        let best = change != Change::Side;
        step.outputs.push(Output::Tell(Event::BlockAccepted {
            hash,
            nr: block.nr(),
            transactions: block.transactions().len() as u64,
            own,
            best,
        }));
        match change {
            Change::Extended => self.extend(&block, view, step),
            Change::Side => self.keep_view(hash, view),
            Change::Reorganised { fork, left, joined } => {
                let event = Event::Reorganised {
                    from: self.tree.hash(old_tip),
                    to: self.tree.hash(self.tree.tip()),
                    fork_nr: self.tree.nr(fork),
                    left: left.len() as u64,
                    joined: joined.len() as u64,
                };
                step.outputs.push(Output::Tell(event));
                let ready =
                    (joined.last().map(|&leaf| self.tree.hash(leaf)) == Some(hash)).then_some(view);
                self.reorganise(now_us, &left, &joined, ready, step)?;
            }
        }
        let hooks = &self.rules.hooks;
        if !hooks.judge_transactions_alike(old_next, self.next_nr()) {
            self.judge_whole_pool(now_us, step)?;
        }
        Ok(())
    }

    fn extend(&mut self, block: &Block, view: View, step: &mut Step) {
        self.state.apply(view);
        self.follow_with_pool(block, step);
    }

    /// The pool follows a block on the tip. While much is fetched nothing waits, mostly.
    fn follow_with_pool(&mut self, block: &Block, step: &mut Step) {
        if self.pool.len() == 0 {
            return;
        }
        for payment in may_have_waited(block) {
            self.pool_version += u64::from(self.pool.remove(&payment.id()).is_some());
        }
        let transactions = block.transactions().iter();
        self.judge_pool(transactions.flat_map(|one| [one.from(), one.to()]), step);
    }

    /// Puts a block of the own journal on the tip: what [`Self::connect`] and [`Self::insert`] do
    /// with it, by the short way, since a start does this for every block.
    ///
    /// * Neither it nor its transactions have positions before [`settle`](Self::settle).
    pub(super) fn extend_with_own(
        &mut self,
        now_us: i64,
        block: &Block,
        step: &mut Step,
    ) -> Result<(), Halt> {
        let (tip, next) = (self.tree.tip(), self.next_nr());
        check_nr(block, next)?;
        Checked::block(block.clone())?;
        let target = self.rules.target(&self.tree, tip)?;
        let work = self.rules.work(next, &target)?;
        self.state.extend(block)?;
        let time_us = block.header().timestamp.us();
        self.tree.extend_later(block.hash(), time_us, target, work);
        self.follow_with_pool(block, step);
        if !self
            .rules
            .hooks
            .judge_transactions_alike(next, self.next_nr())
        {
            self.settle();
            self.judge_whole_pool(now_us, step)?;
        }
        Ok(())
    }

    /// All blocks and transactions have their positions from now on.
    pub(super) fn settle(&mut self) {
        self.tree.settle();
        self.state.settle();
    }

    fn reorganise(
        &mut self,
        now_us: i64,
        left: &[Index],
        joined: &[Index],
        ready: Option<View>,
        step: &mut Step,
    ) -> Result<(), Error> {
        let view = match ready {
            Some(view) => view,
            None => self.view_over(left, joined)?,
        };
        self.views.clear();
        let mut touched: Vec<String> = view.keys().map(str::to_owned).collect();
        // In an order that is the same everywhere, since it is told what is dropped.
        touched.sort_unstable();
        for id in view.ids() {
            self.pool_version += u64::from(self.pool.remove(id).is_some());
        }
        let stay = self.state.apply(view);
        self.judge_pool(touched.iter().map(String::as_str), step);
        // One body after another: all of a deep branch would fill the memory.
        for &index in left {
            let block = self.body(index)?;
            let signer = &self.rules.hooks.signer;
            let signed = match signer.since(block.nr()) == signer.since(self.next_nr()) {
                true => Signed::ByTheSame,
                false => Signed::Unknown,
            };
            for transaction in block.transactions() {
                let id = transaction.id();
                if stay.contains_key(&id) {
                    continue;
                }
                self.state.leave_out(&id);
                if !transaction.is_reward() {
                    self.wait_again(now_us, transaction.clone(), signed, step)?;
                }
            }
        }
        Ok(())
    }

    /// Judges all that waits by the rules of the next block, since these have changed.
    fn judge_whole_pool(&mut self, now_us: i64, step: &mut Step) -> Result<(), Error> {
        for (transaction, _) in self.pool.in_order_of_arrival() {
            self.pool.remove(&transaction.id());
            self.wait_again(now_us, transaction, Signed::Unknown, step)?;
        }
        self.pool_version += 1;
        Ok(())
    }

    /// Lets a transaction that was accepted once wait again, or tells why not.
    fn wait_again(
        &mut self,
        now_us: i64,
        transaction: Transaction,
        signed: Signed,
        step: &mut Step,
    ) -> Result<(), Error> {
        let (id, nr) = (transaction.id(), self.next_nr());
        // If a rule fails now, it is over this, and not over the block that made it be judged.
        let outer = self.rules.judging.replace(Judged::default());
        let again = self
            .check_poison(transaction.leaf(), &[])
            .and_then(|()| match signed {
                Signed::ByTheSame => Ok(Checked::before(transaction)),
                Signed::Unknown => Checked::transaction(&self.rules, transaction, nr),
            })
            .and_then(|checked| self.admit(now_us, checked));
        if !matches!(again, Err(Halt::Fault(_))) {
            self.rules.judging.replace(outer);
        }
        match again {
            Ok(()) => Ok(()),
            Err(Halt::Invalid(reason)) => {
                let event = Event::TransactionDropped { id, reason };
                step.outputs.push(Output::Tell(event));
                Ok(())
            }
            Err(Halt::Fault(error)) => Err(error),
        }
    }

    /// Judges anew what the senders have waiting whose balance changed.
    fn judge_pool<'a>(&mut self, touched: impl Iterator<Item = &'a str>, step: &mut Step) {
        for key in touched {
            let dropped = self.pool.judge(key, || self.state.balance(key));
            self.tell_dropped(dropped, step);
        }
    }

    /// What everybody has after a block.
    fn view(&mut self, index: Index) -> Result<View, Error> {
        if index == self.tree.tip() {
            return Ok(View::at_tip(self.tree.nr(index)));
        }
        if let Some(ready) = self.views.iter().position(|ready| ready.block == index) {
            // Taken, not copied: a branch that grows hands its view on from block to block.
            let Ready { tip, mut view, .. } = self.views.remove(ready);
            if tip != self.tree.tip() {
                view.catch_up(self.view_over(&self.best_above(tip), &[])?);
            }
            return Ok(view);
        }
        let (fork, path) = self.tree.path_to_best(index);
        self.view_over(&self.best_above(fork), &path)
    }

    /// The best chain's blocks above one of it.
    fn best_above(&self, index: Index) -> Vec<Index> {
        let above = self.tree.nr(index) + 1..=self.tree.nr(self.tree.tip());
        above.filter_map(|nr| self.tree.best_at(nr)).collect()
    }

    /// What everybody has when some blocks leave the best chain's top and others join it.
    fn view_over(&self, left: &[Index], joined: &[Index]) -> Result<View, Error> {
        let top = left.last().copied().unwrap_or_else(|| self.tree.tip());
        let mut view = View::at_tip(self.tree.nr(top));
        for &index in left.iter().rev() {
            view.undo(&self.state, &self.body(index)?)?;
        }
        for &index in joined {
            view.apply(&self.state, &self.body(index)?)?;
        }
        Ok(view)
    }

    /// Keeps the view after a side block for the block that will stand on it.
    fn keep_view(&mut self, hash: Hash, view: View) {
        let Some(block) = self.tree.find(&hash) else {
            return;
        };
        if self.views.len() >= VIEWS_MAX {
            self.views.remove(0);
        }
        let tip = self.tree.tip();
        self.views.push(Ready { block, tip, view });
    }
}

/// What is known of the signature of what was accepted once.
#[derive(Clone, Copy)]
enum Signed {
    /// It held for the signer of the next block.
    ByTheSame,
    /// Another one may have been asked.
    Unknown,
}

/// What may have waited: the reward never does.
fn may_have_waited(block: &Block) -> impl Iterator<Item = &Transaction> {
    let all = block.transactions().iter();
    all.filter(|transaction| !transaction.is_reward())
}

fn check_nr(block: &Block, nr: u64) -> Result<(), Invalid> {
    match block.nr() == nr {
        true => Ok(()),
        false => Err(
            Invalid::new("parent", "the block's nr is not its parent's plus one")
                .observed(block.nr())
                .required(nr),
        ),
    }
}
