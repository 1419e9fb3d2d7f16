//! [`Failure`]: why a request does not get what it asks for, and the error forms.

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use plugcoin_sdk::Invalid;
use std::borrow::Cow;
use std::fmt::Write as _;

use super::text::quoted;
use crate::backend::Unavailable;

/// What is posted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    /// A block.
    Block,
    /// A transaction.
    Transaction,
}

impl Item {
    /// The words for what is held already.
    pub(crate) fn known(self) -> &'static str {
        match self {
            Self::Block => "Block already exists",
            Self::Transaction => "Transaction already exists",
        }
    }
}

/// Why a request does not get what it asks for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The query can't be meant.
    Query(String),
    /// The request broke off.
    Broken,
    /// A rule says no.
    Refused(Invalid),
    /// It is held already.
    Known(Item),
    /// The node's own wallet does not have so much.
    NoFunds,
    /// A web page of another site, or a name that is not this node's.
    Foreign(&'static str),
    /// The node pays nobody who asks.
    NoMoney,
    /// Who asks to be paid names no token.
    NoToken,
    /// Who asks to be paid names another token.
    OtherToken,
    /// No block of that hash is here.
    NoBlock,
    /// Nothing is known of this id.
    NothingKnown,
    /// No route of that path.
    NoPath,
    /// Not the path's method.
    Method,
    /// The request was not received and answered in time.
    TimedOut {
        /// How long it had.
        limit_ms: u64,
    },
    /// The body is over the path's bound.
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// This caller sends too much.
    TooMany,
    /// This caller was paid as much as one caller is.
    PaidEnough {
        /// What one caller is paid, in words.
        most: String,
        /// After how many seconds it is paid again.
        retry_s: u64,
    },
    /// The node's queue is full, or it is stopping.
    Busy,
    /// A fault of the node's own.
    Fault,
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Query(_) | Self::Broken | Self::Refused(_) | Self::Known(_) | Self::NoFunds => {
                StatusCode::BAD_REQUEST
            }
            Self::NoToken | Self::OtherToken => StatusCode::UNAUTHORIZED,
            Self::Foreign(_) | Self::NoMoney => StatusCode::FORBIDDEN,
            Self::NoBlock | Self::NothingKnown | Self::NoPath => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TimedOut { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany | Self::PaidEnough { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The header that goes with the status, if one does.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        Some(match self {
            Self::NoToken => (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Self::OtherToken => (
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer error=\"invalid_token\""),
            ),
            Self::PaidEnough { retry_s, .. } => (RETRY_AFTER, HeaderValue::from(*retry_s)),
            _ => return None,
        })
    }

    fn words(&self) -> Cow<'_, str> {
        match self {
            Self::Query(words) => words.into(),
            Self::Broken => "the request's body broke off; send it again".into(),
            Self::Refused(invalid) => (&*invalid.message).into(),
            Self::Known(item) => item.known().into(),
            Self::NoFunds => "Sorry! Not enough funds.".into(),
            Self::Foreign(why) => (*why).into(),
            Self::NoMoney => {
                "this node pays nobody who asks, since others than this machine reach \
                              it; its owner may start it with --money-token @FILE, to pay who \
                              names the token, or with --faucet, to pay everybody"
                    .into()
            }
            Self::NoToken => "this node pays who names its token; send the header \
                              Authorization: Bearer TOKEN"
                .into(),
            Self::OtherToken => {
                "this is not the node's token; its owner named it by --money-token".into()
            }
            Self::NoBlock => "no block of that hash is here".into(),
            Self::NothingKnown => "nothing is known of that id: it was never here, it was refused \
                                   for its mere form, or too long ago"
                .into(),
            Self::NoPath => "no such path; there are GET /getpeers, /getblocks, /getdata, \
                             /explain, /plugins, /status and POST /block, /inv, /money"
                .into(),
            Self::Method => {
                "this path does not take that method; the Allow header says which it takes".into()
            }
            Self::TimedOut { limit_ms } => {
                format!("the request was not received and answered within {limit_ms} ms").into()
            }
            Self::TooLarge { bytes_max } => {
                format!("the body is over {bytes_max} bytes, which is the most this path takes")
                    .into()
            }
            Self::TooMany => "too many requests from this address; try again later".into(),
            Self::PaidEnough { most, retry_s } => {
                format!("this node pays one address {most}; ask again in {retry_s} s").into()
            }
            Self::Busy => "the node is busy or stopping; try again later".into(),
            Self::Fault => "the node has a fault of its own, and its log says which".into(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        let (code, words) = (status.as_u16(), quoted(&self.words()));
        let text = match &self {
            // These two alone have a space after the comma.
            Self::Known(_) => format!(r#"{{"errcode": {code}, "errmsg": {words}}}"#),
            Self::Refused(invalid) => {
                let mut text = format!(
                    r#"{{"errcode": {code},"errmsg": {words},"rule": {}"#,
                    quoted(&invalid.rule)
                );
                for (key, value) in [
                    ("plugin", Some(&*invalid.plugin)),
                    ("version", Some(&*invalid.version)),
                    ("observed", invalid.observed.as_deref()),
                    ("required", invalid.required.as_deref()),
                ] {
                    let is_name = matches!(key, "plugin" | "version");
                    if let Some(value) = value.filter(|value| !is_name || !value.is_empty()) {
                        let _ = write!(text, r#","{key}": {}"#, quoted(value));
                    }
                }
                text.push('}');
                text
            }
            _ => format!(r#"{{"errcode": {code},"errmsg": {words}}}"#),
        };
        let mut response = super::json(status, text);
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::Busy => Self::Busy,
            Unavailable::Fault => Self::Fault,
        }
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Refused(invalid)
    }
}
