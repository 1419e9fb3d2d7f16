//! The chain shape, `{"chain": [[B0],[B1],[B2,B2']]}`, streamed block by block.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use hyper::body::Frame;
use plugcoin_sdk::ledger::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::{io, vec};
use tokio::sync::OwnedSemaphorePermit;

use super::Failure;
use crate::backend::{Backend, Unavailable};
use crate::limits::CHUNK_BYTES;

/// What is still to be sent of a chain.
pub(crate) struct Chain {
    backend: Arc<dyn Backend>,
    levels: vec::IntoIter<Vec<Hash>>,
    level: vec::IntoIter<Hash>,
    place: Place,
    written_bytes: usize,
    bytes_max: usize,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Where in the shape the writing stands.
#[derive(PartialEq)]
enum Place {
    Start,
    Between,
    InLevel,
    End,
}

impl Chain {
    /// The blocks of these hashes, level by level, in at most so many bytes but at least one level;
    /// the permit is given back when the last of it is sent.
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        levels: Vec<Vec<Hash>>,
        bytes_max: usize,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            backend,
            levels: levels.into_iter(),
            level: Vec::new().into_iter(),
            place: Place::Start,
            written_bytes: 0,
            bytes_max,
            _permit: permit,
        }
    }

    /// The next piece of the text: about [`CHUNK_BYTES`], or what is left.
    async fn chunk(&mut self) -> Result<Bytes, Unavailable> {
        let mut out = Vec::with_capacity(CHUNK_BYTES);
        while self.place != Place::End && out.len() < CHUNK_BYTES {
            self.write_next(&mut out).await?;
        }
        self.written_bytes += out.len();
        Ok(out.into())
    }

    async fn write_next(&mut self, out: &mut Vec<u8>) -> Result<(), Unavailable> {
        if self.place == Place::Start {
            out.extend_from_slice(br#"{"chain": ["#);
        }
        if self.place == Place::InLevel {
            match self.level.next() {
                Some(hash) => {
                    let text = self.text(&hash).await?;
                    out.push(b',');
                    out.extend_from_slice(&text);
                }
                None => {
                    out.push(b']');
                    self.place = Place::Between;
                }
            }
            return Ok(());
        }
        let Some(level) = self.levels.next() else {
            out.extend_from_slice(b"]}");
            self.place = Place::End;
            return Ok(());
        };
        self.level = level.into_iter();
        let first_level = self.place == Place::Start;
        let text = match self.level.next() {
            Some(hash) => self.text(&hash).await?,
            None => Vec::new(),
        };
        // `,[` before the block, `]` after it, `]}` at the end.
        let with_it = self.written_bytes + out.len() + text.len() + 5;
        if !first_level && with_it > self.bytes_max {
            out.extend_from_slice(b"]}");
            self.place = Place::End;
            return Ok(());
        }
        out.extend_from_slice(if first_level { b"[" } else { b",[" });
        out.extend_from_slice(&text);
        self.place = Place::InLevel;
        Ok(())
    }

    async fn text(&self, hash: &Hash) -> Result<Vec<u8>, Unavailable> {
        self.backend.block_text(hash).await?.ok_or_else(|| {
            tracing::error!(%hash, "a block of the chain can't be found any more");
            Unavailable::Fault
        })
    }
}

/// The answer to `/getblocks`.
///
/// * What fits in one piece is sent with its length; the rest of a longer chain is fetched as the
///   client takes it.
/// * A fault on the way breaks the connection off, so that half a chain is never taken for a whole.
///
/// # Errors
/// The [`Failure`] of the first piece.
pub(crate) async fn chain(mut chain: Chain) -> Result<Response, Failure> {
    let first = chain.chunk().await?;
    let body = if chain.place == Place::End {
        Body::from(first)
    } else {
        Body::new(ChainBody {
            ready: Some(first),
            next: Some(next(chain)),
        })
    };
    Ok(super::json(StatusCode::OK, body))
}

type Next = Pin<Box<dyn Future<Output = Result<(Bytes, Option<Chain>), Unavailable>> + Send>>;

fn next(mut chain: Chain) -> Next {
    Box::pin(async move {
        let bytes = chain.chunk().await?;
        let rest = (chain.place != Place::End).then_some(chain);
        Ok((bytes, rest))
    })
}

struct ChainBody {
    ready: Option<Bytes>,
    next: Option<Next>,
}

impl hyper::body::Body for ChainBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.ready.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(step) = &mut self.next else {
            return Poll::Ready(None);
        };
        let step = ready!(step.as_mut().poll(cx));
        self.next = None;
        Poll::Ready(Some(match step {
            Ok((bytes, rest)) => {
                self.next = rest.map(next);
                Ok(Frame::data(bytes))
            }
            Err(_) => Err(io::Error::other("the chain can't be read to its end")),
        }))
    }
}
