//! The wire dialect: how requests are read and answers written, byte for byte.
//!
//! The routes hand over what they mean (a list of peers, a chain, a [`Failure`]); every text,
//! header name and status stands here, so that another dialect is another module like this one.

mod body;
mod chain;
mod failure;
mod headers;
mod page;
mod text;

pub(crate) use body::{LongBodies, read_money, read_text};
pub(crate) use chain::{Levels, levels};
pub(crate) use failure::{Failure, Item};
pub(crate) use headers::{CONTENT_TYPE_JSON, read_contact, write_contact, write_port};
pub(crate) use page::{Page, page};
pub(crate) use text::{ErrorForm, value};

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use plugcoin_sdk::ledger::{Address, Hash};
use std::fmt::Write as _;

use crate::backend::Submitted;

/// An answer of the wire: JSON with a status.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_JSON));
    response
}

/// The answer to `/getpeers`.
pub(crate) fn peers(peers: &[Address]) -> Response {
    let mut text = String::from(r#"{"peers": ["#);
    for (n, peer) in peers.iter().enumerate() {
        let _ = write!(text, "{}\"{peer}\"", if n == 0 { "" } else { ", " });
    }
    text.push_str("]}");
    json(StatusCode::OK, text)
}

/// The answer to something posted.
///
/// # Errors
/// The [`Failure`] that stands for what is not taken.
pub(crate) fn submitted(item: Item, submitted: Submitted) -> Result<Response, Failure> {
    match submitted {
        Submitted::Accepted(hash) => {
            Ok(json(StatusCode::OK, format!(r#"{{"accepted": "{hash}"}}"#)))
        }
        Submitted::Waiting(hash) => Ok(json(
            StatusCode::ACCEPTED,
            format!(r#"{{"waiting_for": "{hash}"}}"#),
        )),
        Submitted::Known => Err(Failure::Known(item)),
        Submitted::Refused(invalid) => Err(Failure::Refused(invalid)),
        Submitted::NoFunds => Err(Failure::NoFunds),
        Submitted::TooMany => Err(Failure::TooMany),
        Submitted::PaidEnough { most, retry_s } => Err(Failure::PaidEnough { most, retry_s }),
    }
}

/// The answer to a payment that is on its way, with the sum's text as it was sent.
pub(crate) fn thanks(sum: &str, id: &Hash) -> Response {
    json(
        StatusCode::OK,
        format!(r#"{{"message": "Thanks! {sum} bitcoin(s) is on the way.","accepted": "{id}"}}"#),
    )
}
