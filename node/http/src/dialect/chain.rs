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
use crate::limits::{CHUNK_BLOCKS_MAX, CHUNK_BYTES};

/// What is still to be sent of a chain.
pub(crate) struct Chain {
    backend: Arc<dyn Backend>,
    /// The blocks whose texts are not fetched yet, level after level.
    hashes: vec::IntoIter<Hash>,
    /// How many blocks each level has, from the next one on.
    levels: vec::IntoIter<usize>,
    /// The texts that are fetched and not written yet.
    texts: vec::IntoIter<Vec<u8>>,
    /// How many blocks the level that is being written still lacks.
    lacking: usize,
    written_bytes: usize,
    bytes_max: usize,
    ended: bool,
    _permit: Option<OwnedSemaphorePermit>,
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
        let sizes: Vec<usize> = levels
            .iter()
            .map(Vec::len)
            .filter(|size| *size > 0)
            .collect();
        let hashes: Vec<Hash> = levels.into_iter().flatten().collect();
        Self {
            backend,
            hashes: hashes.into_iter(),
            levels: sizes.into_iter(),
            texts: Vec::new().into_iter(),
            lacking: 0,
            written_bytes: 0,
            bytes_max,
            ended: false,
            _permit: permit,
        }
    }

    /// The next piece of the text: about [`CHUNK_BYTES`], or what is left.
    async fn chunk(&mut self) -> Result<Bytes, Unavailable> {
        let mut out = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        let mut is_first = self.written_bytes == 0;
        if is_first {
            out.extend_from_slice(br#"{"chain": ["#);
        }
        while !self.ended && out.len() < CHUNK_BYTES {
            if self.lacking == 0 {
                let Some(size) = self.levels.next() else {
                    out.extend_from_slice(b"]}");
                    self.ended = true;
                    break;
                };
                let text = self.text().await?;
                // `,[` before the block, `]` after it, `]}` at the end.
                let with_it = self.written_bytes + out.len() + text.len() + 5;
                if !is_first && with_it > self.bytes_max {
                    out.extend_from_slice(b"]}");
                    self.ended = true;
                    break;
                }
                out.extend_from_slice(if is_first { b"[" } else { b",[" });
                out.extend_from_slice(&text);
                is_first = false;
                self.lacking = size - 1;
            } else {
                out.push(b',');
                out.extend_from_slice(&self.text().await?);
                self.lacking -= 1;
            }
            if self.lacking == 0 {
                out.push(b']');
            }
        }
        self.written_bytes += out.len();
        Ok(out.into())
    }

    async fn text(&mut self) -> Result<Vec<u8>, Unavailable> {
        if let Some(text) = self.texts.next() {
            return Ok(text);
        }
        let rest = self.hashes.as_slice();
        let rest = &rest[..rest.len().min(CHUNK_BLOCKS_MAX)];
        let texts = self.backend.block_texts(rest, CHUNK_BYTES).await?;
        let Some(last) = texts.len().checked_sub(1) else {
            let lost = rest.first().map(ToString::to_string);
            tracing::error!(lost, "a block of the chain can't be found any more");
            return Err(Unavailable::Fault);
        };
        self.hashes.nth(last);
        self.texts = texts.into_iter();
        self.texts.next().ok_or(Unavailable::Fault)
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
    let body = if chain.ended {
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
        let rest = (!chain.ended).then_some(chain);
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
