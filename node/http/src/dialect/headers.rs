//! The headers between nodes: a [`Contact`] to and from a request's or an answer's headers.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use plugcoin_sdk::hooks::{Contact, Tip};
use std::fmt::Display;
use std::str::FromStr;

use crate::limits::NODE_CHARACTERS_MAX;

/// The content type of every body.
pub(crate) const CONTENT_TYPE_JSON: &str = "application/json";

const TIP: HeaderName = HeaderName::from_static("tip");
const RULES: HeaderName = HeaderName::from_static("rules");
const NODE: HeaderName = HeaderName::from_static("node");
const PEER_PORT: HeaderName = HeaderName::from_static("peer-port");
const PEER_ADDRESS: HeaderName = HeaderName::from_static("peer-address");

/// What a request's or an answer's sender says of itself.
///
/// * A header that is malformed or stands there twice is left out of account.
pub(crate) fn read_contact(headers: &HeaderMap) -> Contact {
    Contact {
        tip: one(headers, &TIP).and_then(tip),
        rules: parsed(headers, &RULES),
        node: one(headers, &NODE).and_then(node),
        port: one(headers, &PEER_PORT)
            .filter(|text| is_number(text))
            .and_then(|text| text.parse().ok())
            .filter(|port| *port != 0),
        address: parsed(headers, &PEER_ADDRESS),
    }
}

/// Adds what every answer and every node's request says: `Tip`, `Rules`, `Node`.
pub(crate) fn write_contact(contact: &Contact, headers: &mut HeaderMap) {
    if let Some(Tip { nr, hash }) = contact.tip {
        set(headers, TIP, format_args!("{nr} {hash}"));
    }
    if let Some(rules) = contact.rules {
        set(headers, RULES, rules);
    }
    if let Some(node) = &contact.node {
        set(headers, NODE, node);
    }
}

/// Adds where the caller can be reached: `Peer-Address`, else `Peer-Port`, else nothing.
pub(crate) fn write_port(contact: &Contact, headers: &mut HeaderMap) {
    if let Some(address) = &contact.address {
        set(headers, PEER_ADDRESS, address);
    } else if let Some(port) = contact.port {
        set(headers, PEER_PORT, port);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: impl Display) {
    // Only a node's name could be no header value, and then it is better unsaid.
    if let Ok(value) = HeaderValue::try_from(value.to_string()) {
        headers.insert(name, value);
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().map(str::trim),
        _ => None,
    }
}

fn parsed<T: FromStr>(headers: &HeaderMap, name: &HeaderName) -> Option<T> {
    one(headers, name)?.parse().ok()
}

fn tip(text: &str) -> Option<Tip> {
    let (nr, hash) = text.split_once(' ')?;
    Some(Tip {
        nr: Some(nr).filter(|nr| is_number(nr))?.parse().ok()?,
        hash: hash.parse().ok()?,
    })
}

fn node(text: &str) -> Option<String> {
    let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (hex && (1..=NODE_CHARACTERS_MAX).contains(&text.len())).then(|| text.to_owned())
}

// The standard library's integers would take a leading `+` as well.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
