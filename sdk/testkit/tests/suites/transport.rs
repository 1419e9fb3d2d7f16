//! The suite of this hook catches what is wrong.

use std::io::Read;
use std::net::TcpStream;

use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerReply, PeerRequest, Transport};
use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::suite::transport;

/// A transport that can be wrong in several ways.
#[derive(Clone, Copy, PartialEq)]
enum BadTransport {
    ReachesNobody,
    AnswersItself,
    BlamesItself,
    ReadsItAll,
}

#[async_trait::async_trait]
impl Transport for BadTransport {
    async fn call(&self, to: &Address, _: &Contact, _: PeerRequest) -> Result<PeerReply, Error> {
        let answered = PeerReply {
            contact: Contact::default(),
            answer: PeerAnswer::Taken,
        };
        let kind = match self {
            Self::AnswersItself => return Ok(answered),
            Self::BlamesItself => ErrorKind::Plugin,
            Self::ReachesNobody => ErrorKind::Peer,
            Self::ReadsItAll => {
                if let Ok(mut stream) = TcpStream::connect(to.to_string()) {
                    let _ = stream.read_to_end(&mut Vec::new());
                }
                ErrorKind::Peer
            }
        };
        Err(Error::new(kind, "nobody is reached"))
    }
}

#[test]
fn a_bad_transport_is_caught() {
    assert!(transport::broken(&BadTransport::ReachesNobody).is_empty());
    assert_eq!(transport::broken(&BadTransport::AnswersItself).len(), 4);
    assert_eq!(transport::broken(&BadTransport::BlamesItself).len(), 4);
    let read = transport::broken(&BadTransport::ReadsItAll);
    assert_eq!(read, ["it_bounds_what_it_reads"]);
}
