//! [`Money`]: who may make the node pay from its own wallet.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use plugcoin_sdk::ledger::Hash;
use subtle::ConstantTimeEq as _;

use crate::dialect::Failure;

/// Who may make the node pay from its own wallet, by `POST /money`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Money {
    /// Everybody who reaches the node.
    #[default]
    Everybody,
    /// Whoever names the token.
    Token(Token),
    /// Nobody.
    Nobody,
}

/// What `Authorization: Bearer` must name.
///
/// * Only its hash is kept. Hashes are compared, in a time that says nothing of what was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Hash);

impl Token {
    /// The token of this text.
    pub fn new(text: &str) -> Self {
        Self(Hash::of(text))
    }

    fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(Hash::of(text).as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From its hash a poor token could be guessed.
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl Money {
    /// Whether a request with these headers may make the node pay.
    ///
    /// # Errors
    /// [`Failure::NoMoney`], [`Failure::NoToken`] or [`Failure::OtherToken`].
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let token = match self {
            Self::Everybody => return Ok(()),
            Self::Token(token) => token,
            Self::Nobody => return Err(Failure::NoMoney),
        };
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let (Some(first), None) = (sent.next(), sent.next()) else {
            return Err(Failure::NoToken);
        };
        let named = first.to_str().ok().and_then(bearer);
        match named.ok_or(Failure::NoToken)? {
            named if token.is(named) => Ok(()),
            _ => Err(Failure::OtherToken),
        }
    }
}

/// The token of `Bearer TOKEN`, whose first word may be written in any case.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
        .filter(|token| !token.is_empty())
}
