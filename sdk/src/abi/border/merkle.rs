//! `merkle.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Remote, read};
use crate::Error;
use crate::hooks::Merkle;
use crate::ledger::Hash;

#[derive(Serialize, Deserialize)]
struct Leaves<'a> {
    leaves: Cow<'a, [Hash]>,
}

pub(super) fn answer(
    hook: &dyn Merkle,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "root" => to.send(&hook.root(&read::<Leaves<'_>>(input)?.leaves)?),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Arc<dyn Merkle> {
    Arc::new(There(remote))
}

struct There(Remote);

impl Merkle for There {
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error> {
        let leaves = leaves.into();
        self.0.ask("merkle.root", &Leaves { leaves })
    }
}
