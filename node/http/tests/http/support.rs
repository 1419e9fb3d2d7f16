//! A scripted backend, requests, and answers as texts.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, Request};
use axum::response::Response;
use plugcoin_http::{
    Backend, BlockLevels, Caller, Levels, Settings, Submitted, Texts, Unavailable, Wanted, router,
    serve,
};
use plugcoin_sdk::hooks::{Contact, Tip};
use plugcoin_sdk::ledger::{
    Address, Amount, Block, Draft, Hash, Seed, Sum, Timestamp, Transaction, genesis, merkle,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// How long a test waits for what must come; only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A backend that answers what it was told to, and remembers what it was asked.
pub(crate) struct Double {
    pub(crate) contact: Contact,
    pub(crate) introduction: Result<(), Unavailable>,
    pub(crate) submitted: Result<Submitted, Unavailable>,
    pub(crate) peers: Result<Vec<Address>, Unavailable>,
    pub(crate) levels: Result<Option<Vec<Vec<Hash>>>, Unavailable>,
    pub(crate) texts: HashMap<Hash, Result<Vec<u8>, Unavailable>>,
    /// Whether single blocks are withheld.
    pub(crate) withholds: Mutex<bool>,
    pub(crate) panics: bool,
    /// How many pushes are allowed yet, where it is asked.
    pub(crate) pushes: Semaphore,
    /// Each request to `/status` takes a permit; without one it waits.
    pub(crate) permits: Semaphore,
    /// Gets a permit when a request to `/status` begins.
    pub(crate) began: Semaphore,
    pub(crate) introduced: Mutex<Vec<Caller>>,
    pub(crate) asked: Mutex<Vec<String>>,
    /// How many texts of many blocks are given at once, as if no more were at hand.
    pub(crate) texts_max: Mutex<usize>,
    /// How often texts of many blocks were asked for.
    pub(crate) texts_asked: Mutex<usize>,
}

impl Default for Double {
    fn default() -> Self {
        Self {
            contact: Contact {
                tip: Some(Tip {
                    nr: 7,
                    hash: Hash::of("tip"),
                }),
                rules: Some(Hash::of("rules")),
                node: Some("00c0ffee".into()),
                ..Contact::default()
            },
            introduction: Ok(()),
            submitted: Ok(Submitted::Accepted(Hash::of("item"))),
            peers: Ok(vec!["127.0.0.1:6000".parse().unwrap()]),
            levels: Ok(None),
            texts: HashMap::new(),
            withholds: Mutex::default(),
            panics: false,
            pushes: Semaphore::new(1000),
            permits: Semaphore::new(1000),
            began: Semaphore::new(0),
            introduced: Mutex::default(),
            asked: Mutex::default(),
            texts_max: Mutex::new(usize::MAX),
            texts_asked: Mutex::default(),
        }
    }
}

impl Double {
    /// A double with these blocks, named by any text, level by level.
    pub(crate) fn with_chain(levels: &[&[(&str, &str)]]) -> Self {
        let hashes = levels
            .iter()
            .map(|level| level.iter().map(|(name, _)| Hash::of(name)).collect())
            .collect();
        let texts = levels
            .iter()
            .flat_map(|level| level.iter())
            .map(|(name, text)| (Hash::of(name), Ok(text.as_bytes().to_vec())))
            .collect();
        Self {
            levels: Ok(Some(hashes)),
            texts,
            ..Self::default()
        }
    }

    /// A double that answers this to whatever is posted.
    pub(crate) fn submitting(submitted: Result<Submitted, Unavailable>) -> Self {
        Self {
            submitted,
            ..Self::default()
        }
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    /// What it was asked since the last look.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl Backend for Double {
    fn contact(&self) -> Contact {
        self.contact.clone()
    }

    async fn introduced(&self, caller: &Caller) -> Result<(), Unavailable> {
        self.introduced.lock().unwrap().push(caller.clone());
        self.introduction.clone()
    }

    fn may_push(&self, _: &Caller) -> bool {
        self.pushes.try_acquire().map(|push| push.forget()).is_ok()
    }

    async fn post_block(&self, block: Block, caller: &Caller) -> Result<Submitted, Unavailable> {
        self.note(format!("block {} from {}", block.nr(), caller.ip));
        self.submitted.clone()
    }

    async fn post_transaction(
        &self,
        transaction: Transaction,
        caller: &Caller,
    ) -> Result<Submitted, Unavailable> {
        self.note(format!(
            "transaction {} from {}",
            transaction.id(),
            caller.ip
        ));
        self.submitted.clone()
    }

    async fn pay(&self, to: &str, sum: Sum, caller: &Caller) -> Result<Submitted, Unavailable> {
        self.note(format!("pay {} to {to} for {}", sum.text(), caller.ip));
        self.submitted.clone()
    }

    async fn peers(&self) -> Result<Vec<Address>, Unavailable> {
        assert!(!self.panics, "told to");
        self.peers.clone()
    }

    async fn page(&self, nr: u64, limit: u64) -> Result<Vec<Hash>, Unavailable> {
        self.note(format!("page {nr} {limit}"));
        let levels = self.levels.clone()?.unwrap_or_default();
        let from = levels.into_iter().skip(usize::try_from(nr).unwrap());
        let limit = usize::try_from(limit).unwrap();
        Ok(from.take(limit).map(|level| level[0]).collect())
    }

    async fn levels(&self, query: Levels) -> Result<Option<BlockLevels>, Unavailable> {
        self.note(format!("{query:?}"));
        let levels = self.levels.clone()?;
        Ok(levels.map(|levels| Box::new(levels.into_iter()) as BlockLevels))
    }

    async fn block_text(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Unavailable> {
        self.note(format!("text {hash}"));
        if *self.withholds.lock().unwrap() {
            return Ok(None);
        }
        self.texts.get(hash).cloned().transpose()
    }

    async fn block_texts(
        &self,
        blocks: Vec<Wanted>,
        bytes_max: usize,
    ) -> Result<Texts, Unavailable> {
        assert!(blocks.len() <= 256, "more than can be sent at once");
        *self.texts_asked.lock().unwrap() += 1;
        let (mut texts, texts_max) = (Texts::default(), *self.texts_max.lock().unwrap());
        for block in blocks.iter().take(texts_max) {
            let text = self.texts.get(&block.hash).cloned().transpose()?;
            if !texts.add(block, &text.ok_or(Unavailable::Fault)?, bytes_max) {
                break;
            }
        }
        Ok(texts)
    }

    async fn plugins(&self, _: &Caller) -> Result<Value, Unavailable> {
        self.peers.clone()?;
        Ok(json!({"plugins": [{"name": "zeros", "options": {"zeros": 4}}]}))
    }

    async fn explain(&self, id: &Hash) -> Result<Option<Value>, Unavailable> {
        self.peers.clone()?;
        let known = self.texts.contains_key(id);
        Ok(known.then(|| json!({"id": id, "verdict": "refused"})))
    }

    async fn status(&self) -> Result<Value, Unavailable> {
        self.began.add_permits(1);
        self.permits.acquire().await.unwrap().forget();
        self.peers.clone()?;
        Ok(json!({"height": 7}))
    }
}

/// A block on top of the genesis block, by this creator; nothing says that it is valid.
pub(crate) fn block(creator: &str) -> Block {
    let at = Timestamp::parse("2020-05-14T09:19:10.338111").unwrap();
    let reward = Transaction::reward(creator, Amount::from_coins(1), at).unwrap();
    let seed = Seed {
        nr: 1,
        previous_hash: Some(genesis().hash()),
        timestamp: at,
        creator: creator.into(),
        merkle_root: merkle::root(&[reward.leaf()]),
    };
    Draft::new(seed, vec![reward])
        .unwrap()
        .sealed("VDEODFTZ041jHIZuIyEY")
        .unwrap()
}

/// A transaction; nothing says that it is valid.
pub(crate) fn transaction() -> Transaction {
    let text = r#"{"signature": "c0de","transaction": {"from": "alice","to": "bob","sum": 0.80,"timestamp": "2020-05-14T09:19:10"}}"#;
    Transaction::parse(text).unwrap()
}

/// A request of a method, a path and a body.
pub(crate) fn request(method: &str, uri: &str, body: impl Into<Body>) -> Request<Body> {
    let remote: SocketAddr = "192.0.2.7:5555".parse().unwrap();
    Request::builder()
        .method(method)
        .uri(uri)
        .extension(ConnectInfo(remote))
        .body(body.into())
        .unwrap()
}

pub(crate) fn get(uri: &str) -> Request<Body> {
    request("GET", uri, Body::empty())
}

pub(crate) fn post(uri: &str, body: impl Into<Body>) -> Request<Body> {
    request("POST", uri, body)
}

/// The request with one more header.
pub(crate) fn with(mut request: Request<Body>, name: &str, value: &[u8]) -> Request<Body> {
    let name: HeaderName = name.parse().unwrap();
    let value = value.try_into().unwrap();
    request.headers_mut().append(name, value);
    request
}

/// The answer of a router.
pub(crate) async fn answer(app: &Router, request: Request<Body>) -> Response {
    app.clone().oneshot(request).await.unwrap()
}

/// Status line, headers in order of their names, and the body, byte for byte.
pub(crate) async fn shown(response: Response) -> String {
    let (parts, body) = response.into_parts();
    let mut text = format!("{:?} {}\n", parts.version, parts.status);
    let mut headers: Vec<String> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    let _ = write!(text, "{}\n{body}\n", headers.concat());
    text
}

/// The status and the body of an answer.
pub(crate) async fn brief(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.into()).unwrap())
}

/// Several requests and their answers, for one snapshot.
#[derive(Default)]
pub(crate) struct Transcript(String);

impl Transcript {
    /// Asks a node with this backend, and writes down the answer.
    pub(crate) async fn ask(&mut self, title: &str, double: Double, request: Request<Body>) {
        let app = router(Arc::new(double), Settings::default());
        self.ask_of(title, &app, request).await;
    }

    /// Asks these routes, and writes down the answer.
    pub(crate) async fn ask_of(&mut self, title: &str, app: &Router, request: Request<Body>) {
        let asked = format!("{} {}", request.method(), request.uri());
        let answer = shown(answer(app, request).await).await;
        let _ = write!(self.0, "=== {title}: {asked}\n{answer}\n");
    }

    /// Writes down a line.
    pub(crate) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Compares with the snapshot of this name.
    pub(crate) fn check(&self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, self.0));
    }
}

/// A node on a free port of loopback.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) double: Arc<Double>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) served: JoinHandle<Result<(), plugcoin_sdk::Error>>,
}

impl Running {
    pub(crate) async fn start(double: Double, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let double = Arc::new(double);
        let routes = router(double.clone(), settings.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, routes, settings, async {
            let _ = stopped.await;
        }));
        Self {
            at,
            double,
            stop,
            served,
        }
    }

    pub(crate) fn address(&self) -> Address {
        Address::new(self.at.ip(), self.at.port())
    }

    pub(crate) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.at).await.unwrap())
    }
}

/// A client that sends and reads bytes as they are.
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    pub(crate) async fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// All that comes until the other side closes; without the dates.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = self.0.read_to_end(&mut bytes);
        tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
        undated(&String::from_utf8(bytes).unwrap())
    }

    /// What comes until this text was there.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        let read = async {
            while !bytes.ends_with(end.as_bytes()) {
                bytes.push(self.0.read_u8().await.unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap();
        undated(&String::from_utf8(bytes).unwrap())
    }
}

fn undated(text: &str) -> String {
    text.split_inclusive("\r\n")
        .filter(|line| !line.to_ascii_lowercase().starts_with("date:"))
        .collect()
}
