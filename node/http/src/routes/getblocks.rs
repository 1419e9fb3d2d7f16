//! `GET /getblocks`: all blocks, a block and its descendants, or a page of the best chain.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::App;
use crate::backend::Levels;
use crate::dialect::{self, Chain, Failure};
use crate::limits::{PAGE_BYTES_MAX, PAGE_LEVELS_MAX};
use crate::query::Query;

pub(super) async fn answer(State(app): State<App>, uri: Uri) -> Result<Response, Failure> {
    let query = Query::read(&uri, &["id", "nr", "limit"])?;
    let limit = query.number("limit", 1)?;
    let (levels, bytes_max) = match (query.hash("id")?, query.number("nr", 0)?) {
        (None, None) if limit.is_some() => {
            return Err(Failure::Query(
                "`limit` goes with `id` or `nr`; there is neither".into(),
            ));
        }
        (None, None) => (Levels::All, usize::MAX),
        (Some(hash), None) => (Levels::From { hash, limit }, usize::MAX),
        (None, Some(nr)) => {
            let limit = Some(limit.unwrap_or(u64::MAX).min(PAGE_LEVELS_MAX));
            (Levels::Best { nr, limit }, PAGE_BYTES_MAX)
        }
        (Some(_), Some(_)) => {
            return Err(Failure::Query(
                "`id` and `nr` are two ways to ask; give one".into(),
            ));
        }
    };
    // Held until the answer is sent. The semaphore is never closed, so that none means a page.
    let permit = match levels {
        Levels::Best { .. } => None,
        Levels::All | Levels::From { .. } => app.streams.acquire_owned().await.ok(),
    };
    let levels = app.backend.levels(levels).await?.ok_or(Failure::NoBlock)?;
    dialect::chain(Chain::new(app.backend, levels, bytes_max, permit)).await
}
