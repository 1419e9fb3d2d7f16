//! `GET /getblocks`: all blocks, a block and its descendants, or a page of the best chain.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use std::sync::Arc;

use super::App;
use crate::backend::Levels;
use crate::dialect::{self, Failure, Page};
use crate::limits::PAGE_LEVELS_MAX;
use crate::query::Query;

pub(super) async fn answer(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Failure> {
    let query = Query::read(&uri, &["id", "nr", "limit"])?;
    let limit = query.number("limit", 1)?;
    let levels = match (query.hash("id")?, query.number("nr", 0)?) {
        (None, None) if limit.is_some() => {
            return Err(Failure::Query(
                "`limit` goes with `id` or `nr`; there is neither".into(),
            ));
        }
        (None, None) => Levels::All,
        (Some(hash), None) => Levels::From { hash, limit },
        (None, Some(nr)) => {
            let limit = limit.unwrap_or(u64::MAX).min(PAGE_LEVELS_MAX);
            let hashes = app.backend.page(nr, limit).await?;
            let is_cut = hashes.len() as u64 == limit;
            let (backend, runs) = (app.backend.clone(), app.runs.clone());
            return dialect::page(Page::new(backend, runs, hashes, nr, is_cut)).await;
        }
        (Some(_), Some(_)) => {
            return Err(Failure::Query(
                "`id` and `nr` are two ways to ask; give one".into(),
            ));
        }
    };
    // Held until the answer is sent. The semaphore is never closed, so that there always is one.
    let permit = app.streams.clone().acquire_owned().await.ok();
    let levels = app.backend.levels(levels).await?.ok_or(Failure::NoBlock)?;
    dialect::levels(dialect::Levels::new(app.backend.clone(), levels, permit)).await
}
