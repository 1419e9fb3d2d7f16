//! [`Ahead`]: threads that read blocks and verify signatures before the node sees them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use plugcoin_core::{Answer, Answered, Verifier};
use plugcoin_sdk::hooks::{PeerAnswer, PeerReply};
use plugcoin_sdk::ledger::{Block, Transaction};
use plugcoin_sdk::{Error, ErrorKind, Invalid};
use tokio::sync::oneshot;

use super::core::Place;
use super::limits::{SHARE_BLOCKS_MIN, VERIFIED_AT_ONCE_MAX};

/// Reads and verifies what came, on all cores; the node finds the answers of its [`Verifier`] ready.
///
/// * It waits for no batch to fill: what came in the meantime is the next one.
/// * What waits here has its place in the node's queue already, and keeps it if nobody waits for it any
///   more, or was asked for by the node.
/// * What nobody waits for any more is left out.
#[derive(Clone)]
pub(crate) struct Ahead {
    verifier: Arc<Verifier>,
    work: Sender<Work>,
    threads: usize,
}

enum Work {
    /// A transaction that would be in the block of this height.
    Transaction(u64, Transaction, Place, oneshot::Sender<()>),
    Block(Block, Place, oneshot::Sender<()>),
    /// Texts that a peer sent as blocks, and whether to verify what is in them.
    Texts(Vec<String>, bool, oneshot::Sender<Vec<Read>>),
}

type Read = Result<Block, Invalid>;

impl Ahead {
    /// Starts a thread for each core.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system gives no thread.
    pub(crate) fn start(verifier: Arc<Verifier>) -> Result<Self, Error> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (work, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..threads {
            let (verifier, waiting) = (verifier.clone(), waiting.clone());
            thread::Builder::new()
                .name(format!("verify-{n}"))
                .spawn(move || run(&verifier, &waiting))
                .map_err(|error| {
                    Error::new(ErrorKind::Io, "the system gives no thread").because(error)
                })?;
        }
        Ok(Self {
            verifier,
            work,
            threads,
        })
    }

    /// Verifies a transaction that would be in block `nr`.
    pub(crate) async fn transaction(&self, nr: u64, transaction: &Transaction, place: &Place) {
        if !self.verifier.remembers(nr, transaction) {
            let (transaction, place) = (transaction.clone(), place.clone());
            self.wait(|done| Work::Transaction(nr, transaction, place, done))
                .await;
        }
    }

    /// Verifies what is in a block.
    pub(crate) async fn block(&self, block: &Block, place: &Place) {
        let (block, place) = (block.clone(), place.clone());
        self.wait(|done| Work::Block(block, place, done)).await;
    }

    /// Reads a peer's answer; if blocks of it will be judged wholly, what is in them is verified.
    ///
    /// * None: the node is stopping.
    pub(crate) async fn read(&self, reply: PeerReply, judged: bool) -> Option<Answered> {
        let PeerReply { contact, answer } = reply;
        let PeerAnswer::Blocks(mut texts) = answer else {
            return Some(PeerReply { contact, answer }.into());
        };
        let share = texts.len().div_ceil(self.threads).max(SHARE_BLOCKS_MIN);
        let mut reading = Vec::new();
        while !texts.is_empty() {
            let rest = texts.split_off(share.min(texts.len()));
            let texts = std::mem::replace(&mut texts, rest);
            reading.push(self.begin(|done| Work::Texts(texts, judged, done)));
        }
        let mut blocks = Vec::new();
        for share in reading {
            blocks.extend(share.await.ok()?);
        }
        let answer = Answer::Blocks(blocks);
        Some(Answered { contact, answer })
    }

    fn begin<T>(&self, work: impl FnOnce(oneshot::Sender<T>) -> Work) -> oneshot::Receiver<T> {
        let (done, ended) = oneshot::channel();
        // The threads live as long as somebody can give them work.
        let _ = self.work.send(work(done));
        ended
    }

    async fn wait(&self, work: impl FnOnce(oneshot::Sender<()>) -> Work) {
        // If a plugin's failure ended it, the node meets the same again, and knows what to do.
        let _ = self.begin(work).await;
    }
}

fn run(verifier: &Verifier, waiting: &Mutex<Receiver<Work>>) {
    while let Some((transactions, other)) = take(waiting) {
        let (transactions, done): (Vec<_>, Vec<_>) = transactions.into_iter().unzip();
        if !transactions.is_empty() {
            verifier.transactions(&transactions);
            for done in done {
                let _ = done.send(());
            }
        }
        match other {
            Some(Work::Block(block, _place, done)) => {
                if !done.is_closed() {
                    verifier.blocks(std::slice::from_ref(&block));
                    let _ = done.send(());
                }
            }
            Some(Work::Texts(texts, judged, done)) => {
                let _ = done.send(read(verifier, &texts, judged));
            }
            Some(Work::Transaction(..)) | None => {}
        }
    }
}

type Waiting = ((u64, Transaction), oneshot::Sender<()>);

/// The transactions that wait now, up to a bound, and what else came next; none: nothing will come.
fn take(waiting: &Mutex<Receiver<Work>>) -> Option<(Vec<Waiting>, Option<Work>)> {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let mut transactions = Vec::new();
    let mut next = Some(waiting.recv().ok()?);
    while let Some(Work::Transaction(nr, transaction, _place, done)) = next {
        if !done.is_closed() {
            transactions.push(((nr, transaction), done));
        }
        next = match transactions.len() < VERIFIED_AT_ONCE_MAX {
            true => waiting.try_recv().ok(),
            false => None,
        };
    }
    Some((transactions, next))
}

fn read(verifier: &Verifier, texts: &[String], judged: bool) -> Vec<Read> {
    let blocks: Vec<Read> = texts.iter().map(|text| Block::parse(text)).collect();
    if judged {
        let good = blocks.iter().flatten().cloned();
        verifier.blocks(&good.collect::<Vec<_>>());
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::core::CoreQueue;
    use plugcoin_sdk::ledger::genesis;

    #[test]
    fn what_nobody_waits_for_is_left_out_and_keeps_its_place_until_then() {
        let (queue, _messages) = CoreQueue::new();
        let (work, waiting) = channel();
        let waiting = Mutex::new(waiting);
        let transaction = genesis().transactions()[0].clone();
        let place = queue.place().unwrap();
        let mut ended = Vec::new();
        for nr in 1..=3 {
            let (done, end) = oneshot::channel();
            let one = Work::Transaction(nr, transaction.clone(), place.clone(), done);
            work.send(one).unwrap();
            ended.push(end);
        }
        drop(ended.remove(1));
        assert_eq!(Arc::strong_count(&place), 4);
        let (taken, other) = take(&waiting).unwrap();
        let nrs: Vec<u64> = taken.iter().map(|((nr, _), _)| *nr).collect();
        assert_eq!((nrs, other.is_none()), (vec![1, 3], true));
        assert_eq!(Arc::strong_count(&place), 1);
    }
}
