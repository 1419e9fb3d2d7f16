//! `difficulty.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Nothing, Remote, read};
use crate::Error;
use crate::hooks::{Ancestor, Difficulty, Wants};
use crate::ledger::Target;

#[derive(Serialize, Deserialize)]
struct TargetOf<'a> {
    nr: u64,
    ancestors: Cow<'a, [Ancestor]>,
}

#[derive(Serialize, Deserialize)]
struct Nr {
    nr: u64,
}

pub(super) fn answer(
    hook: &dyn Difficulty,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "target" => {
            let TargetOf { nr, ancestors } = read(input)?;
            to.send(&hook.target(nr, &ancestors)?)
        }
        "easiest" => to.send(&hook.easiest()),
        "wants" => to.send(&hook.wants(read::<Nr>(input)?.nr)?),
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Result<Arc<dyn Difficulty>, Error> {
    let easiest = remote.ask("difficulty.easiest", &Nothing {})?;
    Ok(Arc::new(There { remote, easiest }))
}

struct There {
    remote: Remote,
    easiest: Target,
}

impl Difficulty for There {
    fn target(&self, nr: u64, ancestors: &[Ancestor]) -> Result<Target, Error> {
        let ancestors = ancestors.into();
        self.remote
            .ask("difficulty.target", &TargetOf { nr, ancestors })
    }

    fn easiest(&self) -> Target {
        self.easiest
    }

    fn wants(&self, nr: u64) -> Result<Wants, Error> {
        let wants = self.remote.ask_if_there("difficulty.wants", &Nr { nr })?;
        Ok(wants.unwrap_or(Wants::Nothing))
    }
}
