//! The laws of [`Transport`], as far as peers that misbehave on this machine can tell.
//!
//! * A transport that needs a runtime is checked within one: `let _inside = runtime.enter();` before
//!   the check, with a runtime of several threads.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use plugcoin_sdk::ErrorKind;
use plugcoin_sdk::hooks::{Contact, PeerRequest, Transport};
use plugcoin_sdk::ledger::{Address, Hash};

use super::laws;
use crate::fixtures::{chain, pay};

laws!(dyn Transport:
    a_peer_that_is_not_there_is_a_peer_error,
    a_peer_that_hangs_up_is_a_peer_error,
    a_peer_that_answers_what_is_no_answer_is_a_peer_error,
    it_bounds_what_it_reads,
);

/// More than any answer may be.
const BYTES_MAX: usize = 256 << 20;

/// One of each kind.
fn requests() -> Vec<PeerRequest> {
    let mut all = vec![
        PeerRequest::Peers,
        PeerRequest::Block(Hash::of("block")),
        PeerRequest::Page { nr: 1, limit: 10 },
        PeerRequest::Plugins,
        PeerRequest::PostTransaction(pay("alice", "bob", "1", 1)),
    ];
    all.extend(chain(1).into_iter().map(PeerRequest::PostBlock));
    all
}

fn is_peer_error(transport: &dyn Transport, port: u16, request: PeerRequest) {
    let to = Address::new([127, 0, 0, 1].into(), port);
    let asked = format!("{request:?}");
    let reply = pollster::block_on(transport.call(&to, &Contact::default(), request));
    let error = reply.expect_err(&format!("there is no such answer to {asked}"));
    assert_eq!(error.kind(), ErrorKind::Peer, "{asked}: {error}");
}

/// Has a peer on this machine asked one thing; what it came to there.
fn against<T: Send + 'static>(
    peer: impl FnOnce(TcpStream) -> T + Send + 'static,
    ask: impl FnOnce(u16),
) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has free ports");
    let address = listener.local_addr().expect("it has an address");
    let peer = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("somebody comes");
        drop(listener);
        peer(stream)
    });
    ask(address.port());
    // A transport that calls nobody leaves the peer waiting.
    let _ = TcpStream::connect(address);
    peer.join().expect("the peer has no fault")
}

fn a_peer_that_is_not_there_is_a_peer_error(transport: &dyn Transport) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has free ports");
    let port = listener.local_addr().expect("it has an address").port();
    drop(listener);
    for request in requests() {
        is_peer_error(transport, port, request);
    }
}

fn a_peer_that_hangs_up_is_a_peer_error(transport: &dyn Transport) {
    for request in requests() {
        against(drop, |port| is_peer_error(transport, port, request));
    }
}

fn a_peer_that_answers_what_is_no_answer_is_a_peer_error(transport: &dyn Transport) {
    for answer in ["no answer\n", "\0", "HTTP/1.1 200 OK\r\n\r\nno answer"] {
        for request in [PeerRequest::Peers, PeerRequest::Page { nr: 1, limit: 10 }] {
            let peer = move |mut stream: TcpStream| {
                // What it was asked is read, so that hanging up loses nobody's words; whoever waits
                // for the peer to begin is not waited for.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            };
            against(peer, |port| is_peer_error(transport, port, request));
        }
    }
}

fn it_bounds_what_it_reads(transport: &dyn Transport) {
    for head in ["", "HTTP/1.1 200 OK\r\n\r\n["] {
        let peer = move |mut stream: TcpStream| {
            let part = [b'1'; 64 << 10];
            let mut written = stream.write_all(head.as_bytes());
            let mut bytes = 0;
            while written.is_ok() && bytes < BYTES_MAX {
                written = stream.write_all(&part);
                bytes += part.len();
            }
            bytes
        };
        let bytes = against(peer, |port| {
            is_peer_error(transport, port, PeerRequest::Peers);
        });
        assert!(bytes < BYTES_MAX, "it took {bytes} bytes of an answer");
    }
}
