//! [`NodeBackend`]: the running node behind the HTTP routes.

use std::sync::Arc;
use std::time::Instant;

use plugcoin_core::{self as core, Input, Reply};
use plugcoin_host::Resolved;
use plugcoin_http::{Backend, Caller, Levels, Submitted, Unavailable};
use plugcoin_sdk::hooks::{Contact, Storage};
use plugcoin_sdk::ledger::{Address, Block, Hash, Sum, Transaction};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::ahead::Ahead;
use super::clock::now_us;
use super::core::CoreQueue;
use super::miner::Miner;
use super::sources::Sources;

/// The running node as the routes see it.
pub(crate) struct NodeBackend {
    /// The way to the node.
    pub(crate) core: CoreQueue,
    /// What is done before.
    pub(crate) ahead: Ahead,
    /// What the node says of itself.
    pub(crate) contact: watch::Receiver<Contact>,
    /// How much each source may push in.
    pub(crate) sources: Sources,
    /// Where the blocks' texts are.
    pub(crate) storage: Arc<dyn Storage>,
    /// Whether it mines now.
    pub(crate) miner: Miner,
    /// The plugins.
    pub(crate) resolved: Resolved,
    /// The program's version.
    pub(crate) version: &'static str,
    /// When it started.
    pub(crate) started: Instant,
}

#[async_trait::async_trait]
impl Backend for NodeBackend {
    fn contact(&self) -> Contact {
        self.contact.borrow().clone()
    }

    async fn introduced(&self, caller: &Caller) -> Result<(), Unavailable> {
        let input = Input::PeerIntroduced {
            ip: caller.ip,
            contact: caller.contact.clone(),
        };
        self.core.post(|_| input).await.map(drop)
    }

    async fn post_block(&self, block: Block, caller: &Caller) -> Result<Submitted, Unavailable> {
        if !self.sources.allow(caller.ip, now_us()) {
            return Ok(Submitted::TooMany);
        }
        let place = self.core.place()?;
        self.ahead.block(&block).await;
        let Caller { ip, contact } = caller.clone();
        let post = move |node: &core::Node| Input::BlockReceived {
            origin: node.origin(ip, &contact),
            block,
        };
        submitted(self.core.post_at(place, post).await?)
    }

    async fn post_transaction(
        &self,
        transaction: Transaction,
        caller: &Caller,
    ) -> Result<Submitted, Unavailable> {
        if !self.sources.allow(caller.ip, now_us()) {
            return Ok(Submitted::TooMany);
        }
        let place = self.core.place()?;
        let tip = self.contact.borrow().tip;
        let nr = tip.map_or(0, |tip| tip.nr) + 1;
        self.ahead.transaction(nr, &transaction).await;
        let Caller { ip, contact } = caller.clone();
        let post = move |node: &core::Node| Input::TransactionReceived {
            origin: node.origin(ip, &contact),
            transaction,
        };
        submitted(self.core.post_at(place, post).await?)
    }

    async fn pay(&self, to: &str, sum: Sum, caller: &Caller) -> Result<Submitted, Unavailable> {
        if !self.sources.allow(caller.ip, now_us()) {
            return Ok(Submitted::TooMany);
        }
        let input = Input::PaymentRequested {
            to: to.to_owned(),
            sum,
        };
        submitted(self.core.post(|_| input).await?)
    }

    async fn peers(&self) -> Result<Vec<Address>, Unavailable> {
        self.core.query(|node| node.peers(now_us())).await
    }

    async fn levels(&self, query: Levels) -> Result<Option<Vec<Vec<Hash>>>, Unavailable> {
        let levels = match query {
            Levels::All => core::Levels::All,
            Levels::From { hash, limit } => core::Levels::From(hash, limit.unwrap_or(u64::MAX)),
            Levels::Best { nr, limit } => core::Levels::Best(nr, limit.unwrap_or(u64::MAX)),
        };
        self.core.query(move |node| node.levels(levels)).await
    }

    async fn block_text(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Unavailable> {
        let hash = *hash;
        if !self.core.query(move |node| node.serves(&hash)).await? {
            return Ok(None);
        }
        self.read(move |storage| storage.read(&hash)).await
    }

    async fn block_texts(
        &self,
        hashes: &[Hash],
        bytes_max: usize,
    ) -> Result<Vec<Vec<u8>>, Unavailable> {
        let mut hashes = hashes.to_vec();
        let served = move |node: &core::Node| {
            let withheld = hashes.iter().position(|hash| !node.serves(hash));
            hashes.truncate(withheld.unwrap_or(hashes.len()));
            hashes
        };
        let hashes = self.core.query(served).await?;
        self.read(move |storage| {
            let (mut texts, mut bytes): (Vec<Vec<u8>>, usize) = (Vec::new(), 0);
            storage.read_many(&hashes, &mut |text| {
                bytes += text.len();
                if !texts.is_empty() && bytes > bytes_max {
                    return false;
                }
                texts.push(text.to_vec());
                true
            })?;
            Ok(texts)
        })
        .await
    }

    async fn plugins(&self, caller: &Caller) -> Result<Value, Unavailable> {
        let mut answer = self.resolved.manifests_json();
        if !caller.ip.is_loopback() {
            let plugins = answer["plugins"].as_array_mut();
            for plugin in plugins.into_iter().flatten() {
                plugin.as_object_mut().map(|plugin| plugin.remove("file"));
            }
        }
        Ok(answer)
    }

    async fn explain(&self, id: &Hash) -> Result<Option<Value>, Unavailable> {
        let id = *id;
        let explanation = self.core.query(move |node| node.explain(&id)).await?;
        Ok(explanation.map(|explanation| json!(explanation)))
    }

    async fn status(&self) -> Result<Value, Unavailable> {
        let mut status = self
            .core
            .query(|node| {
                let (tip, contact) = (node.tip(), node.contact());
                json!({
                    "height": tip.nr,
                    "tip": tip.hash,
                    "blocks": node.blocks(),
                    "peers": node.peer_count(),
                    "pool": node.waiting(),
                    "orphans": node.orphans(),
                    "fingerprint": contact.rules,
                    "node": contact.node,
                    "other_rules": node.differing_peers(),
                })
            })
            .await?;
        status["version"] = self.version.into();
        status["uptime_s"] = self.started.elapsed().as_secs().into();
        status["mining"] = self.miner.is_searching().into();
        Ok(status)
    }
}

impl NodeBackend {
    /// Reads from the storage, where that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Storage) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let storage = self.storage.clone();
        let done = tokio::task::spawn_blocking(move || read(&*storage)).await;
        let done = done.unwrap_or_else(|panic| {
            Err(Error::new(ErrorKind::Plugin, "reading a block panicked").because(panic))
        });
        // Without its storage a node can't go on: what it acknowledged may be lost.
        done.map_err(|error| {
            self.core.fault(error);
            Unavailable::Fault
        })
    }
}

/// What a reply means to whoever posted something.
fn submitted(reply: Reply) -> Result<Submitted, Unavailable> {
    Ok(match reply {
        Reply::Accepted(hash) => Submitted::Accepted(hash),
        Reply::WaitingFor(parent) => Submitted::Waiting(parent),
        Reply::Known(_) => Submitted::Known,
        Reply::Refused(invalid) => Submitted::Refused(invalid),
        Reply::NoFunds => Submitted::NoFunds,
        Reply::Nothing => {
            tracing::error!("the core had no reply to something posted");
            return Err(Unavailable::Fault);
        }
    })
}
