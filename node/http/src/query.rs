//! [`Query`]: a request's query, read strictly.

use std::borrow::Cow;

use axum::http::Uri;
use plugcoin_sdk::ledger::Hash;

use crate::dialect::Failure;

/// The keys and values after the `?`.
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads the query of a path that knows these keys.
    ///
    /// # Errors
    /// [`Failure::Query`] for a key that is unknown or repeated.
    pub(crate) fn read(uri: &'a Uri, known: &[&str]) -> Result<Self, Failure> {
        let pairs: Vec<_> = pairs(uri.query().unwrap_or_default()).collect();
        for (n, (key, _)) in pairs.iter().enumerate() {
            if !known.contains(&&**key) {
                let known = match known {
                    [] => "it takes no query".to_owned(),
                    keys => format!("it knows {}", keys.join(", ")),
                };
                return Err(Failure::Query(format!(
                    "this path does not know `{}`; {known}",
                    shown(key)
                )));
            }
            if pairs[..n].iter().any(|(before, _)| before == key) {
                return Err(Failure::Query(format!("`{key}` is there more than once")));
            }
        }
        Ok(Self(pairs))
    }

    /// Refuses any query.
    ///
    /// # Errors
    /// [`Failure::Query`] for any key.
    pub(crate) fn none(uri: &'a Uri) -> Result<(), Failure> {
        Self::read(uri, &[]).map(drop)
    }

    /// The hash under a key, if the key is there.
    ///
    /// # Errors
    /// [`Failure::Query`] if it is no hash.
    pub(crate) fn hash(&self, key: &str) -> Result<Option<Hash>, Failure> {
        self.get(key)
            .map(|text| {
                text.parse().map_err(|_| {
                    Failure::Query(format!(
                        "`{key}` is no hash: it must be 64 lower-case hex digits, not `{}`",
                        shown(text)
                    ))
                })
            })
            .transpose()
    }

    /// The whole number under a key, if the key is there.
    ///
    /// # Errors
    /// [`Failure::Query`] if it is none, or below `least`.
    pub(crate) fn number(&self, key: &str, least: u64) -> Result<Option<u64>, Failure> {
        self.get(key)
            .map(|text| {
                // The standard library would take a leading `+` as well.
                Some(text)
                    .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|text| text.parse().ok())
                    .filter(|number| *number >= least)
                    .ok_or_else(|| {
                        Failure::Query(format!(
                            "`{key}` must be a whole number from {least} to {}, not `{}`",
                            u64::MAX,
                            shown(text)
                        ))
                    })
            })
            .transpose()
    }

    fn get(&self, key: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(name, _)| name == key)?;
        Some(&pair.1)
    }
}

/// Keys and values as forms write them; those without escapes are not copied.
fn pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// So much of a client's text as may stand in an answer.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(70).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_read_as_forms_write_them() {
        let read = |text| {
            let (key, value) = pairs(text).next().unwrap();
            (key.into_owned(), value.into_owned())
        };
        for (text, key, value) in [
            ("id=ab", "id", "ab"),
            ("id", "id", ""),
            ("=ab", "", "ab"),
            ("a=b=c", "a", "b=c"),
            ("a+b=%41%2b%2Bc", "a b", "A++c"),
            ("%=%4%zz", "%", "%4%zz"),
            ("a=%c3%a9%ff", "a", "\u{e9}\u{fffd}"),
        ] {
            assert_eq!(read(text), (key.to_owned(), value.to_owned()), "{text}");
        }
    }
}
