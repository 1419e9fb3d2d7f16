//! [`NodeBackend`]: the running node behind the HTTP routes.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;

use plugcoin_core::chain::Served;
use plugcoin_core::{self as core, Input, Reply};
use plugcoin_host::Resolved;
use plugcoin_http::{Backend, BlockLevels, Caller, Levels, Submitted, Texts, Unavailable, Wanted};
use plugcoin_sdk::hooks::{Contact, Storage};
use plugcoin_sdk::ledger::{Address, Block, Hash, Sum, Transaction};
use plugcoin_sdk::{Error, ErrorKind};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::ahead::Ahead;
use super::clock::now_us;
use super::core::CoreQueue;
use super::miner::Miner;
use super::money::Paid;
use super::sources::Sources;

/// The running node as the routes see it.
pub(crate) struct NodeBackend {
    /// The way to the node.
    pub(crate) core: CoreQueue,
    /// What is done before.
    pub(crate) ahead: Ahead,
    /// What the node says of itself.
    pub(crate) contact: watch::Receiver<Contact>,
    /// What may be told of the chain.
    pub(crate) served: Arc<RwLock<Served>>,
    /// How much each source may push in.
    pub(crate) sources: Sources,
    /// How often each source may be introduced.
    pub(crate) introductions: Sources,
    /// How much each client was paid.
    pub(super) paid: Paid,
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
        // Who asks so often is known by now; and whoever is not, is the next time.
        if !self.introductions.allow(caller.ip, now_us()) {
            return Ok(());
        }
        let input = Input::PeerIntroduced {
            ip: caller.ip,
            contact: caller.contact.clone(),
        };
        match self.core.post(|_| input).await {
            Ok(_) | Err(Unavailable::Busy) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    fn may_push(&self, caller: &Caller) -> bool {
        self.sources.allow(caller.ip, now_us())
    }

    async fn post_block(&self, block: Block, caller: &Caller) -> Result<Submitted, Unavailable> {
        if !self.may_push(caller) {
            return Ok(Submitted::TooMany);
        }
        let place = self.core.place()?;
        // Nothing dear is done for a block that the node would refuse at once, or hold, or has.
        if block.computed_hash() == block.hash() {
            let asked = block.clone();
            let stand = move |node: &core::Node| node.stand(&asked);
            if let Some(stand) = self.core.query_at(place.clone(), stand).await? {
                self.ahead.block(&block, stand, &place).await;
            }
        }
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
        if !self.may_push(caller) {
            return Ok(Submitted::TooMany);
        }
        let place = self.core.place()?;
        let tip = self.contact.borrow().tip;
        let nr = tip.map_or(0, |tip| tip.nr) + 1;
        self.ahead.transaction(nr, &transaction, &place).await;
        let Caller { ip, contact } = caller.clone();
        let post = move |node: &core::Node| Input::TransactionReceived {
            origin: node.origin(ip, &contact),
            transaction,
        };
        submitted(self.core.post_at(place, post).await?)
    }

    async fn pay(&self, to: &str, sum: Sum, caller: &Caller) -> Result<Submitted, Unavailable> {
        let now = self.started.elapsed();
        let taken = match self.paid.take(caller.ip, sum.amount(), now) {
            Ok(taken) => taken,
            Err(told) => return Ok(told),
        };
        let input = Input::PaymentRequested {
            to: to.to_owned(),
            sum,
        };
        // Who goes away now leaves it taken: the payment may be made all the same.
        let reply = self.core.post(|_| input).await;
        if !matches!(reply, Ok(Reply::Accepted(_)) | Err(Unavailable::Fault)) {
            self.paid.give_back(&taken);
        }
        submitted(reply?)
    }

    async fn peers(&self) -> Result<Vec<Address>, Unavailable> {
        self.core.query(|node| node.peers(now_us())).await
    }

    async fn page(&self, nr: u64, limit: u64) -> Result<Vec<Hash>, Unavailable> {
        Ok(self.served().page(nr, limit))
    }

    async fn levels(&self, query: Levels) -> Result<Option<BlockLevels>, Unavailable> {
        let (hash, limit) = match query {
            Levels::All => return Ok(Some(Box::new(self.served().clone().all()))),
            Levels::From { hash, limit } => (hash, limit.unwrap_or(u64::MAX)),
        };
        // The one thing that only the core knows: where the block is.
        let place = self.core.query(move |node| node.place(&hash)).await?;
        let walk = place.and_then(|place| self.served().clone().descendants(place, limit));
        Ok(walk.map(|walk| Box::new(walk) as BlockLevels))
    }

    async fn block_text(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Unavailable> {
        let hash = *hash;
        let text = match self.storage.at_hand(&hash) {
            Ok(None) => self.read(move |storage| storage.read(&hash)).await,
            at_hand => self.or_stop(at_hand),
        }?;
        // What the journal has is durable, and was hidden before it was written if it is to be.
        Ok(text.filter(|_| !self.served().hides(&hash)))
    }

    async fn block_texts(
        &self,
        blocks: Vec<Wanted>,
        bytes_max: usize,
    ) -> Result<Texts, Unavailable> {
        let at_hand = gathered(&blocks, bytes_max, |hashes, visit| {
            self.storage.many_at_hand(hashes, visit)
        });
        match at_hand {
            // The first alone would have to be waited for.
            Ok(texts) if texts.blocks == 0 => {
                let read = move |storage: &dyn Storage| {
                    gathered(&blocks, bytes_max, |hashes, visit| {
                        storage.read_many(hashes, visit)
                    })
                };
                self.read(read).await
            }
            at_hand => {
                // Nothing was waited for: one who reads a whole chain would else keep this thread.
                tokio::task::yield_now().await;
                self.or_stop(at_hand)
            }
        }
    }

    async fn plugins(&self, caller: &Caller) -> Result<Value, Unavailable> {
        Ok(told_to(caller.ip, self.resolved.manifests_json()))
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
        self.or_stop(done)
    }

    /// What was read; without its storage a node can't go on, as what it acknowledged may be lost.
    fn or_stop<T>(&self, read: Result<T, Error>) -> Result<T, Unavailable> {
        read.map_err(|error| {
            self.core.fault(error, None);
            Unavailable::Fault
        })
    }

    /// What may be told of the chain; nobody holds it longer than a list of hashes takes to copy.
    fn served(&self) -> RwLockReadGuard<'_, Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The texts of the first of these blocks as `read` shows them to its visitor, as many as fit.
fn gathered(
    blocks: &[Wanted],
    bytes_max: usize,
    read: impl FnOnce(&[Hash], &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Error>,
) -> Result<Texts, Error> {
    let hashes: Vec<Hash> = blocks.iter().map(|block| block.hash).collect();
    let (mut texts, mut wanted) = (Texts::default(), blocks.iter());
    read(&hashes, &mut |text| {
        let Some(block) = wanted.next() else {
            return false;
        };
        if texts.blocks == 0 {
            // Most blocks are as long as their neighbours: the text need not be moved as it grows.
            let each = text.len() + block.before.len() + block.after.len();
            texts.bytes.reserve(bytes_max.min(blocks.len() * each));
        }
        texts.add(block, text, bytes_max)
    })?;
    Ok(texts)
}

/// The manifests as this caller may see them: where files lie is for callers on this machine alone.
fn told_to(ip: IpAddr, mut manifests: Value) -> Value {
    if !ip.is_loopback() {
        let plugins = manifests["plugins"].as_array_mut();
        for plugin in plugins.into_iter().flatten() {
            plugin.as_object_mut().map(|plugin| plugin.remove("file"));
        }
    }
    manifests
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_file_lies_is_told_on_this_machine_alone() {
        let manifests = json!({"plugins": [
            {"name": "mine", "digest": "ab", "file": "/home/me/libmine.so"},
            {"name": "zeros"},
        ]});
        for ip in ["127.0.0.1", "::1"] {
            assert_eq!(told_to(ip.parse().unwrap(), manifests.clone()), manifests);
        }
        let without = json!({"plugins": [{"name": "mine", "digest": "ab"}, {"name": "zeros"}]});
        for ip in ["192.0.2.7", "10.0.0.1", "2001:db8::1"] {
            assert_eq!(told_to(ip.parse().unwrap(), manifests.clone()), without);
        }
    }
}
