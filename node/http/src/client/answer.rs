//! What a peer's bytes mean.

use axum::http::StatusCode;
use plugcoin_sdk::hooks::{PeerAnswer, PeerRequest};
use plugcoin_sdk::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::dialect::{ErrorForm, Item};
use crate::limits::MESSAGE_CHARACTERS_MAX;

#[derive(Deserialize)]
struct Peers {
    peers: Vec<String>,
}

#[derive(Deserialize)]
struct Chain<'a> {
    #[serde(borrow)]
    chain: Vec<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Accepted {
    #[serde(alias = "waiting_for")]
    #[allow(dead_code, reason = "it only has to be there")]
    accepted: String,
}

/// Reads a peer's answer to a request.
///
/// # Errors
/// [`ErrorKind::Peer`] if it is no answer to that, or the peer says to try later.
pub(super) fn read(
    request: &PeerRequest,
    status: StatusCode,
    body: &[u8],
) -> Result<PeerAnswer, Error> {
    let text = std::str::from_utf8(body).map_err(|error| garbage(status).because(error))?;
    match request {
        PeerRequest::PostBlock(_) => posted(Item::Block, status, text),
        PeerRequest::PostTransaction(_) => posted(Item::Transaction, status, text),
        PeerRequest::Block(_) if status == StatusCode::NOT_FOUND => {
            Ok(PeerAnswer::Blocks(Vec::new()))
        }
        _ if status != StatusCode::OK => Err(declined(status, text)),
        PeerRequest::Peers => Ok(PeerAnswer::Peers(object::<Peers>(status, text)?.peers)),
        PeerRequest::Block(_) => {
            // Any JSON object: whether it is a block is not judged here.
            object::<serde::de::IgnoredAny>(status, text)?;
            Ok(PeerAnswer::Blocks(vec![text.trim_ascii().to_owned()]))
        }
        PeerRequest::Page { limit, .. } => page(status, text, *limit),
        PeerRequest::Plugins => Ok(PeerAnswer::Plugins(object::<Value>(status, text)?)),
    }
}

fn page(status: StatusCode, text: &str, limit: u64) -> Result<PeerAnswer, Error> {
    let levels = object::<Chain<'_>>(status, text)?.chain;
    if levels.len() as u64 > limit {
        return Err(
            Error::new(ErrorKind::Peer, "the peer answered more than was asked")
                .with("levels", levels.len())
                .with("asked", limit),
        );
    }
    let first = |level: Vec<&RawValue>| {
        let block = level.first().ok_or_else(|| garbage(status))?;
        Ok(block.get().to_owned())
    };
    let blocks: Result<Vec<String>, Error> = levels.into_iter().map(first).collect();
    Ok(PeerAnswer::Blocks(blocks?))
}

fn posted(item: Item, status: StatusCode, text: &str) -> Result<PeerAnswer, Error> {
    if matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
        object::<Accepted>(status, text)?;
        return Ok(PeerAnswer::Taken);
    }
    // A peer that is slow, full or faulty has said nothing about the item.
    let later = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    if later || !status.is_client_error() {
        return Err(declined(status, text));
    }
    let words = object::<ErrorForm>(status, text)?.errmsg;
    if status == StatusCode::BAD_REQUEST && words == item.known() {
        return Ok(PeerAnswer::Taken);
    }
    Ok(PeerAnswer::Refused {
        status: status.as_u16(),
        message: shown(&words),
    })
}

/// An object of the whole text; a derived struct alone would take an array as well.
fn object<'a, T: Deserialize<'a>>(status: StatusCode, text: &'a str) -> Result<T, Error> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(garbage(status));
    }
    serde_json::from_str(text).map_err(|error| garbage(status).because(error))
}

fn garbage(status: StatusCode) -> Error {
    Error::new(
        ErrorKind::Peer,
        "the peer's answer is none of this protocol",
    )
    .with("status", status.as_u16())
}

fn declined(status: StatusCode, text: &str) -> Error {
    match object::<ErrorForm>(status, text) {
        Ok(form) => Error::new(
            ErrorKind::Peer,
            format!("the peer gives no answer: {}", shown(&form.errmsg)),
        )
        .with("status", status.as_u16()),
        Err(error) => error,
    }
}

/// So much of a peer's own words as may stand in a log.
fn shown(words: &str) -> String {
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(MESSAGE_CHARACTERS_MAX)
        .collect()
}
