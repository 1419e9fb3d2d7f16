//! [`Candidates`]: the records that were found, and which of them are kept.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::{Damaged, Found};
use plugcoin_sdk::hooks::{Record, Signer, Storage};
use plugcoin_sdk::ledger::{Block, Hash, Transaction, genesis};
use plugcoin_sdk::{Error, ErrorKind};

/// The records that were found, as storage from which a node is opened.
///
/// * A record that is rejected takes with it what is built on it.
pub(super) struct Candidates {
    found: Vec<Found>,
    /// The payments of blocks that are not kept, each signed.
    payments: Vec<Transaction>,
    judged: Mutex<Judged>,
}

#[derive(Default)]
struct Judged {
    /// Why a record is not kept, by its place among those found.
    rejected: HashMap<usize, String>,
    /// The block that the node is shown.
    shown: Option<Hash>,
    blocks: HashMap<Hash, Block>,
}

/// A whole record that is not kept.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    pub(super) line: u64,
    pub(super) offset: u64,
    pub(super) what: String,
}

/// What is kept, and what is not.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    kept: Vec<Record>,
    pub(super) lost: Vec<Lost>,
    /// What was mended without loss.
    pub(super) mended: Vec<Damaged>,
    /// Whether the first block was not found.
    pub(super) first_missing: bool,
}

impl Chosen {
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.kept.iter()
    }

    /// The payments that have a record of their own.
    pub(super) fn payments(&self) -> impl Iterator<Item = Hash> {
        self.kept.iter().filter_map(|record| match record {
            Record::Transaction(payment) => Some(payment.id()),
            Record::Block(_) => None,
        })
    }
}

impl Candidates {
    /// Looks at every signature.
    ///
    /// # Errors
    /// Whatever the signer says.
    pub(super) fn new(
        found: Vec<Found>,
        payments: Vec<Transaction>,
        signer: &dyn Signer,
    ) -> Result<Self, Error> {
        let holds = |payment: &Transaction| {
            let text = payment.unsigned_text();
            signer.verify(payment.from(), text, payment.signature())
        };
        let mut judged = Judged::default();
        for (n, found) in found.iter().enumerate() {
            if let Record::Transaction(payment) = &found.record
                && !holds(payment)?
            {
                let why = format!("payment {}: its signature does not hold", payment.id());
                judged.rejected.insert(n, why);
            }
        }
        let mut signed = Vec::new();
        for payment in payments {
            if holds(&payment)? {
                signed.push(payment);
            }
        }
        Ok(Self {
            found,
            payments: signed,
            judged: Mutex::new(judged),
        })
    }

    fn judged(&self) -> MutexGuard<'_, Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves out the block that the node was shown last.
    ///
    /// # Errors
    /// The node's own, if it was over nothing that can be left out.
    pub(super) fn reject(&self, error: Error) -> Result<(), Error> {
        let mut judged = self.judged();
        let shown = judged.shown.take();
        // One that stands there twice is rejected twice.
        let place = (0..)
            .zip(&self.found)
            .find(|(n, found)| match &found.record {
                Record::Block(block) => {
                    Some(block.hash()) == shown && !judged.rejected.contains_key(n)
                }
                Record::Transaction(_) => false,
            });
        match place {
            Some((place, _)) => {
                judged.rejected.insert(place, error.to_string());
                Ok(())
            }
            None => Err(error),
        }
    }

    /// The first block, then all that connects, in its order; then payments that have no block now.
    pub(super) fn chosen(&self) -> Chosen {
        let judged = self.judged();
        let first = genesis();
        let mut chosen = Chosen::default();
        let mut lines: HashMap<Hash, Option<u64>> = HashMap::from([(first.hash(), None)]);
        let mut leaves = HashSet::new();
        let mut homeless: Vec<&Transaction> = self.payments.iter().collect();
        chosen.kept.push(Record::Block(first.clone()));
        for (n, found) in self.found.iter().enumerate() {
            let lost = |what| Lost {
                line: found.line,
                offset: found.offset,
                what,
            };
            match (&found.record, judged.rejected.get(&n)) {
                (Record::Block(block), rejected) => {
                    let known = lines.get(&block.hash()).copied();
                    if known == Some(None) {
                        lines.insert(block.hash(), Some(found.line));
                    } else if let Some(Some(line)) = known {
                        chosen.mended.push(doubled(found, block, line));
                    } else if let Some(why) = rejected {
                        chosen.lost.push(lost(why.clone()));
                        homeless.extend(payments(block));
                    } else if let Some(why) = unconnected(block, &lines) {
                        chosen.lost.push(lost(why));
                        homeless.extend(payments(block));
                    } else {
                        lines.insert(block.hash(), Some(found.line));
                        leaves.extend(payments(block).map(Transaction::leaf));
                        chosen.kept.push(found.record.clone());
                    }
                }
                (Record::Transaction(_), Some(why)) => chosen.lost.push(lost(why.clone())),
                (Record::Transaction(payment), None) => {
                    leaves.insert(payment.leaf());
                    chosen.kept.push(found.record.clone());
                }
            }
        }
        chosen.first_missing = lines.get(&first.hash()) == Some(&None);
        homeless.retain(|payment| leaves.insert(payment.leaf()));
        let saved = homeless.into_iter().cloned().map(Record::Transaction);
        chosen.kept.extend(saved);
        chosen
    }
}

/// What was paid in a block.
fn payments(block: &Block) -> impl Iterator<Item = &Transaction> {
    let all = block.transactions().iter();
    all.filter(|transaction| !transaction.is_reward())
}

/// Why a block does not connect to those before it; none if it does.
fn unconnected(block: &Block, lines: &HashMap<Hash, Option<u64>>) -> Option<String> {
    let (nr, hash) = (block.nr(), block.hash());
    match block.header().previous_hash {
        Some(parent) if lines.contains_key(&parent) => None,
        Some(parent) => Some(format!(
            "block {nr} {hash}: the block before it, {parent}, is not saved"
        )),
        None => Some(format!("block {nr} {hash}: another first block than ours")),
    }
}

fn doubled(found: &Found, block: &Block, line: u64) -> Damaged {
    Damaged {
        line: found.line,
        offset: found.offset,
        bytes: block.text().len() as u64,
        what: format!("block {} once more, which line {line} has", block.nr()),
        record: false,
    }
}

impl Storage for Candidates {
    fn append(&self, _records: &[Record]) -> Result<(), Error> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a chain that is repaired is not written to",
        ))
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        for record in self.chosen().kept {
            if let Record::Block(block) = &record {
                let mut judged = self.judged();
                judged.shown = Some(block.hash());
                judged.blocks.insert(block.hash(), block.clone());
            }
            visit(record)?;
        }
        Ok(())
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let block = self.block(hash)?;
        Ok(block.map(|block| block.text().as_bytes().to_vec()))
    }

    fn block(&self, hash: &Hash) -> Result<Option<Block>, Error> {
        Ok(self.judged().blocks.get(hash).cloned())
    }
}
