//! [`Calls`]: what the core asks peers, a queue and a worker for each of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use plugcoin_core::{Answered, Call, CallFailure, Input};
use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerId, Transport};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::ahead::Ahead;
use super::core::CoreQueue;
use super::limits::{CALL_MS, CALLS_PER_PEER_MAX, WORKER_IDLE_MS};

/// Carries calls to peers; every one of them ends in one [`Input::CallEnded`].
///
/// * The calls to one peer go one after the other, so that a slow one slows nobody else.
pub(crate) struct Calls {
    tools: Arc<Tools>,
    runtime: Handle,
    queues: HashMap<PeerId, mpsc::Sender<Call>>,
}

struct Tools {
    transport: Arc<dyn Transport>,
    /// What this node says of itself.
    me: watch::Receiver<Contact>,
    ahead: Ahead,
    core: CoreQueue,
}

impl Calls {
    /// Nobody has been called yet.
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        me: watch::Receiver<Contact>,
        ahead: Ahead,
        core: CoreQueue,
        runtime: Handle,
    ) -> Self {
        Self {
            tools: Arc::new(Tools {
                transport,
                me,
                ahead,
                core,
            }),
            runtime,
            queues: HashMap::new(),
        }
    }

    /// Queues a call; with too many waiting it is over at once.
    pub(crate) fn call(&mut self, call: Call) {
        let peer = call.peer;
        let sent = match self.queues.get(&peer) {
            Some(queue) => queue.try_send(call),
            None => Err(TrySendError::Closed(call)),
        };
        match sent {
            Ok(()) => {}
            Err(TrySendError::Full(call)) => {
                self.tools.end(call.id, Err(CallFailure::NotMade));
            }
            Err(TrySendError::Closed(call)) => {
                // Workers that had nothing to do have ended; their numbers never come again.
                self.queues.retain(|_, queue| !queue.is_closed());
                let (queue, calls) = mpsc::channel(CALLS_PER_PEER_MAX);
                self.runtime.spawn(work(self.tools.clone(), call, calls));
                self.queues.insert(peer, queue);
            }
        }
    }
}

/// Does the calls to one peer until there have been none for a while.
async fn work(tools: Arc<Tools>, first: Call, mut calls: mpsc::Receiver<Call>) {
    tools.clone().do_one(first).await;
    loop {
        match timeout(Duration::from_millis(WORKER_IDLE_MS), calls.recv()).await {
            Ok(Some(call)) => tools.clone().do_one(call).await,
            Ok(None) => return,
            // What came in this very moment is still done.
            Err(_) => calls.close(),
        }
    }
}

impl Tools {
    async fn do_one(self: Arc<Self>, call: Call) {
        let Call {
            id,
            address,
            request,
            judged,
            ..
        } = call;
        let tools = self.clone();
        // In a task of its own, since a plugin may panic.
        let answering = tokio::spawn(async move {
            let me = tools.me.borrow().clone();
            let answer = tools.transport.call(&address, &me, request);
            match timeout(Duration::from_millis(CALL_MS), answer).await {
                Ok(answer) => answer.map_err(|error| error.to_string()),
                Err(_) => Err("it took too long".to_owned()),
            }
        });
        let result = match answering.await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "the transport failed");
                Err("the transport failed".to_owned())
            }
        };
        match result {
            Ok(reply) if matches!(reply.answer, PeerAnswer::Blocks(_)) => {
                // The peer is asked the next thing meanwhile. The node bounds how many blocks it asks
                // for at once.
                tokio::spawn(async move {
                    let answered = self.ahead.read(reply, judged).await;
                    self.end(id, answered.ok_or(CallFailure::NotMade));
                });
            }
            Ok(reply) => self.end(id, Ok(reply.into())),
            Err(why) => {
                tracing::debug!(call = id, why, "a call failed");
                self.end(id, Err(CallFailure::Failed(why)));
            }
        }
    }

    fn end(&self, call: u64, result: Result<Answered, CallFailure>) {
        self.core.bring(Input::CallEnded { call, result });
    }
}
