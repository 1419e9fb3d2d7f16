//! `GET /explain?id=H`: why a block or a transaction was accepted or refused.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use std::sync::Arc;

use super::App;
use crate::dialect::{self, Failure};
use crate::query::Query;

pub(super) async fn answer(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Failure> {
    let id = Query::read(&uri, &["id"])?.hash("id")?.ok_or_else(|| {
        Failure::Query("`id` is missing: a block's hash, or a transaction's id".into())
    })?;
    let explanation = app.backend.explain(&id).await?;
    let value = explanation.ok_or(Failure::NothingKnown)?;
    Ok(dialect::json(StatusCode::OK, dialect::value(&value)))
}
