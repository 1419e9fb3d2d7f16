//! `node chain show`: the stored blocks, one a line, and what waits.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use journal::TornTail;
use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::ledger::{Hash, Header, Transaction};
use serde_json::{Value, json};

use super::Failure;
use super::chain_file;
use super::output::{self, table};

/// How much of a creator's key is shown, in characters.
const CREATOR_CHARACTERS: usize = 16;

/// Prints the blocks from a height on.
pub(super) fn show(
    file: &Path,
    from: u64,
    limit: Option<usize>,
    json: bool,
) -> Result<(), Failure> {
    let stored = Stored::read(file)?;
    let best = stored.best();
    let mut shown: Vec<&Header> = stored.blocks.iter().filter(|b| b.nr >= from).collect();
    // The best chain's block first, then those beside it as they came.
    shown.sort_by_key(|block| (block.nr, !best.contains(&block.hash)));
    shown.truncate(limit.unwrap_or(usize::MAX));
    match json {
        true => output::answer(stored.json(file, &shown, &best)),
        false => output::answer(stored.text(&shown, &best)),
    }
    Ok(())
}

/// What a stored chain holds.
struct Stored {
    blocks: Vec<Header>,
    waiting: Vec<Transaction>,
    torn: Option<TornTail>,
}

impl Stored {
    fn read(file: &Path) -> Result<Self, Failure> {
        let mut blocks = Vec::new();
        let mut transactions: Vec<Transaction> = Vec::new();
        let mut mined: HashMap<Hash, Vec<Hash>> = HashMap::new();
        let torn = chain_file::visit(file, &mut |_, record| {
            match record {
                Record::Block(block) => {
                    let ids = block.transactions().iter().map(Transaction::id);
                    mined.insert(block.hash(), ids.collect());
                    blocks.push(block.header().clone());
                }
                Record::Transaction(transaction) => transactions.push(transaction),
            }
            Ok(())
        })?;
        let mut stored = Self {
            blocks,
            waiting: Vec::new(),
            torn,
        };
        let on_best: HashSet<Hash> = stored
            .best()
            .iter()
            .filter_map(|hash| mined.get(hash))
            .flatten()
            .copied()
            .collect();
        transactions.retain(|transaction| !on_best.contains(&transaction.id()));
        stored.waiting = transactions;
        Ok(stored)
    }

    /// The blocks of the highest chain; of several equally high, the one that was stored first.
    ///
    /// Which branch wins is for the rules to say; without them the height is the best guess.
    fn best(&self) -> HashSet<Hash> {
        let by_hash: HashMap<Hash, &Header> = self
            .blocks
            .iter()
            .map(|block| (block.hash, block))
            .collect();
        let mut next = self.blocks.iter().rev().max_by_key(|block| block.nr);
        let mut best = HashSet::new();
        while let Some(block) = next
            && best.insert(block.hash)
        {
            next = block
                .previous_hash
                .and_then(|hash| by_hash.get(&hash).copied());
        }
        best
    }

    fn text(&self, shown: &[&Header], best: &HashSet<Hash>) -> String {
        let row = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();
        let mut rows = vec![row(["NR", "HASH", "TIME", "TRANSACTIONS", "CREATOR", ""])];
        for block in shown {
            let creator: String = block.creator.chars().take(CREATOR_CHARACTERS).collect();
            rows.push(row([
                &block.nr.to_string(),
                &block.hash.short(),
                &block.timestamp.to_string(),
                &block.count.to_string(),
                &creator,
                if best.contains(&block.hash) {
                    ""
                } else {
                    "side block"
                },
            ]));
        }
        let mut text = table(&rows);
        if !self.waiting.is_empty() {
            let mut rows = vec![row(["WAITING", "SUM", "TIME", "FROM", "TO", ""])];
            rows.extend(self.waiting.iter().map(|transaction| {
                let short = |key: &str| key.chars().take(CREATOR_CHARACTERS).collect::<String>();
                row([
                    &transaction.id().short(),
                    transaction.sum_text(),
                    &transaction.timestamp().to_string(),
                    &short(transaction.from()),
                    &short(transaction.to()),
                    "",
                ])
            }));
            text += &format!("\n\n{}", table(&rows));
        }
        if let Some(torn) = self.torn {
            text += &format!(
                "\n\nThe end of the file is torn, or a node is writing it: {} bytes follow the last record.\n\
                A node cuts a torn end off when it starts.",
                torn.bytes
            );
        }
        text
    }

    fn json(&self, file: &Path, shown: &[&Header], best: &HashSet<Hash>) -> Value {
        let blocks: Vec<Value> = shown
            .iter()
            .map(|block| {
                json!({
                    "nr": block.nr,
                    "hash": block.hash,
                    "timestamp": block.timestamp,
                    "count": block.count,
                    "creator": block.creator,
                    "side": !best.contains(&block.hash),
                })
            })
            .collect();
        let waiting: Vec<Value> = self
            .waiting
            .iter()
            .map(|transaction| {
                json!({
                    "id": transaction.id(),
                    "from": transaction.from(),
                    "to": transaction.to(),
                    "sum": transaction.sum_text(),
                    "timestamp": transaction.timestamp(),
                })
            })
            .collect();
        json!({
            "file": file.display().to_string(),
            "blocks": blocks,
            "waiting": waiting,
            "torn_bytes": self.torn.map_or(0, |torn| torn.bytes),
        })
    }
}
