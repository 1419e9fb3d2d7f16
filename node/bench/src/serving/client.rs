//! Clients that ask over connections they keep: one thread each, and no library, so that the cores
//! are the server's as far as possible.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plugcoin_sdk::{Error, ErrorKind};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection to a server.
pub(super) struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    pub(super) fn connect(to: SocketAddr) -> Result<Self, Error> {
        let connected = TcpStream::connect(to).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        Ok(Self {
            stream: connected.map_err(broken)?,
            answer: vec![0; 1 << 20],
        })
    }

    /// Sends a request and reads the answer to its end; the length of its body comes back.
    ///
    /// # Errors
    /// An answer that is not 200, or breaks off.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<usize, Error> {
        self.stream.write_all(request).map_err(broken)?;
        let mut filled = 0;
        let head = loop {
            filled += self.more(filled)?;
            if let Some(end) = find(&self.answer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8_lossy(&self.answer[..head]).to_ascii_lowercase();
        if !text.starts_with("http/1.1 200") {
            let all = String::from_utf8_lossy(&self.answer[..filled]);
            return Err(Error::new(ErrorKind::Peer, "the server answers otherwise").because(all));
        }
        match text.split("content-length: ").nth(1) {
            Some(rest) => {
                let digits = rest.split('\r').next().unwrap_or(rest);
                let length: usize = digits.parse().map_err(broken)?;
                self.skip(length - (filled - head))?;
                Ok(length)
            }
            None => self.read_chunks(head, filled),
        }
    }

    fn more(&mut self, filled: usize) -> Result<usize, Error> {
        match self.stream.read(&mut self.answer[filled..]) {
            Ok(0) => Err(Error::new(ErrorKind::Peer, "the server closed")),
            Ok(read) => Ok(read),
            Err(error) => Err(broken(error)),
        }
    }

    fn skip(&mut self, mut bytes: usize) -> Result<(), Error> {
        while bytes > 0 {
            let read = self.more(0)?;
            bytes = bytes.checked_sub(read).ok_or_else(|| {
                Error::new(ErrorKind::Peer, "the server answers more than it says")
            })?;
        }
        Ok(())
    }

    /// What is told in chunks ends with an empty one, which no body here has in it.
    fn read_chunks(&mut self, head: usize, mut filled: usize) -> Result<usize, Error> {
        let mut length = filled - head;
        while !self.answer[..filled].ends_with(b"\r\n0\r\n\r\n") {
            let kept = filled.min(16);
            self.answer.copy_within(filled - kept..filled, 0);
            let read = self.more(kept)?;
            length += read;
            filled = kept + read;
        }
        Ok(length)
    }
}

/// So many requests, by so many clients at once, which take the next one when they are done; the
/// request of a number is what `request` writes.
///
/// # Errors
/// The first that a client has.
pub(super) fn ask_all(
    clients: &mut [Client],
    numbers: Range<usize>,
    request: impl Fn(usize) -> Vec<u8> + Sync,
) -> Result<(), Error> {
    let (next, end) = (AtomicUsize::new(numbers.start), numbers.end);
    let (next, request) = (&next, &request);
    thread::scope(|scope| {
        let asking: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= end {
                            return Ok(());
                        }
                        client.ask(&request(number))?;
                    }
                })
            })
            .collect();
        asking.into_iter().try_for_each(|asked| {
            let asked = asked.join();
            asked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// How long one small request takes, in the middle, while `beside` runs once in another thread; as
/// long as it runs, or so many requests if it is none.
pub(super) fn latency(
    client: &mut Client,
    request: &[u8],
    count: usize,
    beside: Option<&mut (dyn FnMut() -> Result<(), Error> + Send)>,
) -> Result<Duration, Error> {
    let mut took = Vec::new();
    let mut ask = |took: &mut Vec<Duration>| {
        let begin = Instant::now();
        client.ask(request)?;
        took.push(begin.elapsed());
        Ok::<(), Error>(())
    };
    match beside {
        None => {
            for _ in 0..count {
                ask(&mut took)?;
            }
        }
        Some(beside) => thread::scope(|scope| {
            let running = scope.spawn(beside);
            while !running.is_finished() {
                ask(&mut took)?;
            }
            let ended = running.join();
            ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?,
    }
    took.sort_unstable();
    Ok(took[took.len() / 2])
}

pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").into_bytes()
}

pub(super) fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Io, "a connection to a server on loopback broke").because(error)
}
