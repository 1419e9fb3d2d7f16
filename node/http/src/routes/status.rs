//! `GET /status`: how the node is.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use std::sync::Arc;

use super::App;
use crate::dialect::{self, Failure};
use crate::query::Query;

pub(super) async fn answer(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Failure> {
    Query::none(&uri)?;
    let value = app.backend.status().await?;
    Ok(dialect::json(StatusCode::OK, dialect::value(&value)))
}
