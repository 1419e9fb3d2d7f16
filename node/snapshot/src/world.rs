//! [`World`]: what a node under test has, and what it is asked: the same on every run.
//!
//! Nodes of the same rules make it, so that every block is what the rules want. A payment that the
//! rules refuse is missing in the blocks; everything else goes on.

use plugcoin_core::{Config, Input, Job};
use plugcoin_sdk::hooks::{Contact, Origin, Seal, Signer};
use plugcoin_sdk::ledger::{Amount, Block, Draft, Hash, Timestamp, Transaction, genesis};
use plugcoin_sdk::plugin::Hooks;
use plugcoin_sdk::{Error, ErrorKind, Invalid};
use plugcoin_testkit::fixtures::{SECOND_US, START_US};

use crate::driver::{Driver, Mined, search};
use crate::keys::Keys;

/// How far apart the blocks are: ten minutes, which a difficulty that keeps an interval usually aims at.
pub(crate) const BLOCK_US: i64 = 600 * SECOND_US;

/// Who is paid and pays nobody.
pub(crate) const CAROL: &str = "carol";

/// What a node under test has, and what it is asked.
pub(crate) struct World {
    pub(crate) alice: Keys,
    pub(crate) bob: Keys,
    /// Alice's blocks, from the genesis block to 3.
    pub(crate) chain: Vec<Block>,
    /// Her other block 2, a minute later.
    pub(crate) side: Block,
    /// What alice pays bob in block 2.
    pub(crate) paid: Transaction,
    /// What bob pays carol, and waits.
    pub(crate) waiting: Transaction,
    /// Block 4 and block 5.
    pub(crate) next: [Block; 2],
    /// Blocks in the place of block 4 that break a rule each, as texts.
    pub(crate) wrong: Vec<(&'static str, String)>,
    /// What the node under test takes in before it is asked, and when.
    pub(crate) past: Vec<(i64, Input)>,
    /// When it is asked.
    pub(crate) asked_us: i64,
}

impl World {
    /// Makes it; `hooks` makes the rules anew, each time with a storage that is empty.
    pub(crate) fn make(
        alice: Keys,
        bob: Keys,
        mut hooks: impl FnMut() -> Result<Hooks, Error>,
    ) -> Result<Self, Error> {
        let mut maker = Maker::open(&alice, hooks()?)?;
        let first = maker.mine(1)?.block;
        let signer = maker.signer();
        let paid = alice
            .pay(&*signer, bob.public(), "0.80", at(1) + 300 * SECOND_US)
            .map_err(unformed)?;
        maker.take(at(1) + 300 * SECOND_US, transaction(&paid))?;
        let second = maker.mine(2)?.block;
        let mut other = Maker::open(&alice, hooks()?)?;
        let side_us = at(2) + 60 * SECOND_US;
        other.take(side_us, block(&first))?;
        let side = other.mine_at(side_us)?.block;
        let third = maker.mine(3)?.block;
        let waiting_us = maker.0.now_us.max(other.0.now_us) + 60 * SECOND_US;
        let waiting = bob
            .pay(&*signer, CAROL, "0.3", waiting_us)
            .map_err(unformed)?;
        maker.take(waiting_us, transaction(&waiting))?;
        let fourth = maker.mine(4)?;
        let wrong = wrong(&maker.0.hooks, [&alice, &bob], &fourth)?;
        let fifth = maker.mine(5)?.block;

        let past = vec![
            (at(1), block(&first)),
            (paid.timestamp().us(), transaction(&paid)),
            (at(2), block(&second)),
            (side_us, block(&side)),
            (at(3), block(&third)),
            (waiting_us, transaction(&waiting)),
        ];
        Ok(Self {
            chain: vec![genesis(), first, second, third],
            side,
            paid,
            waiting,
            next: [fourth.block, fifth],
            wrong,
            past,
            asked_us: maker.0.now_us + BLOCK_US,
            alice,
            bob,
        })
    }
}

/// The moment of block `nr`, unless the consensus makes it wait.
fn at(nr: i64) -> i64 {
    START_US + nr * BLOCK_US
}

/// The block as an input.
fn block(block: &Block) -> Input {
    Input::BlockReceived {
        block: block.clone(),
        origin: Origin::Client,
    }
}

fn transaction(transaction: &Transaction) -> Input {
    Input::TransactionReceived {
        transaction: transaction.clone(),
        origin: Origin::Client,
    }
}

fn unformed(invalid: Invalid) -> Error {
    Error::new(ErrorKind::Plugin, "a key or a signature has a wrong form")
        .because(invalid.to_string())
}

/// A node that makes a block whenever it is told to.
struct Maker(Driver);

impl Maker {
    fn open(alice: &Keys, hooks: Hooks) -> Result<Self, Error> {
        let config = Config {
            mine: true,
            mine_interval_us: BLOCK_US,
            reward_to: Some(alice.public().to_owned()),
            me: Contact::default(),
            ..Config::default()
        };
        Driver::open(START_US, config, hooks, alice.pair()).map(Self)
    }

    fn signer(&self) -> std::sync::Arc<dyn Signer> {
        self.0.hooks.signer.at(0).hook.clone()
    }

    /// Takes in something made elsewhere; what the rules refuse is left out.
    fn take(&mut self, now_us: i64, input: Input) -> Result<(), Error> {
        self.0.now_us = self.0.now_us.max(now_us);
        self.0.handle(input).map(drop)
    }

    fn mine(&mut self, nr: i64) -> Result<Mined, Error> {
        self.mine_at(at(nr))
    }

    fn mine_at(&mut self, now_us: i64) -> Result<Mined, Error> {
        // After an own block the next one is due an interval later, whatever the consensus waited for.
        self.0.wait_until(now_us.max(self.0.now_us))?;
        if self.0.job.is_none() {
            self.0.wait_until(self.0.now_us + BLOCK_US)?;
        }
        let mined = self.0.mine()?;
        mined.ok_or_else(|| {
            let message = "the node has nothing to mine, though it should";
            Error::new(ErrorKind::Plugin, message)
        })
    }
}

/// Blocks in the place of this one that break a rule each, and are right otherwise.
fn wrong(
    hooks: &Hooks,
    [alice, bob]: [&Keys; 2],
    right: &Mined,
) -> Result<Vec<(&'static str, String)>, Error> {
    let Mined { job, block } = right;
    let variants = Variants { hooks, alice, job };
    let draft = &job.draft;
    let seed = draft.seed();
    let creator = &seed.creator;
    let time = seed.timestamp;
    let coins = draft.transactions().last().map(Transaction::amount);
    let coins = coins.unwrap_or_default();
    let reward = |amount, time| Transaction::reward(creator, amount, time).map_err(unformed);
    let paying = |sum: &str| {
        let signer = &hooks.signer.at(draft.nr()).hook;
        bob.pay(&**signer, CAROL, sum, time.us()).map_err(unformed)
    };

    let lying = block
        .text()
        .replacen(&block.hash().to_string(), &Hash::default().to_string(), 1);
    let early = job.parent.timestamp;
    let more = coins
        .checked_add(Amount::from_coins(1))
        .unwrap_or(Amount::ZERO);
    let good = paying("0.1")?;
    let forged = good.text().replace("\"sum\": 0.1,", "\"sum\": 0.2,");
    let forged = Transaction::parse(&forged).map_err(unformed)?;
    let poor = paying("1000000")?;
    let paid_out = |sums: Vec<Transaction>| -> Result<Vec<Transaction>, Error> {
        Ok([sums, vec![reward(coins, time)?]].concat())
    };
    Ok(vec![
        ("a block with a lying hash", lying),
        ("a block with another nonce", variants.other_nonce(block)?),
        (
            "a block that is no later than its parent",
            variants.of(early, None, vec![reward(coins, early)?])?,
        ),
        (
            "a block with a lying merkle root",
            variants.of(time, Some(Hash::default()), paid_out(Vec::new())?)?,
        ),
        (
            "a block that pays its miner a coin too much",
            variants.of(time, None, vec![reward(more, time)?])?,
        ),
        (
            "a block with a forged payment",
            variants.of(time, None, paid_out(vec![forged])?)?,
        ),
        (
            "a block whose payer has not so much",
            variants.of(time, None, paid_out(vec![poor])?)?,
        ),
    ])
}

/// Makes other blocks in the place of one.
struct Variants<'a> {
    hooks: &'a Hooks,
    alice: &'a Keys,
    job: &'a Job,
}

impl Variants<'_> {
    /// A block of this time with these transactions, sealed if the consensus does it.
    fn of(
        &self,
        time: Timestamp,
        root: Option<Hash>,
        transactions: Vec<Transaction>,
    ) -> Result<String, Error> {
        let nr = self.job.draft.nr();
        let leaves: Vec<Hash> = transactions.iter().map(Transaction::leaf).collect();
        let mut seed = self.job.draft.seed().clone();
        seed.timestamp = time;
        seed.merkle_root = match root {
            Some(root) => root,
            None => self.hooks.merkle.at(nr).hook.root(&leaves)?,
        };
        let job = Job {
            draft: Draft::new(seed, transactions).map_err(unformed)?,
            ..self.job.clone()
        };
        let nonce = match search(self.hooks, &job, time.us())? {
            Seal::Found { nonce } => nonce,
            Seal::Sign { text } => self.alice.sign(&*self.hooks.signer.at(nr).hook, &text),
            // What the consensus does not seal is refused for its seal.
            Seal::Exhausted | Seal::Wait { .. } => {
                "0".repeat(self.hooks.consensus.at(nr).hook.nonce_length().min.max(1))
            }
        };
        let block = job.draft.sealed(&nonce).map_err(unformed)?;
        Ok(block.text().to_owned())
    }

    /// The block with its nonce's last character changed, and the hash that it then has.
    fn other_nonce(&self, block: &Block) -> Result<String, Error> {
        let mut nonce = block.header().nonce.clone();
        let last = nonce.pop();
        nonce.push(if last == Some('0') { '1' } else { '0' });
        let draft = self.job.draft.clone();
        let block = draft.sealed(&nonce).map_err(unformed)?;
        Ok(block.text().to_owned())
    }
}
