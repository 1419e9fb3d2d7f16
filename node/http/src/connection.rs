//! One connection: a socket that does not wait for ever, and how many may be open at once.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::limits::LINGER_MS;

/// A socket that breaks off when the client takes nothing, and closes without losing the last
/// answer.
pub(crate) struct Guarded {
    stream: TcpStream,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    /// A socket whose client may leave a write waiting for so long.
    pub(crate) fn new(stream: TcpStream, stall: Duration) -> Self {
        Self {
            stream,
            stall,
            stalled: None,
            lingering: None,
        }
    }

    /// Counts the time in which nothing can be written.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall = self.stall;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client takes nothing of its answer",
        )))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.lingering = Some(Box::pin(sleep(Duration::from_millis(LINGER_MS))));
        }
        // Swallow what still comes: unread bytes would make the kernel reset the connection, and
        // a reset may overtake the answer.
        let mut scratch = [0; 4096];
        loop {
            let mut into = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(cx, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => break,
            }
        }
        match &mut self.lingering {
            Some(timer) => timer.as_mut().poll(cx).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// How many connections each source has.
///
/// * A source is an IPv4 address or an IPv6 network of 64 bits, which is what one client gets.
/// * Loopback is not counted.
#[derive(Clone)]
pub(crate) struct Sources {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    each_max: usize,
}

/// One connection's place in the count; given back when dropped.
pub(crate) struct Place {
    sources: Sources,
    source: Option<IpAddr>,
}

impl Sources {
    /// Nobody yet, and at most so many connections for each.
    pub(crate) fn new(each_max: usize) -> Self {
        Self {
            counts: Arc::default(),
            each_max,
        }
    }

    /// A place for one more connection; none if its source has all that it may.
    pub(crate) fn take(&self, ip: IpAddr) -> Option<Place> {
        let source = source(ip);
        if let Some(source) = source {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(source).or_default();
            if *count >= self.each_max {
                return None;
            }
            *count += 1;
        }
        Some(Place {
            sources: self.clone(),
            source,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(source) = self.source else { return };
        let counts = &self.sources.counts;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&source);
            }
        }
    }
}

fn source(ip: IpAddr) -> Option<IpAddr> {
    match ip.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V6(ip) => {
            let network = ip.to_bits() & !u128::from(u64::MAX);
            Some(Ipv6Addr::from_bits(network).into())
        }
        ip => Some(ip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_so_many_places_and_gets_them_back() {
        let sources = Sources::new(2);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = sources.take(ip("192.0.2.1")).unwrap();
        let _second = sources.take(ip("::ffff:192.0.2.1")).unwrap();
        assert!(sources.take(ip("192.0.2.1")).is_none());
        assert!(sources.take(ip("192.0.2.2")).is_some());
        drop(first);
        assert!(sources.take(ip("192.0.2.1")).is_some());
        assert_eq!(sources.counts.lock().unwrap().len(), 1);
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_loopback_is_none() {
        let sources = Sources::new(1);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let _held = sources.take(ip("2001:db8::1")).unwrap();
        assert!(sources.take(ip("2001:db8::ffff:1")).is_none());
        assert!(sources.take(ip("2001:db8:0:1::1")).is_some());
        let _loopback: Vec<Place> = ["127.0.0.1", "127.0.0.1", "::1", "::1"]
            .into_iter()
            .map(|text| sources.take(ip(text)).unwrap())
            .collect();
    }
}
