//! [`Snapshot`]: what a node made of its journal, so that a start need not make it again.

use plugcoin_sdk::ledger::{Amount, Hash, Rows, Table, Target, Transaction, U256, Work};

use super::Node;
use crate::chain::{Balances, Frozen, Index, Stored, Tree};

/// Another version may mean something else by its bytes.
const HEAD: &[u8] =
    concat!("plugcoin core snapshot 1 ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// The bytes of a block: its hash, its parent's place, time, target, the work of its chain.
const BLOCK_BYTES: usize = 32 + 4 + 8 + 32 + 32;

/// The bytes of a transaction: its id and its block's height.
const ID_BYTES: usize = 32 + 4;

/// What a node made of its journal at one moment: the tree, the balances, the ids, what waits.
///
/// * It holds under [`Config::snapshots_of`](super::Config::snapshots_of), and under nothing else.
/// * It shares the long lists with the node, so that taking it costs a thousandth of their length, and
///   a copy of the balances and of the list of what waits.
#[derive(Clone, Debug)]
pub struct Snapshot {
    rules: Hash,
    tree: Frozen,
    ids: Rows<(Hash, u32)>,
    balances: Balances,
    waiting: Vec<Transaction>,
}

impl Node {
    /// What it made of its journal; none if it was not told what that holds under.
    ///
    /// * It is of all records of all steps so far: they must be durable before it is kept.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let (balances, ids) = self.state.frozen();
        let waiting = self.pool.in_order_of_arrival().into_iter();
        Some(Snapshot {
            rules: self.config.snapshots_of?,
            tree: self.tree.frozen(),
            ids,
            balances,
            waiting: waiting.map(|(transaction, _)| transaction).collect(),
        })
    }
}

impl Snapshot {
    /// Its bytes: a copy of all that it has.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows = self.tree.len() * BLOCK_BYTES + self.ids.len() * ID_BYTES;
        let mut to = Vec::with_capacity(rows + self.balances.len() * 100 + 4_096);
        to.extend_from_slice(HEAD);
        to.extend_from_slice(self.rules.as_bytes());
        number(&mut to, self.tree.tip().place());
        number(&mut to, self.tree.len());
        for block in self.tree.blocks() {
            to.extend_from_slice(block.hash.as_bytes());
            to.extend_from_slice(&(block.parent.place() as u32).to_le_bytes());
            to.extend_from_slice(&block.time_us.to_le_bytes());
            to.extend_from_slice(&block.target.0.to_le_bytes::<32>());
            to.extend_from_slice(&block.work.0.to_le_bytes::<32>());
        }
        number(&mut to, self.ids.len());
        for (id, nr) in self.ids.iter() {
            to.extend_from_slice(id.as_bytes());
            to.extend_from_slice(&nr.to_le_bytes());
        }
        number(&mut to, self.balances.len());
        for (key, amount) in &self.balances {
            text(&mut to, key);
            to.extend_from_slice(&amount.units().to_le_bytes());
        }
        number(&mut to, self.waiting.len());
        for transaction in &self.waiting {
            text(&mut to, transaction.text());
        }
        to
    }
}

fn number(to: &mut Vec<u8>, number: usize) {
    to.extend_from_slice(&(number as u64).to_le_bytes());
}

fn text(to: &mut Vec<u8>, text: &str) {
    number(to, text.len());
    to.extend_from_slice(text.as_bytes());
}

/// What a snapshot's bytes say.
pub(super) struct Restored {
    pub(super) tree: Tree,
    pub(super) balances: Balances,
    pub(super) ids: Table<u32>,
    pub(super) waiting: Vec<Transaction>,
}

impl Restored {
    /// Reads a snapshot that was made under these rules, on this genesis block.
    ///
    /// # Errors
    /// Why it can't be used.
    pub(super) fn read(bytes: &[u8], rules: &Hash, genesis: &Hash) -> Result<Self, &'static str> {
        let mut from = Bytes(bytes);
        if from.take(HEAD.len()) != Some(HEAD) {
            return Err("it is of another version");
        }
        if from.hash() != Some(*rules) {
            return Err("it was made under other rules");
        }
        let restored = from.restored().ok_or("it is damaged")?;
        match restored.tree.find(genesis) == Some(Index::at(0)) {
            true => Ok(restored),
            false => Err("it is of another chain"),
        }
    }
}

/// What is left to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn restored(&mut self) -> Option<Restored> {
        let tip = Index::at(self.number()?);
        let blocks = self.rows::<BLOCK_BYTES>()?;
        let tree = Tree::restored(blocks.iter().map(stored), tip)?;
        let rows = self.rows::<ID_BYTES>()?;
        let ids = Table::of(rows.iter().map(id));
        let mut balances = Balances::default();
        for _ in 0..self.number()? {
            let key = self.text()?;
            let units = u128::from_le_bytes(self.array()?);
            balances.insert(key.into(), Amount::from_units(units));
        }
        let mut waiting = Vec::new();
        for _ in 0..self.number()? {
            waiting.push(Transaction::parse(self.text()?).ok()?);
        }
        self.0.is_empty().then_some(Restored {
            tree,
            balances,
            ids,
            waiting,
        })
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(self.array()?)).ok()
    }

    fn hash(&mut self) -> Option<Hash> {
        self.array().map(Hash::from_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// As many rows as the number before them says.
    fn rows<const N: usize>(&mut self) -> Option<&'a [[u8; N]]> {
        let count = self.number()?;
        let (rows, _) = self.take(count.checked_mul(N)?)?.as_chunks();
        Some(rows)
    }
}

/// A transaction's id and its block's height.
fn id(row: &[u8; ID_BYTES]) -> (Hash, u32) {
    let (mut id, mut nr) = ([0; 32], [0; 4]);
    id.copy_from_slice(&row[..32]);
    nr.copy_from_slice(&row[32..]);
    (Hash::from_bytes(id), u32::from_le_bytes(nr))
}

fn stored(row: &[u8; BLOCK_BYTES]) -> Option<Stored> {
    let mut row = Bytes(row);
    Some(Stored {
        hash: row.hash()?,
        parent: Index::at(u32::from_le_bytes(row.array()?) as usize),
        time_us: i64::from_le_bytes(row.array()?),
        target: Target(U256::from_le_bytes::<32>(row.array()?)),
        work: Work(U256::from_le_bytes::<32>(row.array()?)),
    })
}
