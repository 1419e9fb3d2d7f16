//! `validity.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Remote, read};
use crate::hooks::{BlockContext, TransactionContext, Validity};
use crate::ledger::{Block, Header, Transaction, serde_texts};
use crate::{Error, Verdict};

#[derive(Serialize, Deserialize)]
struct CheckBlock<'a> {
    #[serde(with = "serde_texts::block")]
    block: Block,
    parent: Cow<'a, Header>,
    now_us: i64,
}

#[derive(Serialize, Deserialize)]
struct CheckTransaction<'a> {
    #[serde(with = "serde_texts::transaction")]
    transaction: Transaction,
    context: Cow<'a, TransactionContext>,
}

#[derive(Serialize, Deserialize)]
struct Earliest<'a> {
    parent: Cow<'a, Header>,
}

pub(super) fn answer(
    hook: &dyn Validity,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "check_block" => {
            let asked: CheckBlock<'_> = read(input)?;
            let context = BlockContext {
                parent: &asked.parent,
                now_us: asked.now_us,
            };
            to.send(&hook.check_block(&asked.block, &context)?)
        }
        "check_transaction" => {
            let asked: CheckTransaction<'_> = read(input)?;
            to.send(&hook.check_transaction(&asked.transaction, &asked.context)?)
        }
        "earliest_us" => to.send(&hook.earliest_us(&read::<Earliest<'_>>(input)?.parent)?),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Arc<dyn Validity> {
    Arc::new(There(remote))
}

struct There(Remote);

impl Validity for There {
    fn check_block(&self, block: &Block, context: &BlockContext<'_>) -> Result<Verdict, Error> {
        let asked = CheckBlock {
            block: block.clone(),
            parent: Cow::Borrowed(context.parent),
            now_us: context.now_us,
        };
        let verdict = self.0.ask_if_there("validity.check_block", &asked)?;
        Ok(verdict.unwrap_or(Verdict::Valid))
    }

    fn check_transaction(
        &self,
        transaction: &Transaction,
        context: &TransactionContext,
    ) -> Result<Verdict, Error> {
        let asked = CheckTransaction {
            transaction: transaction.clone(),
            context: Cow::Borrowed(context),
        };
        let verdict = self.0.ask_if_there("validity.check_transaction", &asked)?;
        Ok(verdict.unwrap_or(Verdict::Valid))
    }

    fn earliest_us(&self, parent: &Header) -> Result<Option<i64>, Error> {
        let asked = Earliest {
            parent: Cow::Borrowed(parent),
        };
        let earliest = self.0.ask_if_there("validity.earliest_us", &asked)?;
        Ok(earliest.flatten())
    }
}
