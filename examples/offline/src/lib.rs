//! Transport: nobody is ever reached.

use plugcoin_sdk::hooks::{Contact, PeerReply, PeerRequest, Transport};
use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::{Error, ErrorKind};

/// The transport of a node that calls nobody: every call fails at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

#[async_trait::async_trait]
impl Transport for Offline {
    async fn call(
        &self,
        to: &Address,
        _me: &Contact,
        _request: PeerRequest,
    ) -> Result<PeerReply, Error> {
        Err(Error::new(ErrorKind::Peer, "this node is offline").with("peer", to))
    }
}

plugcoin_sdk::register!(Transport, "offline", |_| Ok(Offline));

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn every_call_fails_at_once() {
        let to = Address::new([127, 0, 0, 1].into(), 6001);
        let me = Contact::default();
        let mut call = Offline.call(&to, &me, PeerRequest::Peers);
        // It waits for nothing, so that it needs no runtime to be tested.
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::Peer);
                assert_eq!(
                    error.to_string(),
                    "this node is offline (peer 127.0.0.1:6001)"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
