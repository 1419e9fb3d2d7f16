//! `GET /getdata?id=H`: one block.

use axum::body::Bytes;
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
    let text = match app.blocks.find(&hash) {
        Some(text) => text,
        None => {
            let text = app.backend.block_text(&hash).await?;
            let text = Bytes::from(text.ok_or(Failure::NoBlock)?);
            app.blocks.note(&hash, &text);
            text
        }
    };
    Ok(dialect::json(StatusCode::OK, text))
}
