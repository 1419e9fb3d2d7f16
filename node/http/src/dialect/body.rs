//! Reading what is posted: bounded, of any content type.

use axum::body::{Body, HttpBody};
use plugcoin_sdk::Invalid;
use plugcoin_sdk::ledger::{Amount, FIELD_CHARACTERS_MAX, Sum, check_field};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Failure;
use crate::limits::{LONG_BODIES_BYTES_MAX, SHORT_BODY_BYTES_MAX};

/// The memory that all long bodies share: what is sent, and what is made of it until it is answered.
#[derive(Clone)]
pub(crate) struct LongBodies(Arc<Semaphore>);

/// One body's part of it; given back when dropped.
pub(crate) struct Held {
    bodies: LongBodies,
    held: Option<OwnedSemaphorePermit>,
}

/// In so many bytes the memory is shared out.
const SHARE_BYTES: usize = 1 << 10;

impl Default for LongBodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(
            LONG_BODIES_BYTES_MAX / SHARE_BYTES,
        )))
    }
}

impl LongBodies {
    /// Room for a body of which nothing has come.
    pub(crate) fn begin(&self) -> Held {
        Held {
            bodies: self.clone(),
            held: None,
        }
    }
}

impl Held {
    /// Takes room for a body of so many bytes, beyond what any may have.
    fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        let wanted = bytes
            .saturating_sub(SHORT_BODY_BYTES_MAX)
            .div_ceil(SHARE_BYTES);
        let has = self.held.as_ref().map_or(0, |held| held.num_permits());
        let more = u32::try_from(wanted.saturating_sub(has)).map_err(|_| Failure::Busy)?;
        if more == 0 {
            return Ok(());
        }
        let places = self.bodies.0.clone();
        let more = places
            .try_acquire_many_owned(more)
            .map_err(|_| Failure::Busy)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

/// Reads a body as text.
///
/// # Errors
/// [`Failure::TooLarge`] over the bound (at once, if the body says its length), [`Failure::Busy`] if the
/// long bodies of others fill the memory for them, [`Failure::Broken`] if it breaks off, and the rule
/// `form` if it is not UTF-8.
pub(crate) async fn read_text(
    mut body: Body,
    bytes_max: usize,
    held: &mut Held,
) -> Result<String, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(Failure::TooLarge { bytes_max });
    }
    // What is only announced takes no memory.
    let mut bytes = Vec::with_capacity(announced.min(SHORT_BODY_BYTES_MAX));
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| Failure::Broken)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > bytes_max {
            return Err(Failure::TooLarge { bytes_max });
        }
        held.grow(bytes.len() + data.len())?;
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
