//! `reward.*`

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Remote, read};
use crate::Error;
use crate::hooks::Reward;
use crate::ledger::Amount;

#[derive(Serialize, Deserialize)]
struct Nr {
    nr: u64,
}

pub(super) fn answer(
    hook: &dyn Reward,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "reward" => to.send(&hook.reward(read::<Nr>(input)?.nr)?),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Arc<dyn Reward> {
    Arc::new(There(remote))
}

struct There(Remote);

impl Reward for There {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        self.0.ask("reward.reward", &Nr { nr })
    }
}
