//! [`Backend`]: what the routes need of the node behind them.

use std::net::IpAddr;

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::Contact;
use plugcoin_sdk::ledger::{Address, Block, Hash, Sum, Transaction};
use serde_json::Value;

/// The node behind the routes.
///
/// * Every answer reveals only what is durable.
/// * It never blocks the runtime.
#[async_trait::async_trait]
pub trait Backend: Send + Sync + 'static {
    /// What this node says of itself with every answer.
    fn contact(&self) -> Contact;

    /// Another node has called, and said this of itself.
    ///
    /// * Called before the request itself is answered, so that an asker sees itself in `/getpeers`.
    async fn introduced(&self, caller: &Caller) -> Result<(), Unavailable>;

    /// A block was posted.
    async fn post_block(&self, block: Block, caller: &Caller) -> Result<Submitted, Unavailable>;

    /// A signed transaction was posted.
    async fn post_transaction(
        &self,
        transaction: Transaction,
        caller: &Caller,
    ) -> Result<Submitted, Unavailable>;

    /// A client asks this node to pay from its own wallet.
    async fn pay(&self, to: &str, sum: Sum, caller: &Caller) -> Result<Submitted, Unavailable>;

    /// The addresses to give to those who ask.
    async fn peers(&self) -> Result<Vec<Address>, Unavailable>;

    /// The hashes to serve, level by level; none if the block asked for is not known.
    async fn levels(&self, query: Levels) -> Result<Option<Vec<Vec<Hash>>>, Unavailable>;

    /// The exact text of a block that may be served; none if there is none.
    async fn block_text(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Unavailable>;

    /// The exact texts of the first of these blocks: as many as fit in so many bytes, but one at
    /// least.
    ///
    /// * It ends before a block that may not be served or is not there; empty if that is the first.
    /// * Defaults to asking for one after another; reading many at once is faster.
    async fn block_texts(
        &self,
        hashes: &[Hash],
        bytes_max: usize,
    ) -> Result<Vec<Vec<u8>>, Unavailable> {
        let (mut texts, mut bytes) = (Vec::new(), 0);
        for hash in hashes {
            let Some(text) = self.block_text(hash).await? else {
                break;
            };
            bytes += text.len();
            texts.push(text);
            // The next one would most likely be over.
            if bytes + bytes / texts.len() > bytes_max {
                break;
            }
        }
        Ok(texts)
    }

    /// The active plugins, as `GET /plugins` answers.
    ///
    /// * Where their files are is for callers on this machine alone.
    async fn plugins(&self, caller: &Caller) -> Result<Value, Unavailable>;

    /// Why a block or a transaction was accepted or refused; none if nothing is known of it.
    async fn explain(&self, id: &Hash) -> Result<Option<Value>, Unavailable>;

    /// How the node is, as `GET /status` answers.
    async fn status(&self) -> Result<Value, Unavailable>;
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The remote address of the connection.
    pub ip: IpAddr,
    /// What the caller says of itself; a plain client says neither port nor address.
    pub contact: Contact,
}

/// Which blocks `/getblocks` is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Levels {
    /// All blocks: one list per height, the best chain's block first.
    All,
    /// A block and its descendants, at most so many levels.
    From {
        /// The block.
        hash: Hash,
        /// How many levels at most.
        limit: Option<u64>,
    },
    /// The best chain's blocks alone, from a height on.
    Best {
        /// The first height.
        nr: u64,
        /// How many levels at most.
        limit: Option<u64>,
    },
}

/// What became of something posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// New and valid: kept, and on its way to the others. The block's hash or the transaction's id.
    Accepted(Hash),
    /// A block whose parent is not here: held, and the parent is asked for.
    Waiting(Hash),
    /// Held already.
    Known,
    /// A rule says no.
    Refused(Invalid),
    /// The node's own wallet does not have so much.
    NoFunds,
    /// This caller sends too much.
    TooMany,
}

/// Why the node can't answer at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Its queue is full, or it is stopping.
    Busy,
    /// A fault of its own; the words for the log are there already.
    Fault,
}
