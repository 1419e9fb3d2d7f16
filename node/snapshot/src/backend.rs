//! [`DriverBackend`]: a node that is moved by hand, behind the HTTP routes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plugcoin_core::{self as core, Input, Reply};
use plugcoin_host::Resolved;
use plugcoin_http::{Backend, BlockLevels, Caller, Levels, Submitted, Texts, Unavailable, Wanted};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Contact;
use plugcoin_sdk::ledger::{Address, Block, Hash, Sum, Transaction};
use serde_json::{Value, json};

use crate::driver::Driver;

/// What a node says of a plugin that is another for each form of it, or at each run.
const OF_ONE_RUN: [&str; 5] = ["form", "file", "digest", "calls", "time_us"];

/// A node that is moved by hand, as the routes see it.
pub(crate) struct DriverBackend {
    pub(crate) driver: Arc<Mutex<Driver>>,
    pub(crate) resolved: Resolved,
    /// When it was opened.
    pub(crate) opened_us: i64,
}

/// The driver of this node; a panic leaves nothing half done that anybody would ask for.
pub(crate) fn lock(driver: &Mutex<Driver>) -> MutexGuard<'_, Driver> {
    driver.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait::async_trait]
impl Backend for DriverBackend {
    fn contact(&self) -> Contact {
        lock(&self.driver).node.contact()
    }

    async fn introduced(&self, caller: &Caller) -> Result<(), Unavailable> {
        let Caller { ip, contact } = caller.clone();
        self.handle(|_| Input::PeerIntroduced { ip, contact })
            .map(drop)
    }

    fn may_push(&self, _caller: &Caller) -> bool {
        true
    }

    async fn post_block(&self, block: Block, caller: &Caller) -> Result<Submitted, Unavailable> {
        let reply = self.handle(|node| Input::BlockReceived {
            origin: node.origin(caller.ip, &caller.contact),
            block,
        });
        submitted(reply?)
    }

    async fn post_transaction(
        &self,
        transaction: Transaction,
        caller: &Caller,
    ) -> Result<Submitted, Unavailable> {
        let reply = self.handle(|node| Input::TransactionReceived {
            origin: node.origin(caller.ip, &caller.contact),
            transaction,
        });
        submitted(reply?)
    }

    async fn pay(&self, to: &str, sum: Sum, _caller: &Caller) -> Result<Submitted, Unavailable> {
        let to = to.to_owned();
        submitted(self.handle(|_| Input::PaymentRequested { to, sum })?)
    }

    async fn peers(&self) -> Result<Vec<Address>, Unavailable> {
        let driver = lock(&self.driver);
        Ok(driver.node.peers(driver.now_us))
    }

    async fn page(&self, nr: u64, limit: u64) -> Result<Vec<Hash>, Unavailable> {
        Ok(lock(&self.driver).served().page(nr, limit))
    }

    async fn levels(&self, query: Levels) -> Result<Option<BlockLevels>, Unavailable> {
        let driver = lock(&self.driver);
        let served = driver.served().clone();
        let walk = match query {
            Levels::All => Some(served.all()),
            Levels::From { hash, limit } => driver
                .node
                .place(&hash)
                .and_then(|place| served.descendants(place, limit.unwrap_or(u64::MAX))),
        };
        Ok(walk.map(|walk| Box::new(walk) as BlockLevels))
    }

    async fn block_text(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Unavailable> {
        let mut driver = lock(&self.driver);
        if driver.served().hides(hash) {
            return Ok(None);
        }
        let read = driver.storage().read(hash);
        read.map_err(|error| fault(&mut driver, error))
    }

    async fn block_texts(
        &self,
        blocks: Vec<Wanted>,
        bytes_max: usize,
    ) -> Result<Texts, Unavailable> {
        let mut texts = Texts::default();
        for block in &blocks {
            let text = self.block_text(&block.hash).await?;
            if !texts.add(block, &text.ok_or(Unavailable::Fault)?, bytes_max) {
                break;
            }
        }
        Ok(texts)
    }

    async fn plugins(&self, _caller: &Caller) -> Result<Value, Unavailable> {
        let mut answer = self.resolved.manifests_json();
        let plugins = answer["plugins"].as_array_mut().into_iter().flatten();
        for plugin in plugins.filter_map(Value::as_object_mut) {
            plugin.retain(|name, _| !OF_ONE_RUN.contains(&name.as_str()));
        }
        Ok(answer)
    }

    async fn explain(&self, id: &Hash) -> Result<Option<Value>, Unavailable> {
        let explanation = lock(&self.driver).node.explain(id);
        Ok(explanation.map(|explanation| json!(explanation)))
    }

    async fn status(&self) -> Result<Value, Unavailable> {
        let driver = lock(&self.driver);
        let node = &driver.node;
        let (tip, contact) = (node.tip(), node.contact());
        Ok(json!({
            "height": tip.nr,
            "tip": tip.hash,
            "blocks": node.blocks(),
            "peers": node.peer_count(),
            "pool": node.waiting(),
            "orphans": node.orphans(),
            "fingerprint": contact.rules,
            "node": contact.node,
            "other_rules": node.differing_peers(),
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_s": (driver.now_us - self.opened_us) / 1_000_000,
            "mining": driver.job.is_some(),
        }))
    }
}

impl DriverBackend {
    fn handle(&self, make: impl FnOnce(&core::Node) -> Input) -> Result<Reply, Unavailable> {
        let mut driver = lock(&self.driver);
        let input = make(&driver.node);
        let handled = driver.handle(input);
        handled.map_err(|error| fault(&mut driver, error))
    }
}

/// Remembers the first fault of a node.
fn fault(driver: &mut Driver, error: Error) -> Unavailable {
    driver.fault.get_or_insert(error);
    Unavailable::Fault
}

/// What a reply means to whoever posted something.
fn submitted(reply: Reply) -> Result<Submitted, Unavailable> {
    match reply {
        Reply::Accepted(hash) => Ok(Submitted::Accepted(hash)),
        Reply::WaitingFor(parent) => Ok(Submitted::Waiting(parent)),
        Reply::Known(_) => Ok(Submitted::Known),
        Reply::Refused(invalid) => Ok(Submitted::Refused(invalid)),
        Reply::NoFunds => Ok(Submitted::NoFunds),
        Reply::Nothing => Err(Unavailable::Fault),
    }
}
