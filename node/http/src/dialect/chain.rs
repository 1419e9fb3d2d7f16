//! The chain shape, `{"chain": [[B0],[B1],[B2,B2']]}`, sent piece by piece.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::OwnedSemaphorePermit;

use super::Failure;
use crate::backend::{Backend, BlockLevels, Unavailable, Wanted};
use crate::limits::{CHUNK_BLOCKS_MAX, CHUNK_BYTES};

/// What stands before the levels.
pub(super) const OPEN: &str = r#"{"chain": ["#;

/// What stands behind them.
pub(super) const CLOSE: &str = "]}";

/// Levels of blocks that are still to be sent.
pub(crate) struct Levels {
    backend: Arc<dyn Backend>,
    levels: BlockLevels,
    /// Blocks whose texts are to be fetched next.
    blocks: VecDeque<Wanted>,
    begun: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Levels {
    /// The blocks of these levels; the permit is given back when the last of it is sent.
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        levels: BlockLevels,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            backend,
            levels,
            blocks: VecDeque::new(),
            begun: false,
            _permit: permit,
        }
    }

    /// The next piece of the text, about [`CHUNK_BYTES`], and whether it is the last.
    async fn piece(&mut self) -> Result<(Bytes, bool), Unavailable> {
        self.look_up();
        if self.blocks.is_empty() {
            // There is always a block, unless the one that was asked for came to be withheld.
            return Ok((Bytes::from([OPEN, CLOSE].concat()), true));
        }
        let wanted = self.blocks.iter().take(CHUNK_BLOCKS_MAX).copied().collect();
        let mut texts = self.backend.block_texts(wanted, CHUNK_BYTES).await?;
        self.blocks.drain(..texts.blocks.min(self.blocks.len()));
        self.look_up();
        let is_last = self.blocks.is_empty();
        if is_last {
            texts.bytes.extend_from_slice(CLOSE.as_bytes());
        }
        Ok((texts.bytes.into(), is_last))
    }

    /// Looks up what comes next: no more than could fit, as a chain may be of any length.
    fn look_up(&mut self) {
        while self.blocks.len() < CHUNK_BLOCKS_MAX
            && let Some(level) = self.levels.next()
        {
            let last = level.len().saturating_sub(1);
            for (n, hash) in level.into_iter().enumerate() {
                let before = match (n, self.begun) {
                    (0, true) => ",[",
                    (0, false) => r#"{"chain": [["#,
                    _ => ",",
                };
                self.begun = true;
                let after = if n == last { "]" } else { "" };
                self.blocks.push_back(Wanted {
                    hash,
                    before,
                    after,
                });
            }
        }
    }
}

/// The answer with these levels.
///
/// * What fits in one piece is sent with its length; the rest of a longer chain is fetched as the
///   client takes it.
/// * A fault on the way breaks the connection off, so that half a chain is never taken for a whole.
///
/// # Errors
/// The [`Failure`] of the first piece.
pub(crate) async fn levels(mut levels: Levels) -> Result<Response, Failure> {
    let (first, is_last) = levels.piece().await?;
    let rest = (!is_last).then(|| rest_of(levels));
    Ok(answer([first].into(), rest))
}

fn rest_of(mut levels: Levels) -> Next {
    Next(Box::pin(async move {
        let (piece, is_last) = levels.piece().await?;
        Ok((piece, (!is_last).then(|| rest_of(levels))))
    }))
}

/// The next piece of an answer, and what follows it.
pub(super) struct Next(pub(super) Pin<Box<dyn Future<Output = Fetched> + Send>>);

type Fetched = Result<(Bytes, Option<Next>), Unavailable>;

/// An answer of which these pieces lie ready.
pub(super) fn answer(ready: VecDeque<Bytes>, next: Option<Next>) -> Response {
    super::json(StatusCode::OK, Body::new(Pieces { ready, next }))
}

struct Pieces {
    ready: VecDeque<Bytes>,
    next: Option<Next>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.ready.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(Next(piece)) = &mut self.next else {
            return Poll::Ready(None);
        };
        let piece = ready!(piece.as_mut().poll(cx));
        self.next = None;
        Poll::Ready(Some(match piece {
            Ok((bytes, next)) => {
                self.next = next;
                Ok(Frame::data(bytes))
            }
            Err(_) => Err(io::Error::other("the chain can't be read to its end")),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.next {
            None => SizeHint::with_exact(self.ready.iter().map(|bytes| bytes.len() as u64).sum()),
            Some(_) => SizeHint::default(),
        }
    }
}
