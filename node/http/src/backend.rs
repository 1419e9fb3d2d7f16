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
    /// * Who calls too often, or while the node is too busy, may be left out.
    async fn introduced(&self, caller: &Caller) -> Result<(), Unavailable>;

    /// Takes one push from what the caller has, for asking to be paid; false if it has none left.
    fn may_push(&self, caller: &Caller) -> bool;

    /// A block was posted.
    async fn post_block(&self, block: Block, caller: &Caller) -> Result<Submitted, Unavailable>;

    /// A signed transaction was posted.
    async fn post_transaction(
        &self,
        transaction: Transaction,
        caller: &Caller,
    ) -> Result<Submitted, Unavailable>;

    /// A client that may do so asks this node to pay from its own wallet.
    ///
    /// * Called after [`may_push`](Self::may_push).
    async fn pay(&self, to: &str, sum: Sum, caller: &Caller) -> Result<Submitted, Unavailable>;

    /// The addresses to give to those who ask.
    async fn peers(&self) -> Result<Vec<Address>, Unavailable>;

    /// The best chain's blocks from a height on, at most so many; empty above the tip.
    async fn page(&self, nr: u64, limit: u64) -> Result<Vec<Hash>, Unavailable>;

    /// The blocks to serve, level by level; none if the block asked for is not known.
    ///
    /// * It may be read for as long as a slow client takes, and holds up nobody.
    async fn levels(&self, query: Levels) -> Result<Option<BlockLevels>, Unavailable>;

    /// The exact text of a block that may be served; none if there is none.
    ///
    /// * What it gives once may be told for ever, and is not asked for each time.
    async fn block_text(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Unavailable>;

    /// The exact texts of the first of these blocks, each between what it shall stand between: as
    /// many as fit in so many bytes, but one at least.
    ///
    /// * The blocks came from [`page`](Self::page) or [`levels`](Self::levels), so they are there.
    async fn block_texts(
        &self,
        blocks: Vec<Wanted>,
        bytes_max: usize,
    ) -> Result<Texts, Unavailable>;

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

/// Which part of the tree of blocks is asked for.
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
}

/// The hashes of blocks, level by level.
pub type BlockLevels = Box<dyn Iterator<Item = Vec<Hash>> + Send>;

/// A block whose text is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The block.
    pub hash: Hash,
    /// What stands before its text.
    pub before: &'static str,
    /// What stands behind it.
    pub after: &'static str,
}

/// The texts of blocks in one piece, with what they stand between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The number of blocks in it.
    pub blocks: usize,
    /// Whether the next one was too long for it, or most likely would have been.
    pub is_full: bool,
}

impl Texts {
    /// Adds a block's text; false if the next one would most likely be over so many bytes.
    ///
    /// * The first one is always taken, a later one only if it fits.
    pub fn add(&mut self, block: &Wanted, text: &[u8], bytes_max: usize) -> bool {
        let length = block.before.len() + text.len() + block.after.len();
        if self.blocks > 0 && self.bytes.len() + length > bytes_max {
            self.is_full = true;
            return false;
        }
        self.bytes.extend_from_slice(block.before.as_bytes());
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(block.after.as_bytes());
        self.blocks += 1;
        self.is_full = self.bytes.len() + self.bytes.len() / self.blocks > bytes_max;
        !self.is_full
    }
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
    /// This caller was paid as much as one caller is.
    PaidEnough {
        /// What one caller is paid, in words.
        most: String,
        /// After how many seconds it is paid again.
        retry_s: u64,
    },
}

/// Why the node can't answer at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Its queue is full, or it is stopping.
    Busy,
    /// A fault of its own; the words for the log are there already.
    Fault,
}
