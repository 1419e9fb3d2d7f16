//! Measures of verifying: what the node does with signatures, beside one by one.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use plugcoin_core::limits::PAGE_LEVELS;
use plugcoin_core::{Config, Journal, Judging, Node};
use plugcoin_sdk::hooks::Storage;
use plugcoin_sdk::ledger::{Block, Transaction};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::MemoryStorage;
use plugcoin_testkit::fixtures::START_US;

use crate::chain::Chain;
use crate::measure::Outcome;
use crate::rounds::{Spread, paired};
use crate::workbench::Workbench;

/// The transactions of a block, the reward with them.
const TRANSACTIONS: u64 = 3;

pub(crate) fn repeated(bench: &Workbench) -> Result<Outcome, Error> {
    measure(bench, 64)
}

pub(crate) fn distinct(bench: &Workbench) -> Result<Outcome, Error> {
    measure(bench, (TRANSACTIONS - 1) * PAGE_LEVELS)
}

/// A page of a sync as a core verifies it: its signatures and the hashes that they need, against one
/// dalek `verify` after another; both on one thread. The figures say what all cores do beside it.
fn measure(bench: &Workbench, signers: u64) -> Result<Outcome, Error> {
    let chain = Chain {
        blocks: PAGE_LEVELS + 1,
        transactions: TRANSACTIONS,
        signers,
    };
    // The first block has no payments.
    let texts = chain.blocks().skip(1);
    let texts = texts.map(|block| Ok(block?.text().to_owned()));
    let texts = texts.collect::<Result<Vec<String>, Error>>()?;
    let rounds = paired(
        bench.effort,
        || rate(&texts, 1, singly),
        || rate(&texts, 1, as_the_node_does),
    )?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let all = (0..bench.effort.rounds).map(|_| rate(&texts, cores, as_the_node_does));
    let all = Spread::of(all.collect::<Result<_, Error>>()?).median;
    let figures = format!(
        "{:.0} k/s a core, {:.0} k/s by {cores}; singly {:.0} k/s",
        rounds.ours / 1e3,
        all / 1e3,
        rounds.baseline / 1e3
    );
    Ok(rounds.told(figures))
}

/// Verifies a chain as the node does, a page after another on each core.
pub(crate) fn on_all_cores(blocks: &[Block]) -> Result<(), Error> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = blocks.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let verify = |share: &[Block]| {
            share
                .chunks(PAGE_LEVELS as usize)
                .try_for_each(as_the_node_does)
        };
        let workers: Vec<_> = blocks
            .chunks(share)
            .map(|share| scope.spawn(move || verify(share)))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            let joined = worker.join();
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// The payments a second that so many threads verify, each a page of its own.
fn rate(
    texts: &[String],
    threads: usize,
    verify: fn(&[Block]) -> Result<(), Error>,
) -> Result<f64, Error> {
    // Read anew each time: a transaction remembers its hash.
    let read = || texts.iter().map(|text| Block::parse(text)).collect();
    let pages: Vec<Vec<Block>> = (0..threads)
        .map(|_| read())
        .collect::<Result<_, _>>()
        .map_err(|invalid| bad(invalid.to_string()))?;
    let payments: usize = pages.iter().flatten().map(|b| payments(b).count()).sum();
    let begin = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = pages
            .iter()
            .map(|page| scope.spawn(move || verify(page)))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            let joined = worker.join();
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    Ok(payments as f64 / begin.elapsed().as_secs_f64())
}

fn payments(block: &Block) -> impl Iterator<Item = &Transaction> {
    block.transactions().iter().filter(|one| !one.is_reward())
}

/// A node's verifier of its own, which remembers nothing yet.
fn as_the_node_does(page: &[Block]) -> Result<(), Error> {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let hooks = crate::hooks(storage)?;
    let (node, _) = Node::open(START_US, Config::default(), hooks, None, Journal::SameRules)?;
    let verifier = node.verifier();
    verifier.blocks(page, &Judging::default());
    match page.iter().all(|block| verifier.held(block)) {
        true => Ok(()),
        false => Err(bad("the node found that a signature does not hold")),
    }
}

fn singly(page: &[Block]) -> Result<(), Error> {
    for payment in page.iter().flat_map(payments) {
        let (mut key, mut signature) = ([0; 32], [0; 64]);
        let wrong = |error: const_hex::FromHexError| bad(error.to_string());
        const_hex::decode_to_slice(payment.from(), &mut key).map_err(wrong)?;
        const_hex::decode_to_slice(payment.signature(), &mut signature).map_err(wrong)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|error| bad(error.to_string()))?;
        let text = payment.unsigned_text().as_bytes();
        let holds = key.verify(text, &Signature::from_bytes(&signature));
        black_box(holds).map_err(|error| bad(error.to_string()))?;
    }
    Ok(())
}

fn bad(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, "the chain to measure with is bad").because(why.into())
}
