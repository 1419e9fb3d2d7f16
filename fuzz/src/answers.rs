//! Any bytes as a peer's answer over HTTP: it is an answer, or the peer's fault.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use plugcoin_http::{HttpOptions, HttpTransport};
use plugcoin_sdk::ErrorKind;
use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerRequest, Transport};
use plugcoin_sdk::ledger::{Address, genesis};
use plugcoin_testkit::fixtures::{START_US, chain, pay};
use tokio::runtime::Runtime;

/// A peer in this process, which sends what it is given to whoever calls.
struct Peer {
    runtime: Runtime,
    transport: HttpTransport,
    address: SocketAddr,
    answers: Sender<Vec<u8>>,
}

/// * The first byte says what was asked; the rest is all that the peer sends before it closes.
/// * What is wrong with it is the peer's fault, whatever it is, and is said in words.
/// * No more levels come than were asked for.
pub(crate) fn hold(bytes: &[u8]) {
    static PEER: OnceLock<Mutex<Peer>> = OnceLock::new();
    let Some((kind, sent)) = bytes.split_first() else {
        return;
    };
    let peer = PEER.get_or_init(|| Mutex::new(Peer::start()));
    let peer = peer.lock().unwrap_or_else(PoisonError::into_inner);
    let request = match kind % 6 {
        0 => PeerRequest::Peers,
        1 => PeerRequest::Page { nr: 0, limit: 2 },
        2 => PeerRequest::Block(genesis().hash()),
        3 => PeerRequest::PostBlock(chain(1).remove(0)),
        4 => PeerRequest::PostTransaction(pay("alice", "bob", "0.5", START_US)),
        _ => PeerRequest::Plugins,
    };
    let is_page = matches!(request, PeerRequest::Page { .. });
    peer.answers.send(sent.to_vec()).unwrap();
    let to = Address::new(peer.address.ip(), peer.address.port());
    let me = Contact::default();
    let called = peer.transport.call(&to, &me, request);
    match peer.runtime.block_on(called) {
        Ok(reply) => {
            if let PeerAnswer::Blocks(blocks) = reply.answer {
                assert!(blocks.len() <= if is_page { 2 } else { 1 });
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Peer, "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
}

impl Peer {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (answers, next) = channel();
        thread::spawn(move || serve(&listener, &next));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let transport = HttpTransport::new(&HttpOptions::default()).unwrap();
        Self {
            runtime,
            transport,
            address,
            answers,
        }
    }
}

fn serve(listener: &TcpListener, answers: &Receiver<Vec<u8>>) {
    while let (Ok(answer), Ok((mut stream, _))) = (answers.recv(), listener.accept()) {
        // The request is small, and comes at once; without its end the answer would be a reset.
        let mut request = Vec::new();
        let mut part = [0; 4096];
        while !is_whole(&request) {
            match stream.read(&mut part) {
                Ok(read @ 1..) => request.extend_from_slice(&part[..read]),
                _ => break,
            }
        }
        let _ = stream.write_all(&answer);
        let _ = stream.shutdown(Shutdown::Write);
        // Until the caller has closed too.
        while let Ok(1..) = stream.read(&mut part) {}
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
