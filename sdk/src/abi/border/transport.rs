//! `transport.*`
//!
//! The one asynchronous hook is called on a thread of the host, and waits for its answer on a bare
//! executor on the other side: a transport in a library brings its own runtime, if it needs one.

use std::borrow::Cow;
use std::sync::Arc;
use std::thread;

use futures_channel::oneshot;
use serde::{Deserialize, Serialize};

use super::{Answer, Remote, read};
use crate::hooks::{Contact, PeerReply, PeerRequest, Transport};
use crate::ledger::Address;
use crate::{Error, ErrorKind};

#[derive(Serialize, Deserialize)]
struct Call<'a> {
    to: Cow<'a, Address>,
    me: Cow<'a, Contact>,
    request: PeerRequest,
}

pub(super) fn answer(
    hook: &dyn Transport,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "call" => {
            let asked: Call<'_> = read(input)?;
            let reply = pollster::block_on(hook.call(&asked.to, &asked.me, asked.request))?;
            to.send(&reply)
        }
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Arc<dyn Transport> {
    Arc::new(There(remote))
}

struct There(Remote);

#[async_trait::async_trait]
impl Transport for There {
    async fn call(
        &self,
        to: &Address,
        me: &Contact,
        request: PeerRequest,
    ) -> Result<PeerReply, Error> {
        let (to, me, remote) = (to.clone(), me.clone(), self.0.clone());
        let (reply, replied) = oneshot::channel();
        let no_thread = || {
            Error::new(
                ErrorKind::Io,
                "the system gives no thread for a call to a peer",
            )
        };
        thread::Builder::new()
            .name("transport".to_owned())
            .spawn(move || {
                let asked = Call {
                    to: Cow::Owned(to),
                    me: Cow::Owned(me),
                    request,
                };
                // Whoever no longer waits needs no answer.
                let _ = reply.send(remote.ask("transport.call", &asked));
            })
            .map_err(|error| no_thread().because(error))?;
        replied.await.map_err(|_| no_thread())?
    }
}
