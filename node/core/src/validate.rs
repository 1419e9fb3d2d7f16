//! Validity in stages, a type for each: a structural `Block` or `Transaction`, then checked alone,
//! then connected in its place.

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::TransactionContext;
use plugcoin_sdk::ledger::{Block, Header, SYSTEM, Target, Transaction};

use crate::chain::{State, View};
use crate::rules::{Halt, Rules};

/// What is right in itself, wherever it stands.
#[derive(Clone, Debug)]
pub(crate) struct Checked<T>(T);

impl<T> Checked<T> {
    pub(crate) fn get(&self) -> &T {
        &self.0
    }

    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// A block that is valid on its parent, with the state after it.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) block: Block,
    pub(crate) view: View,
    pub(crate) target: Target,
}

impl Checked<Block> {
    /// Checks that a block's hash is its own.
    pub(crate) fn block(block: Block) -> Result<Self, Halt> {
        let computed = block.computed_hash();
        if computed != block.hash() {
            return Err(
                Invalid::new("hash", "the block's hash is not the hash of its text")
                    .observed(block.hash())
                    .required(computed)
                    .into(),
            );
        }
        Ok(Self(block))
    }

    /// Checks a block in its place; `view` is the state after its parent, and the seal is checked.
    pub(crate) fn connect(
        self,
        rules: &Rules,
        parent: &Header,
        target: Target,
        state: &State,
        mut view: View,
        now_us: i64,
    ) -> Result<Connected, Halt> {
        let block = self.0;
        rules.check_block(&block, parent, now_us)?;
        check_commitments(rules, &block)?;
        check_reward(rules, &block)?;
        check_payments(rules, &block, state, &mut view)?;
        Ok(Connected {
            block,
            view,
            target,
        })
    }

    /// The same for a block of the node's own journal, written under the same rules: what it says
    /// is believed.
    pub(crate) fn connect_own(
        self,
        target: Target,
        state: &State,
        mut view: View,
    ) -> Result<Connected, Halt> {
        view.apply(state, &self.0)?;
        Ok(Connected {
            block: self.0,
            view,
            target,
        })
    }
}

fn check_commitments(rules: &Rules, block: &Block) -> Result<(), Halt> {
    rules.note("count");
    let header = block.header();
    let count = block.transactions().len() as u64;
    if header.count != count {
        return Err(
            Invalid::new("count", "the block has another number of transactions")
                .observed(header.count)
                .required(count)
                .into(),
        );
    }
    if count == 0 {
        return Err(
            Invalid::new("reward", "the block has no transactions, and so no reward").into(),
        );
    }
    let merkle = rules.hooks.merkle.at(header.nr);
    rules.trace.borrow_mut().plugin("merkle_root", merkle);
    let root = rules.root(header.nr, block.transactions())?;
    if header.merkle_root != root {
        return Err(Invalid::new(
            "merkle_root",
            "the merkle root is not that of the transactions",
        )
        .observed(header.merkle_root)
        .required(root)
        .by(&merkle.plugin, &merkle.version)
        .into());
    }
    Ok(())
}

fn check_reward(rules: &Rules, block: &Block) -> Result<(), Halt> {
    let header = block.header();
    let plugin = rules.hooks.reward.at(header.nr);
    rules.trace.borrow_mut().plugin("reward", plugin);
    let refuse = |message: &str| plugin.says(Invalid::new("reward", message));
    let Some((reward, others)) = block.transactions().split_last() else {
        return Err(refuse("there is none").into());
    };
    let system = |transaction: &Transaction| {
        transaction.from() == SYSTEM || transaction.signature() == SYSTEM
    };
    if let Some(early) = others.iter().find(|transaction| system(transaction)) {
        return Err(
            refuse("a transaction from or signed by `System` that is not the last")
                .observed(early.id())
                .required("exactly one, the last")
                .into(),
        );
    }
    if !reward.is_reward() {
        return Err(refuse("the last transaction is no reward")
            .observed(format_args!("from {}", reward.from()))
            .required("from and signed by `System`")
            .into());
    }
    if reward.to() != header.creator {
        return Err(
            refuse("the reward goes to somebody else than the block's creator")
                .observed(reward.to())
                .required(&header.creator)
                .into(),
        );
    }
    if reward.timestamp() != header.timestamp {
        return Err(refuse("the reward's timestamp is not the block's")
            .observed(reward.timestamp())
            .required(header.timestamp)
            .into());
    }
    let due = rules.reward(header.nr)?;
    // The shortest form alone, so that one block can't be written in two ways.
    if reward.amount() != due || reward.sum_text() != due.to_string() {
        return Err(refuse("the reward is not what a miner may pay itself")
            .observed(reward.sum_text())
            .required(due)
            .into());
    }
    Ok(())
}

fn check_payments(
    rules: &Rules,
    block: &Block,
    state: &State,
    view: &mut View,
) -> Result<(), Halt> {
    rules.note("transactions");
    let count = block.transactions().len();
    view.reserve(count);
    // All are looked up before any is put anywhere: so the processor fetches their places at once.
    let mut ids = block.transactions().iter().map(Transaction::id);
    let known = ids.clone().find(|id| view.has(state, id));
    let twice = known.or_else(|| ids.find(|id| !view.add(*id, block.nr())));
    if let Some(id) = twice {
        return Err(
            Invalid::new("transactions", "a transaction that this branch has already")
                .observed(id)
                .required("each transaction once")
                .into(),
        );
    }
    let Some((reward, payments)) = block.transactions().split_last() else {
        return Ok(());
    };
    rules.check_signatures_in(block, payments)?;
    for payment in payments {
        let context = TransactionContext {
            nr: block.nr(),
            balance: *view.balance_mut(state, payment.from()),
            time_us: block.header().timestamp.us(),
        };
        rules.over(payment.leaf(), || {
            rules.check_transaction(payment, &context)
        })?;
        rules.note("funds");
        if !view.pay(state, payment) {
            return Err(Invalid::new("funds", "a sender pays more than it has")
                .observed(context.balance)
                .required(payment.amount())
                .into());
        }
    }
    view.pay(state, reward);
    Ok(())
}

impl Checked<Transaction> {
    /// A transaction of the best chain or of the node's own journal: it was checked, by the same rules.
    pub(crate) fn before(transaction: Transaction) -> Self {
        Self(transaction)
    }

    /// Checks a transaction's signature, by the rules of block `nr`; rewards come in blocks alone.
    pub(crate) fn transaction(
        rules: &Rules,
        transaction: Transaction,
        nr: u64,
    ) -> Result<Self, Halt> {
        if transaction.from() == SYSTEM || transaction.signature() == SYSTEM {
            return Err(Invalid::new("signature", "only a block can carry a reward")
                .observed(SYSTEM)
                .required("a payment that its sender signed")
                .into());
        }
        rules.check_signatures(nr, std::slice::from_ref(&transaction))?;
        Ok(Self(transaction))
    }
}
