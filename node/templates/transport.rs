//! Transport: nobody is ever reached.

use plugcoin_sdk::hooks::{Contact, PeerReply, PeerRequest, Transport};
use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::{Error, ErrorKind};

/// The transport of a node that calls nobody: every call fails at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct MyRule;

#[async_trait::async_trait]
impl Transport for MyRule {
    async fn call(
        &self,
        to: &Address,
        _me: &Contact,
        _request: PeerRequest,
    ) -> Result<PeerReply, Error> {
        Err(Error::new(ErrorKind::Peer, "this node calls nobody").with("peer", to))
    }
}

plugcoin_sdk::register!(Transport, "my-rule", |_| Ok(MyRule));
