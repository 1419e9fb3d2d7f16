//! `observer.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Remote, read};
use crate::Error;
use crate::hooks::{Event, Observer};

#[derive(Serialize, Deserialize)]
struct OnEvent<'a> {
    what: Cow<'a, Event>,
    now_us: i64,
}

pub(super) fn answer(
    hook: &dyn Observer,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "on_event" => {
            let OnEvent { what, now_us } = read(input)?;
            to.send(&hook.on_event(&what, now_us)?)
        }
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Arc<dyn Observer> {
    Arc::new(There(remote))
}

struct There(Remote);

impl Observer for There {
    fn on_event(&self, event: &Event, now_us: i64) -> Result<(), Error> {
        let event = OnEvent {
            what: Cow::Borrowed(event),
            now_us,
        };
        self.0.ask("observer.on_event", &event)
    }
}
