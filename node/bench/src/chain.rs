//! [`Chain`]: blocks to measure with.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

use ed25519_dalek::{Signer as _, SigningKey};
use plugcoin_sdk::ledger::{Block, Hash, Payment, Sum, Timestamp, Transaction, genesis};
use plugcoin_sdk::{Error, ErrorKind, Invalid};
use plugcoin_testkit::fixtures::{SECOND_US, START_US, draft, nonce};

/// So many payments are signed at once.
const BATCH: u64 = 8_192;

/// A chain to measure with: valid under the default rules with no difficulty, and the same each time.
///
/// * Block n is made n seconds after [`START_US`] by signer n − 1 (they take turns), and its nonce is
///   its number: no nonce is searched.
/// * Every block but the first has as many payments as fit beside the reward. Payment j is one coin
///   from signer j to signer j + 1, so that with as many signers as payments all are of different keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many blocks; the genesis block is none of them.
    pub blocks: u64,
    /// How many transactions a block has, the reward with them.
    pub transactions: u64,
    /// How many keys sign.
    pub signers: u64,
}

impl Chain {
    /// The blocks in order: payments are signed on all cores, a batch at a time, so that a long chain
    /// takes seconds and little memory.
    pub fn blocks(&self) -> Blocks {
        Blocks {
            chain: *self,
            keys: in_parallel(0..self.signers.max(1), Key::of),
            signed: Vec::new().into_iter(),
            payments: 0,
            tip: genesis(),
        }
    }

    /// The public key of a signer.
    pub fn key(signer: u64) -> String {
        Key::of(signer).public
    }

    /// A payment that a signer signs: the number makes it another than all others.
    ///
    /// # Errors
    /// What is wrong with the key or the sum.
    pub fn payment(signer: u64, to: &str, sum: &str, number: u64) -> Result<Transaction, Error> {
        Key::of(signer).pay(to, sum, number)
    }
}

/// The blocks of a [`Chain`], in order.
pub struct Blocks {
    chain: Chain,
    keys: Vec<Key>,
    signed: std::vec::IntoIter<Result<Transaction, Error>>,
    /// So many payments are signed.
    payments: u64,
    tip: Block,
}

impl Blocks {
    fn payment(&mut self) -> Result<Transaction, Error> {
        if let Some(payment) = self.signed.next() {
            return payment;
        }
        let (from, keys) = (self.payments, &self.keys);
        let key = |number: u64| &keys[(number % keys.len() as u64) as usize];
        let sign = |number: u64| key(number).pay(&key(number + 1).public, "1", number);
        self.signed = in_parallel(from..from + BATCH, sign).into_iter();
        self.payments += BATCH;
        let first = self.signed.next();
        first.unwrap_or_else(|| Err(Error::new(ErrorKind::Unsupported, "a batch of none")))
    }

    fn make(&mut self, nr: u64) -> Result<Block, Error> {
        let payments = match nr {
            1 => 0,
            _ => self.chain.transactions.saturating_sub(1),
        };
        let payments = (0..payments).map(|_| self.payment());
        let payments = payments.collect::<Result<Vec<_>, Error>>()?;
        let creator = &self.keys[((nr - 1) % self.keys.len() as u64) as usize].public;
        let time_us = START_US + SECOND_US * i64::try_from(nr).unwrap_or(i64::MAX / SECOND_US);
        let draft = draft(&self.tip, creator, payments, time_us);
        draft.sealed(&nonce(nr)).map_err(unmade)
    }
}

impl Iterator for Blocks {
    type Item = Result<Block, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let nr = self.tip.nr() + 1;
        if nr > self.chain.blocks {
            return None;
        }
        let made = self.make(nr);
        if let Ok(block) = &made {
            self.tip = block.clone();
        }
        Some(made)
    }
}

/// A signer's keys.
struct Key {
    secret: SigningKey,
    public: String,
}

impl Key {
    fn of(signer: u64) -> Self {
        let secret = SigningKey::from_bytes(Hash::of(&format!("signer {signer}")).as_bytes());
        let public = const_hex::encode(secret.verifying_key().as_bytes());
        Self { secret, public }
    }

    fn pay(&self, to: &str, sum: &str, number: u64) -> Result<Transaction, Error> {
        let at = Timestamp::from_us(START_US.saturating_add_unsigned(number));
        let sum = Sum::parse(sum).map_err(unmade)?;
        let payment = Payment::new(&self.public, to, sum, at).map_err(unmade)?;
        let signature = self.secret.sign(payment.text().as_bytes());
        let signature = const_hex::encode(signature.to_bytes());
        payment.signed(&signature).map_err(unmade)
    }
}

fn unmade(invalid: Invalid) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "a chain to measure with can't be made",
    )
    .because(invalid.to_string())
}

/// What a function makes of each number, made on all cores.
fn in_parallel<T: Send>(numbers: Range<u64>, make: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get) as u64;
    let share = (numbers.end - numbers.start).div_ceil(cores).max(1);
    let make = &make;
    thread::scope(|scope| {
        let shares = numbers.clone().step_by(share as usize);
        let workers: Vec<_> = shares
            .map(|from| {
                let to = numbers.end.min(from + share);
                scope.spawn(move || (from..to).map(make).collect::<Vec<T>>())
            })
            .collect();
        let made = workers.into_iter().map(|worker| {
            let joined = worker.join();
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        made.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use plugcoin_core::{Config, Input, Journal, Node, Reply};
    use plugcoin_sdk::hooks::Origin;
    use plugcoin_testkit::doubles::MemoryStorage;

    use super::*;

    /// A node takes every block, and this many keys have signed.
    fn is_valid(chain: Chain) -> usize {
        let hooks = crate::hooks(Arc::new(MemoryStorage::new())).unwrap();
        let now_us = START_US + 1_000_000 * SECOND_US;
        let (mut node, _) =
            Node::open(now_us, Config::default(), hooks, None, Journal::SameRules).unwrap();
        let mut signers = HashSet::new();
        let mut count = 0;
        for block in chain.blocks() {
            let block = block.unwrap();
            assert_eq!(
                block.header().count,
                if count == 0 { 1 } else { chain.transactions }
            );
            let payments = block.transactions().iter().filter(|t| !t.is_reward());
            signers.extend(payments.map(|payment| payment.from().to_owned()));
            let (hash, origin) = (block.hash(), Origin::Client);
            let step = node
                .handle(now_us, Input::BlockReceived { block, origin })
                .unwrap();
            assert_eq!(step.reply, Reply::Accepted(hash));
            node.committed();
            count += 1;
        }
        assert_eq!(count, chain.blocks);
        signers.len()
    }

    #[test]
    fn a_node_takes_the_blocks() {
        let chain = Chain {
            blocks: 40,
            transactions: 3,
            signers: 7,
        };
        assert_eq!(is_valid(chain), 7);
        assert_eq!(
            is_valid(Chain {
                signers: 78,
                ..chain
            }),
            78
        );
        assert_eq!(
            is_valid(Chain {
                transactions: 1,
                ..chain
            }),
            0
        );
        assert_eq!(is_valid(Chain { blocks: 0, ..chain }), 0);
    }

    #[test]
    fn it_is_the_same_each_time_and_whatever_its_length() {
        let chain = Chain {
            blocks: 5,
            transactions: 4,
            signers: 3,
        };
        let hashes = |chain: Chain| -> Vec<Hash> {
            chain.blocks().map(|block| block.unwrap().hash()).collect()
        };
        assert_eq!(hashes(chain), hashes(chain));
        assert_eq!(hashes(Chain { blocks: 9, ..chain })[..5], hashes(chain));
    }
}
