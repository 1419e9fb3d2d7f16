//! Reading what is posted: bounded, of any content type.

use axum::body::{Body, HttpBody};
use plugcoin_sdk::Invalid;
use plugcoin_sdk::ledger::{Amount, FIELD_CHARACTERS_MAX, Sum, check_field};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::future::poll_fn;
use std::pin::Pin;

use super::Failure;

/// Reads a body as text.
///
/// # Errors
/// [`Failure::TooLarge`] over the bound (at once, if the body says its length), [`Failure::Broken`]
/// if it breaks off, and the rule `form` if it is not UTF-8.
pub(crate) async fn read_text(mut body: Body, bytes_max: usize) -> Result<String, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(Failure::TooLarge { bytes_max });
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| Failure::Broken)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > bytes_max {
            return Err(Failure::TooLarge { bytes_max });
        }
        bytes.extend_from_slice(&data);
    }
    String::from_utf8(bytes).map_err(|_| Invalid::new("form", "the body is not UTF-8 text").into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMoney<'a> {
    #[serde(borrow)]
    to: &'a RawValue,
    #[serde(borrow)]
    sum: &'a RawValue,
}

/// Reads `{"to": KEY,"sum": S}`, strictly: whom to pay, and how much.
///
/// # Errors
/// [`Invalid`] with the rule `form`.
pub(crate) fn read_money(json: &str) -> Result<(&str, Sum), Invalid> {
    // A derived struct alone would take an array as well.
    if !json.trim_ascii_start().starts_with('{') {
        return Err(Invalid::new("form", "not a payment: it is no JSON object")
            .required(r#"{"to": KEY,"sum": S}"#));
    }
    let raw: RawMoney<'_> = serde_json::from_str(json)
        .map_err(|error| Invalid::new("form", format!("not a payment: {error}")))?;
    // An escape would leave its backslash here, which the alphabet does not have.
    let to = raw
        .to
        .get()
        .strip_prefix('"')
        .and_then(|to| to.strip_suffix('"'))
        .ok_or_else(|| Invalid::new("form", "`to` is no string"))?;
    check_field("to", to, FIELD_CHARACTERS_MAX)?;
    let sum = Sum::parse(raw.sum.get())?;
    if sum.amount() == Amount::ZERO {
        return Err(Invalid::new("form", "`sum` is zero")
            .observed(sum.text())
            .required("above 0"));
    }
    Ok((to, sum))
}
