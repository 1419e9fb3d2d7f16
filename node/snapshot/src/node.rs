//! [`TestNode`]: a node in this process that answers requests, with fixed clock, keys and seeds.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use plugcoin_core::Config;
use plugcoin_host::{Manifest, Plan, Resolved};
use plugcoin_http::{Settings, router};
use plugcoin_sdk::hooks::{Contact, Storage};
use plugcoin_sdk::ledger::{Hash, Transaction};
use plugcoin_sdk::plugin::{Active, Hooks};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::MemoryStorage;
use plugcoin_testkit::fixtures::{SECOND_US, START_US};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::asked::Asked;
use crate::backend::{DriverBackend, lock};
use crate::builder::Builder;
use crate::driver::Driver;
use crate::exchange::{Answer, Exchange, Request};
use crate::keys::Keys;
use crate::script;
use crate::world::{BLOCK_US, World};

/// The port by which the node names its files and itself.
pub(crate) const PORT: u16 = 6000;

/// What the node calls itself.
const NAME: &str = "00000000000000000000000000000000";

/// What its gossip draws by.
const SEED: u64 = 1;

/// A node in this process that answers requests, with fixed clock, keys and seeds.
///
/// * It is the core that a real node runs, behind the same routes; there is no socket and no thread.
/// * It begins with a small chain, made by the active rules: three blocks, another block 2 beside
///   them, a payment in a block and one that waits.
/// * The clock stands still but for [`wait`](Self::wait) and where the consensus waits for a turn.
/// * It mines only when it is told to, from the same first nonce each time. Calls to peers go nowhere.
/// * The same plugins and options give the same answers, byte for byte, if the plugins decide by
///   their arguments and options alone.
///
/// ```
/// use plugcoin_snapshot::{Request, TestNode};
///
/// let node = TestNode::builder().set("zeros.zeros", 1).start().unwrap();
/// let answer = node.ask(&Request::get("/status")).unwrap();
/// assert_eq!(answer.status, 200);
/// assert!(answer.body.contains("\"height\": 3"), "{}", answer.body);
/// ```
pub struct TestNode {
    driver: Arc<Mutex<Driver>>,
    routes: Router,
    runtime: Runtime,
    world: World,
    asked: Asked,
    manifests: Vec<Manifest>,
    fingerprint: Hash,
    /// Goes last: the plugins may have files there.
    _dir: TempDir,
}

impl TestNode {
    /// A node under this plugin, and the defaults for all else; it is found by its name among those
    /// that are linked into this program.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn with_plugin(name: &str) -> Result<Self, Error> {
        Self::builder().plugin(name).start()
    }

    /// A node whose plugins and options are yet to be named.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Opens the node: its world is made by `worlds`, a plan without files.
    pub(crate) fn open(
        asked: Asked,
        plan: &Plan,
        worlds: &Plan,
        dir: TempDir,
    ) -> Result<Self, Error> {
        let signer = plan.signer()?.hook;
        let alice = Keys::new(&*signer, 1, "alice")?;
        let bob = Keys::new(&*signer, 2, "bob")?;
        let unmade = |error: Error| {
            Error::new(error.kind(), "no node can be made under these rules")
                .with("blocks would be made by the key", alice.public())
                .because(error)
        };
        let resolved = plan.create().map_err(unmade)?;
        let hooks = || -> Result<Hooks, Error> {
            let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
            Ok(worlds.create_on(Active::new("memory", storage))?.hooks)
        };
        let world = World::make(alice.clone(), bob, hooks).map_err(unmade)?;
        let driver = of_world(&world, &resolved).map_err(unmade)?;
        let driver = Arc::new(Mutex::new(driver));
        let io = |error| Error::new(ErrorKind::Io, "the system gives no timer").because(error);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(io)?;
        let (manifests, fingerprint) = (resolved.manifests.clone(), resolved.fingerprint);
        let backend = DriverBackend {
            driver: driver.clone(),
            resolved,
            opened_us: START_US,
        };
        Ok(Self {
            driver,
            routes: router(Arc::new(backend), Settings::default()),
            runtime,
            world,
            asked,
            manifests,
            fingerprint,
            _dir: dir,
        })
    }

    /// Asks the node something, as a client on this machine.
    ///
    /// * Not from within an async runtime: it has one of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the request is none that HTTP could carry; whatever a plugin
    /// failed with that decides what is valid or wins: the node answers nothing more then.
    pub fn ask(&self, request: &Request) -> Result<Answer, Error> {
        let no_request = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Configuration, "there can be no such request")
                .because(error.to_string())
        };
        let mut asked = axum::http::Request::builder()
            .method(request.method.as_str())
            .uri(&request.path);
        for (name, value) in &request.headers {
            asked = asked.header(name, value);
        }
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
        let asked = asked
            .extension(ConnectInfo(client))
            .body(Body::from(request.body.clone()))
            .map_err(|error| no_request(&error))?;
        let answer = self.runtime.block_on(async {
            let Ok(answer) = self.routes.clone().oneshot(asked).await;
            let (head, body) = answer.into_parts();
            to_bytes(body, usize::MAX).await.map(|body| (head, body))
        });
        if let Some(fault) = lock(&self.driver).fault.take() {
            return Err(fault);
        }
        let (head, body) = answer.map_err(|error| no_request(&error))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = head.headers.iter();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body: text(&body),
        })
    }

    /// What the clock says, in microseconds since 1970.
    pub fn now_us(&self) -> i64 {
        lock(&self.driver).now_us
    }

    /// Lets so many microseconds pass.
    ///
    /// # Errors
    /// Whatever a plugin failed with that decides what is valid or wins.
    pub fn wait(&self, us: u32) -> Result<(), Error> {
        let mut driver = lock(&self.driver);
        let now_us = driver.now_us + i64::from(us);
        driver.wait_until(now_us)
    }

    /// Mines the block that is due, if the mempool's plugin says that one is: its hash.
    ///
    /// * Ten minutes pass before.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if no seal is found within a bound, or the consensus never lets
    /// this node's wallet make one; whatever a plugin failed with that decides what is valid or wins.
    pub fn mine(&self) -> Result<Option<Hash>, Error> {
        let mut driver = lock(&self.driver);
        let now_us = driver.now_us + BLOCK_US;
        driver.wait_until(now_us)?;
        let mined = driver.mine()?;
        Ok(mined.map(|mined| mined.block.hash()))
    }

    /// The best tip.
    pub fn tip(&self) -> Hash {
        lock(&self.driver).node.tip().hash
    }

    /// The fingerprint of the rules.
    pub fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    /// What the node was asked to run with.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The active plugins.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// Asks a fixed list of requests, of every endpoint what it answers and what it refuses.
    ///
    /// * The node is changed by them, so that it can do so once.
    ///
    /// # Errors
    /// As [`ask`](Self::ask) and [`mine`](Self::mine).
    pub fn exchanges(self) -> Result<Vec<Exchange>, Error> {
        script::run(&self)
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// A payment under the signer that holds for the next block.
    pub(crate) fn payment(
        &self,
        from: &Keys,
        to: &str,
        sum: &str,
        time_us: i64,
    ) -> Result<Transaction, Error> {
        let driver = lock(&self.driver);
        let signer = &driver.hooks.signer.at(driver.node.tip().nr + 1).hook;
        let payment = from.pay(&**signer, to, sum, time_us);
        payment.map_err(|invalid| {
            Error::new(ErrorKind::Plugin, "a key or a signature has a wrong form")
                .because(invalid.to_string())
        })
    }
}

/// A node that has taken in what happened in this world.
fn of_world(world: &World, resolved: &Resolved) -> Result<Driver, Error> {
    let config = Config {
        first_coin: false,
        reward_to: Some(world.alice.public().to_owned()),
        me: Contact {
            tip: None,
            rules: Some(resolved.fingerprint),
            node: Some(NAME.to_owned()),
            port: Some(PORT),
            address: None,
        },
        seed: SEED,
        ..Config::default()
    };
    let hooks = resolved.hooks.clone();
    let mut driver = Driver::open(START_US, config, hooks, world.alice.pair())?;
    for (us, input) in world.past.clone() {
        driver.now_us = driver.now_us.max(us);
        driver.handle(input)?;
    }
    driver.wait_until(world.asked_us)?;
    // Nothing that the node is asked later falls together with what was.
    driver.wait_until(driver.now_us + SECOND_US)?;
    Ok(driver)
}
