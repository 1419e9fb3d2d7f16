//! `GET /getpeers`: the addresses that this node gives to those who ask.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use std::sync::Arc;

use super::App;
use crate::dialect::{self, Failure};
use crate::query::Query;

pub(super) async fn answer(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Failure> {
    Query::none(&uri)?;
    Ok(dialect::peers(&app.backend.peers().await?))
}
