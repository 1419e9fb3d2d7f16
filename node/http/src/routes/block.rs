//! `POST /block`: somebody has a block for this node.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use plugcoin_sdk::ledger::Block;
use std::sync::Arc;

use super::App;
use crate::backend::Caller;
use crate::dialect::{self, Failure, Item};
use crate::limits::BLOCK_BODY_BYTES_MAX;
use crate::query::Query;

pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    body: Body,
) -> Result<Response, Failure> {
    Query::none(&uri)?;
    let mut held = app.long_bodies.begin();
    let text = dialect::read_text(body, BLOCK_BODY_BYTES_MAX, &mut held).await?;
    let block = Block::parse(&text)?;
    drop(text);
    let submitted = app.backend.post_block(block, &caller).await?;
    dialect::submitted(Item::Block, submitted)
}
