//! The baseline: axum with bytes that lie ready, behind the layers of a node's routes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use plugcoin_http::{
    Backend, BlockLevels, Caller, Levels, Settings, Submitted, Texts, Unavailable, Wanted,
    behind_layers, serve,
};
use plugcoin_sdk::hooks::{Contact, Tip};
use plugcoin_sdk::ledger::{Address, Block, Hash, Sum, Transaction};
use plugcoin_sdk::{Error, ErrorKind};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::client::Client;
use super::cpu;

/// By this name its threads are known.
const THREADS: &str = "bench-ready";

/// A server in this process, with threads of its own as a node has them.
pub(super) struct Ready {
    // It ends when this is dropped.
    _runtime: Runtime,
    pub(super) at: SocketAddr,
}

impl Ready {
    /// Answers these bytes to what a node is asked: a `POST` once its body is read.
    pub(super) fn start(bytes: Vec<u8>) -> Result<Self, Error> {
        let failed = |error| Error::new(ErrorKind::Io, "no server on loopback").because(error);
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name(THREADS)
            .build()
            .map_err(failed)?;
        let bytes = Bytes::from(bytes);
        let json = |bytes: Bytes| ([(CONTENT_TYPE, "application/json")], bytes);
        let (block, page) = (bytes.clone(), bytes.clone());
        let routes = Router::new()
            .route("/getdata", get(async move || json(block)))
            .route("/getblocks", get(async move || json(page)))
            .route("/inv", post(async move |_: Bytes| json(bytes)));
        let settings = Settings::default();
        let routes = behind_layers(routes, Arc::new(Nobody::new()), settings.clone());
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(listen).map_err(failed)?;
        let at = listener.local_addr().map_err(failed)?;
        runtime.spawn(serve(listener, routes, settings, std::future::pending()));
        Ok(Self {
            _runtime: runtime,
            at,
        })
    }

    /// So many connections to it.
    pub(super) fn clients(&self, count: usize) -> Result<Vec<Client>, Error> {
        (0..count).map(|_| Client::connect(self.at)).collect()
    }

    /// The CPU time of all its threads so far, in nanoseconds.
    #[expect(clippy::unused_self, reason = "there is one at a time")]
    pub(super) fn cpu_ns(&self) -> Result<u64, Error> {
        cpu::of_threads("self", THREADS)
    }
}

/// Says in the headers what a node says, and is asked nothing else.
struct Nobody(Contact);

impl Nobody {
    fn new() -> Self {
        Self(Contact {
            tip: Some(Tip {
                nr: 2_000,
                hash: Hash::of("tip"),
            }),
            rules: Some(Hash::of("rules")),
            node: Some("00112233445566778899aabbccddeeff".to_owned()),
            ..Contact::default()
        })
    }
}

#[async_trait::async_trait]
impl Backend for Nobody {
    fn contact(&self) -> Contact {
        self.0.clone()
    }

    async fn introduced(&self, _: &Caller) -> Result<(), Unavailable> {
        Err(Unavailable::Fault)
    }

    fn may_push(&self, _: &Caller) -> bool {
        true
    }

    async fn post_block(&self, _: Block, _: &Caller) -> Result<Submitted, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn post_transaction(&self, _: Transaction, _: &Caller) -> Result<Submitted, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn pay(&self, _: &str, _: Sum, _: &Caller) -> Result<Submitted, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn peers(&self) -> Result<Vec<Address>, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn page(&self, _: u64, _: u64) -> Result<Vec<Hash>, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn levels(&self, _: Levels) -> Result<Option<BlockLevels>, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn block_text(&self, _: &Hash) -> Result<Option<Vec<u8>>, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn block_texts(&self, _: Vec<Wanted>, _: usize) -> Result<Texts, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn plugins(&self, _: &Caller) -> Result<serde_json::Value, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn explain(&self, _: &Hash) -> Result<Option<serde_json::Value>, Unavailable> {
        Err(Unavailable::Fault)
    }

    async fn status(&self) -> Result<serde_json::Value, Unavailable> {
        Err(Unavailable::Fault)
    }
}
