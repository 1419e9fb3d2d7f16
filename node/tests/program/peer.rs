//! A stand-in for another node that does as it likes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use plugcoin_sdk::ledger::genesis;

/// A peer that does with each request what a function says.
pub(crate) struct FakePeer {
    /// Where it is.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What a peer was asked.
pub(crate) struct Asked {
    /// The request's first line without the version: `GET /getpeers`.
    pub(crate) line: String,
    /// The fingerprint that the asking node has.
    pub(crate) rules: String,
}

impl FakePeer {
    /// Starts a peer; each connection carries one request, in a thread of its own.
    pub(crate) fn start(answer: impl Fn(&Asked, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, noted) = (Arc::new(answer), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, noted) = (answer.clone(), noted.clone());
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    if let Some(request) = read(&stream) {
                        noted.lock().unwrap().push(request.line.clone());
                        answer(&request, stream);
                    }
                });
            }
        });
        Self { address, asked }
    }

    /// Starts a peer that has the genesis block alone, knows nobody, and takes whatever it is told.
    pub(crate) fn quiet() -> Self {
        Self::start(|asked, mut stream| {
            let genesis = genesis();
            let body = match asked.line.split(['?', ' ']).nth(1) {
                Some("/getpeers") => "{\"peers\": []}".to_owned(),
                Some("/getblocks") => format!("{{\"chain\": [[{}]]}}", genesis.text()),
                _ => format!("{{\"accepted\": \"{}\"}}", genesis.hash()),
            };
            let (hash, rules, length) = (genesis.hash(), &asked.rules, body.len());
            let head = format!("Tip: 0 {hash}\r\nRules: {rules}\r\nContent-Length: {length}\r\n");
            let answer = format!("HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n{body}");
            // Whoever asked may have gone.
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    /// What it has been asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Whether it has been asked something that begins so.
    pub(crate) fn was_asked(&self, start: &str) -> bool {
        self.asked().iter().any(|line| line.starts_with(start))
    }
}

/// The whole of a request, so that closing afterwards resets nothing.
fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let value = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(found.1.to_owned())
    };
    let length = value("content-length").map_or(0, |length| length.parse().unwrap());
    reader.read_exact(&mut vec![0; length]).ok()?;
    Some(Asked {
        line: head.lines().next()?.rsplit_once(' ')?.0.to_owned(),
        rules: value("rules")?,
    })
}
