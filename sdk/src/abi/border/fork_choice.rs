//! `fork-choice.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Remote, read};
use crate::Error;
use crate::hooks::{Branch, ForkChoice, Preference};

#[derive(Serialize, Deserialize)]
struct Pair<'a> {
    a: Cow<'a, Branch>,
    b: Cow<'a, Branch>,
}

pub(super) fn answer(
    hook: &dyn ForkChoice,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "prefer" => {
            let Pair { a, b } = read(input)?;
            to.send(&hook.prefer(&a, &b)?)
        }
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Arc<dyn ForkChoice> {
    Arc::new(There(remote))
}

struct There(Remote);

impl ForkChoice for There {
    fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error> {
        let pair = Pair {
            a: Cow::Borrowed(a),
            b: Cow::Borrowed(b),
        };
        self.0.ask("fork-choice.prefer", &pair)
    }
}
