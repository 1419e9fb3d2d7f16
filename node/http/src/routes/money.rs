//! `POST /money`: somebody asks this node to pay from its own wallet.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use std::sync::Arc;

use super::App;
use crate::backend::{Caller, Submitted};
use crate::dialect::{self, Failure, Item};
use crate::limits::MONEY_BODY_BYTES_MAX;
use crate::query::Query;

pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    // Who may not pay learns nothing else, and sends nothing else.
    let allowed = app.settings.money.check(&headers);
    // Asked before anything else tells a right token from a wrong one: a guess costs what a push does.
    if !matches!(allowed, Err(Failure::NoMoney | Failure::NoToken))
        && !app.backend.may_push(&caller)
    {
        return Err(Failure::TooMany);
    }
    allowed?;
    Query::none(&uri)?;
    let mut held = app.long_bodies.begin();
    let text = dialect::read_text(body, MONEY_BODY_BYTES_MAX, &mut held).await?;
    let (to, sum) = dialect::read_money(&text)?;
    match app.backend.pay(to, sum.clone(), &caller).await? {
        Submitted::Accepted(id) => Ok(dialect::thanks(sum.text(), &id)),
        other => dialect::submitted(Item::Transaction, other),
    }
}
