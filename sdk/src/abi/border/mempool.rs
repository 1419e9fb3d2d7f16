//! `mempool.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Nothing, Remote, read};
use crate::Error;
use crate::hooks::{Admission, Capacity, Due, Mempool, PoolSummary};
use crate::ledger::{Transaction, serde_texts};

#[derive(Serialize, Deserialize)]
struct Admit<'a> {
    #[serde(with = "serde_texts::transaction")]
    transaction: Transaction,
    pool: Cow<'a, PoolSummary>,
}

#[derive(Serialize, Deserialize)]
struct DueAt<'a> {
    pool: Cow<'a, PoolSummary>,
    now_us: i64,
}

pub(super) fn answer(
    hook: &dyn Mempool,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "admit" => {
            let asked: Admit<'_> = read(input)?;
            to.send(&hook.admit(&asked.transaction, &asked.pool)?)
        }
        "due" => {
            let asked: DueAt<'_> = read(input)?;
            to.send(&hook.due(&asked.pool, asked.now_us)?)
        }
        "capacity" => to.send(&hook.capacity()),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Result<Arc<dyn Mempool>, Error> {
    let capacity = remote.ask_if_there("mempool.capacity", &Nothing {})?;
    let required = Required(remote);
    let capacity = capacity.unwrap_or(required.capacity());
    Ok(Arc::new(There { required, capacity }))
}

/// What every plugin answers; the rest as it is by default.
struct Required(Remote);

impl Mempool for Required {
    fn admit(&self, transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error> {
        let asked = Admit {
            transaction: transaction.clone(),
            pool: Cow::Borrowed(pool),
        };
        self.0.ask("mempool.admit", &asked)
    }

    fn due(&self, pool: &PoolSummary, now_us: i64) -> Result<Due, Error> {
        let asked = DueAt {
            pool: Cow::Borrowed(pool),
            now_us,
        };
        self.0.ask("mempool.due", &asked)
    }
}

struct There {
    required: Required,
    capacity: Capacity,
}

impl Mempool for There {
    fn admit(&self, transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error> {
        self.required.admit(transaction, pool)
    }

    fn due(&self, pool: &PoolSummary, now_us: i64) -> Result<Due, Error> {
        self.required.due(pool, now_us)
    }

    fn capacity(&self) -> Capacity {
        self.capacity
    }
}
