//! `GET /getdata?id=H`: one block.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use std::sync::Arc;

use super::App;
use crate::dialect::{self, Failure};
use crate::query::Query;

pub(super) async fn answer(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Failure> {
    let hash = Query::read(&uri, &["id"])?
        .hash("id")?
        .ok_or_else(|| Failure::Query("`id` is missing: the hash of the block".into()))?;
    let text = app.backend.block_text(&hash).await?;
    Ok(dialect::json(StatusCode::OK, text.ok_or(Failure::NoBlock)?))
}
