//! A request over a connection of its own, which may fail.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use crate::program::running::{PATIENCE, request};

/// Sends a request; the status and the body.
pub(crate) fn ask(
    address: &str,
    method: &str,
    path: &str,
    body: &[u8],
) -> io::Result<(u16, String)> {
    raw(address, &request(method, path, "", body))
}

/// Sends these bytes; the status and the body of what comes back until the other side closes.
pub(crate) fn raw(address: &str, bytes: &[u8]) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    parts(&answer).ok_or_else(|| io::Error::other(format!("no whole answer: {answer:.200}")))
}

/// The status and the body of a whole answer; none of one that broke off, or of no HTTP.
fn parts(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse::<usize>().ok()).flatten()
    });
    let is_whole = length.map_or_else(
        || body.ends_with("\r\n0\r\n\r\n"),
        |length| body.len() == length,
    );
    is_whole.then(|| (status, body.to_owned()))
}
