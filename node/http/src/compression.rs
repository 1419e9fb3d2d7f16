//! Compression: gzip, for those who ask for it.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Frame;
use std::io::Write as _;
use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{CHUNK_BYTES, COMPRESSED_BYTES_MIN};

/// Whether a request names gzip, with a weight that is not zero and not below that of `identity`.
///
/// * `*` does not ask for it: the answer as it is suits too, and costs less.
pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    weight(headers, "gzip").is_some_and(|gzip| {
        let identity = weight(headers, "identity").unwrap_or(0.0);
        gzip > 0.0 && gzip >= identity
    })
}

/// The weight that a request gives a coding, as in RFC 9110, section 12.5.3.
fn weight(headers: &HeaderMap, coding: &str) -> Option<f32> {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).find_map(|element| {
        let (name, weight) = match element.split_once(';') {
            Some((name, weight)) => (name, weight.trim()),
            None => (element, "q=1"),
        };
        let digits = weight.strip_prefix(['q', 'Q'])?.strip_prefix('=')?;
        let is_it = name.trim().eq_ignore_ascii_case(coding);
        is_it.then(|| digits.parse().unwrap_or(0.0))
    })
}

/// The answer compressed, if it is long enough and a permit is free; else as it is.
///
/// * A stream is compressed as it comes, and breaks off where it would have.
/// * Hashes and keys are hex, of which every compressor takes away about half; the fastest will do.
pub(crate) fn compressed(response: Response, permits: &Arc<Semaphore>) -> Response {
    let bytes = response.body().size_hint().exact();
    if bytes.is_some_and(|bytes| bytes < COMPRESSED_BYTES_MIN) {
        return response;
    }
    let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
        return response;
    };
    let mut response = response.map(|body| {
        Body::new(Gzip {
            body,
            rest: Bytes::new(),
            room: CHUNK_BYTES,
            encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())),
            _permit: permit,
        })
    });
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// A body that is compressed as it is sent, and lets others have the thread after every
/// [`CHUNK_BYTES`].
struct Gzip {
    body: Body,
    /// What came of the body and is not compressed yet.
    rest: Bytes,
    /// How much may be compressed until the next pause.
    room: usize,
    /// None once the end is sent.
    encoder: Option<GzEncoder<Vec<u8>>>,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for Gzip {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        while let Some(encoder) = &mut this.encoder {
            if this.room == 0 {
                this.room = CHUNK_BYTES;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if this.rest.is_empty() {
                match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                    // The other frames are trailers, which no answer has.
                    Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(this.encoder.take().map(end)),
                }
            }
            let piece = this.rest.split_to(this.rest.len().min(this.room));
            this.room -= piece.len();
            if let Err(error) = encoder.write_all(&piece) {
                return Poll::Ready(Some(Err(axum::Error::new(error))));
            }
            let bytes = take(encoder.get_mut());
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes.into()))));
            }
        }
        Poll::Ready(None)
    }
}

fn end(encoder: GzEncoder<Vec<u8>>) -> Result<Frame<Bytes>, axum::Error> {
    let bytes = encoder.finish().map_err(axum::Error::new)?;
    Ok(Frame::data(bytes.into()))
}
