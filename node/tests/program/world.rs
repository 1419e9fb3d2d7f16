//! A world that is the same on every run: keys, a chain, a node in the middle of it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ed25519::Ed25519;
use plugcoin_sdk::hooks::{KeyPair, Signer as _};
use plugcoin_sdk::ledger::{Block, Draft, Transaction, genesis};
use plugcoin_testkit::fixtures::{self, SECOND_US, START_US};
use tempfile::{TempDir, tempdir};

use super::running::Running;

/// The rules of this world; its nodes mine nothing by themselves.
pub(crate) const RULES: &str = "--set zeros.zeros=1 --set fifo.n_transactions=1000";

/// The keys of alice, who owns the node's wallet.
pub(crate) fn alice() -> KeyPair {
    Ed25519.generate(&[1; 32]).unwrap()
}

/// The keys of bob.
pub(crate) fn bob() -> KeyPair {
    Ed25519.generate(&[2; 32]).unwrap()
}

/// So many seconds after the beginning.
pub(crate) fn at(second: i64) -> i64 {
    START_US + second * SECOND_US
}

/// A payment, signed.
pub(crate) fn pay(from: &KeyPair, to: &str, sum: &str, second: i64) -> Transaction {
    fixtures::signed(&Ed25519, from, to, sum, at(second))
}

/// A block with a reward of one coin and a seal of one zero.
pub(crate) fn block(
    parent: &Block,
    creator: &str,
    transactions: Vec<Transaction>,
    second: i64,
) -> Block {
    sealed(&fixtures::draft(parent, creator, transactions, at(second)))
}

/// The draft with the first nonce that gives it one zero.
pub(crate) fn sealed(draft: &Draft) -> Block {
    (0..)
        .map(|n| draft.clone().sealed(&fixtures::nonce(n)).unwrap())
        .find(|block| block.hash().to_string().starts_with('0'))
        .unwrap()
}

/// A text of JSON in which the first member of this name has another value.
pub(crate) fn set(text: &str, name: &str, value: &str) -> String {
    let key = format!("\"{name}\": ");
    let start = text.find(&key).unwrap() + key.len();
    let end = start + text[start..].find([',', '}']).unwrap();
    format!("{}{value}{}", &text[..start], &text[end..])
}

/// A block's text with a nonce and a hash that fit whatever else it says.
pub(crate) fn resealed(text: &str) -> String {
    let tries = (0..).map(|n| {
        let text = set(text, "nonce", &format!("\"{}\"", fixtures::nonce(n)));
        let hash = Block::parse(&text).unwrap().computed_hash().to_string();
        (text, hash)
    });
    let (text, hash) = { tries }.find(|(_, hash)| hash.starts_with('0')).unwrap();
    set(&text, "hash", &format!("\"{hash}\""))
}

/// What the node's journal holds at the start.
pub(crate) struct World {
    /// The best chain, from genesis to 3: alice made it, and paid bob 0.80 in 2.
    pub(crate) best: Vec<Block>,
    /// Bob's block 2, on a branch that lost.
    pub(crate) side: Block,
    /// What alice paid to bob.
    pub(crate) paid: Transaction,
    /// What waits: 0.5 from bob to carol.
    pub(crate) waiting: Transaction,
}

impl World {
    pub(crate) fn new() -> Self {
        let (alice, bob) = (alice(), bob());
        let paid = pay(&alice, &bob.public, "0.80", 15);
        let mut best = vec![genesis()];
        for (second, transactions) in [(10, vec![]), (20, vec![paid.clone()]), (30, vec![])] {
            let next = block(best.last().unwrap(), &alice.public, transactions, second);
            best.push(next);
        }
        Self {
            side: block(&best[1], &bob.public, Vec::new(), 21),
            waiting: pay(&bob, "carol", "0.5", 35),
            best,
            paid,
        }
    }

    /// The block at the end of the best chain.
    pub(crate) fn tip(&self) -> &Block {
        self.best.last().unwrap()
    }

    /// The block that alice makes next of these transactions.
    pub(crate) fn next(&self, transactions: Vec<Transaction>) -> Block {
        block(self.tip(), &alice().public, transactions, 40)
    }

    /// Starts a node that has all of this.
    pub(crate) fn start(&self, args: &str) -> (TempDir, Running) {
        let dir = tempdir().unwrap();
        let args = format!("{RULES} {args}");
        let running = Running::start_with(dir.path(), &args, |dir, port| self.write(dir, port));
        (dir, running)
    }

    fn write(&self, dir: &Path, port: u16) {
        let [b0, b1, b2, b3] = &self.best[..] else {
            panic!("four blocks")
        };
        let records = [
            b0.text(),
            b1.text(),
            self.paid.text(),
            b2.text(),
            self.side.text(),
            b3.text(),
            self.waiting.text(),
        ];
        write_journal(dir, port, &records);
        write_wallet(dir, port, "ed25519", &alice());
    }
}

/// Writes a node's journal.
pub(crate) fn write_journal(dir: &Path, port: u16, records: &[&str]) {
    let journal = format!("[\n{}\n]\n", records.join(",\n"));
    std::fs::write(dir.join(format!("blocks-{port}.json")), journal).unwrap();
}

/// Writes a node's wallet.
pub(crate) fn write_wallet(dir: &Path, port: u16, scheme: &str, keys: &KeyPair) {
    let KeyPair { public, secret } = keys;
    let wallet = format!(r#"{{"scheme": "{scheme}","public": "{public}","secret": "{secret}"}}"#);
    let path = dir.join(format!("wallet-{port}.json"));
    std::fs::write(&path, wallet).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}
