//! The routes, one file each.

mod block;
mod explain;
mod getblocks;
mod getdata;
mod getpeers;
mod inv;
mod money;
mod plugins;
mod status;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use crate::backend::Backend;
use crate::blocks::Blocks;
use crate::dialect::{Failure, LongBodies};
use crate::gate::gate;
use crate::limits::{COMPRESSIONS_MAX, RUNS_BYTES_MAX};
use crate::runs::Runs;
use crate::settings::Settings;

/// What every route sees.
pub(crate) struct App {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) settings: Settings,
    /// A permit for each answer of a whole chain.
    pub(crate) streams: Arc<Semaphore>,
    /// A permit for each answer that is compressed.
    pub(crate) compressions: Arc<Semaphore>,
    /// The memory of long bodies.
    pub(crate) long_bodies: LongBodies,
    /// Parts of pages that lie ready.
    pub(crate) runs: Arc<Runs>,
    /// Blocks that lie ready.
    pub(crate) blocks: Blocks,
}

impl App {
    fn new(backend: Arc<dyn Backend>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            backend,
            streams: Arc::new(Semaphore::new(settings.streams_max)),
            compressions: Arc::new(Semaphore::new(COMPRESSIONS_MAX)),
            settings,
            long_bodies: LongBodies::default(),
            runs: Arc::new(Runs::new(RUNS_BYTES_MAX)),
            blocks: Blocks::default(),
        })
    }
}

/// Makes the node's routes over what stands behind them.
///
/// * Every request must carry an axum `ConnectInfo<SocketAddr>`, as [`serve`](crate::serve) gives it.
/// * Every answer is JSON and says this node's [`Contact`](plugcoin_sdk::hooks::Contact) in headers.
pub fn router(backend: Arc<dyn Backend>, settings: Settings) -> Router {
    let app = App::new(backend, settings);
    let routes = Router::new()
        .route("/getpeers", get(getpeers::answer))
        .route("/getblocks", get(getblocks::answer))
        .route("/getdata", get(getdata::answer))
        .route("/explain", get(explain::answer))
        .route("/plugins", get(plugins::answer))
        .route("/status", get(status::answer))
        .route("/block", post(block::answer))
        .route("/inv", post(inv::answer))
        .route("/money", post(money::answer))
        .fallback(async || Failure::NoPath)
        .method_not_allowed_fallback(async || Failure::Method)
        .with_state(app.clone());
    layered(routes, app)
}

/// Puts any routes behind the layers of a node's: the gate, which sees who may ask and says this
/// node's headers, the time limit, and what catches panics.
///
/// * For other routes beside a node's, and to measure what the layers cost.
pub fn behind_layers(routes: Router, backend: Arc<dyn Backend>, settings: Settings) -> Router {
    layered(routes, App::new(backend, settings))
}

fn layered(routes: Router, app: Arc<App>) -> Router {
    routes
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("answering a request panicked");
            Failure::Fault.into_response()
        }))
        .layer(from_fn_with_state(app, gate))
}
