//! [`Ahead`]: threads that read blocks and verify signatures before the node sees them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use plugcoin_core::{Answer, Answered, Judging, Stand, Verifier};
use plugcoin_sdk::hooks::{PeerAnswer, PeerReply};
use plugcoin_sdk::ledger::{Block, Transaction};
use plugcoin_sdk::{Error, ErrorKind, Invalid};
use tokio::sync::oneshot;

use super::core::Place;
use super::limits::{SHARE_BLOCKS_MIN, VERIFIED_AT_ONCE_MAX};
use super::stuck::Judgings;

/// Reads and verifies what came, on all cores; the node finds the answers of its [`Verifier`] ready.
///
/// * It waits for no batch to fill: what came in the meantime is the next one.
/// * What the node asked for comes before what was pushed in, so that nobody delays a sync.
/// * What waits here has its place in the node's queue already, and keeps it if nobody waits for it any
///   more, or was asked for by the node.
/// * What nobody waits for any more is left out.
#[derive(Clone)]
pub(crate) struct Ahead {
    verifier: Arc<Verifier>,
    work: Sender<Work>,
    threads: usize,
    /// How many pages are being read.
    pages: Arc<AtomicUsize>,
}

enum Work {
    Asked(Asked),
    Pushed(Pushed),
}

/// What the node asked a peer for.
enum Asked {
    /// Texts that came as blocks, and whether to see how far they look like a chain.
    Read(Vec<String>, bool, oneshot::Sender<Share>),
    /// Blocks whose signatures are verified.
    Verify(Vec<Block>, oneshot::Sender<()>),
}

/// What somebody pushed in.
enum Pushed {
    /// A transaction that would be in the block of this height.
    Transaction(u64, Transaction, Place, oneshot::Sender<()>),
    Block(Block, Box<Stand>, Place, oneshot::Sender<()>),
}

/// Some texts of a page, read.
struct Share {
    blocks: Vec<Read>,
    /// How many of them, from the first on, look like a chain.
    chained: usize,
}

type Read = Result<Block, Invalid>;

impl Ahead {
    /// Starts a thread for each core.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system gives no thread.
    pub(crate) fn start(verifier: Arc<Verifier>, judgings: &Judgings) -> Result<Self, Error> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (work, received) = channel();
        let waiting = Arc::new(Mutex::new(Waiting::new(received)));
        for n in 0..threads {
            let (verifier, waiting) = (verifier.clone(), waiting.clone());
            let name = format!("verify-{n}");
            let judging = judgings.of_new(&name);
            thread::Builder::new()
                .name(name)
                .spawn(move || run(&verifier, &waiting, &judging))
                .map_err(|error| {
                    Error::new(ErrorKind::Io, "the system gives no thread").because(error)
                })?;
        }
        Ok(Self {
            verifier,
            work,
            threads,
            pages: Arc::default(),
        })
    }

    /// Verifies a transaction that would be in block `nr`.
    pub(crate) async fn transaction(&self, nr: u64, transaction: &Transaction, place: &Place) {
        if !self.verifier.remembers(nr, transaction) {
            let (transaction, place) = (transaction.clone(), place.clone());
            self.push(|done| Pushed::Transaction(nr, transaction, place, done))
                .await;
        }
    }

    /// Verifies what is in a block, if it is sealed for its place in the chain.
    pub(crate) async fn block(&self, block: &Block, stand: Stand, place: &Place) {
        let (block, stand, place) = (block.clone(), Box::new(stand), place.clone());
        self.push(|done| Pushed::Block(block, stand, place, done))
            .await;
    }

    /// Reads a peer's answer; if its blocks are a page that will be judged wholly, what is in them is
    /// verified, as far as they look like a chain.
    ///
    /// * The pages under way share the threads: one alone has all, and of many each has one, since more
    ///   signatures in a batch cost less each.
    /// * None: the node is stopping.
    pub(crate) async fn read(&self, reply: PeerReply, judged: bool) -> Option<Answered> {
        let PeerReply { contact, answer } = reply;
        let PeerAnswer::Blocks(texts) = answer else {
            return Some(PeerReply { contact, answer }.into());
        };
        let page = UnderWay::of(&self.pages);
        let threads = (self.threads / page.pages).max(1);
        let mut reading = Vec::new();
        for texts in share_out(texts, threads) {
            reading.push(self.ask(|done| Asked::Read(texts, judged, done)));
        }
        let mut shares = Vec::new();
        for share in reading {
            shares.push(share.await.ok()?);
        }
        let mut verifying = Vec::new();
        for blocks in share_out(chain(&shares), threads) {
            verifying.push(self.ask(|done| Asked::Verify(blocks, done)));
        }
        for share in verifying {
            // If a plugin's failure ended it, the node meets the same again, and knows what to do.
            let _ = share.await;
        }
        let blocks = shares.into_iter().flat_map(|share| share.blocks).collect();
        let answer = Answer::Blocks(blocks);
        Some(Answered { contact, answer })
    }

    fn ask<T>(&self, asked: impl FnOnce(oneshot::Sender<T>) -> Asked) -> oneshot::Receiver<T> {
        let (done, ended) = oneshot::channel();
        // The threads live as long as somebody can give them work.
        let _ = self.work.send(Work::Asked(asked(done)));
        ended
    }

    async fn push(&self, pushed: impl FnOnce(oneshot::Sender<()>) -> Pushed) {
        let (done, ended) = oneshot::channel();
        let _ = self.work.send(Work::Pushed(pushed(done)));
        // If a plugin's failure ended it, the node meets the same again, and knows what to do.
        let _ = ended.await;
    }
}

/// A page that is being read, until it is dropped.
struct UnderWay<'a> {
    count: &'a AtomicUsize,
    /// How many there were when its reading began, with it.
    pages: usize,
}

impl<'a> UnderWay<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        let pages = count.fetch_add(1, Ordering::Relaxed) + 1;
        Self { count, pages }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A share of a page for each of so many threads.
fn share_out<T>(mut page: Vec<T>, threads: usize) -> Vec<Vec<T>> {
    let share = page.len().div_ceil(threads).max(SHARE_BLOCKS_MIN);
    let mut shares = Vec::new();
    while !page.is_empty() {
        let rest = page.split_off(share.min(page.len()));
        shares.push(std::mem::replace(&mut page, rest));
    }
    shares
}

/// The blocks of a page, the lowest first, as far as they look like a chain.
fn chain(shares: &[Share]) -> Vec<Block> {
    let mut chain: Vec<Block> = Vec::new();
    for share in shares {
        let first = share.blocks.first().and_then(|first| first.as_ref().ok());
        let stands = chain.last().is_none_or(|last| {
            first.is_some_and(|first| first.header().previous_hash == Some(last.hash()))
        });
        if !stands {
            break;
        }
        let chained = share.blocks.iter().take(share.chained);
        chain.extend(chained.flatten().cloned());
        if share.chained < share.blocks.len() {
            break;
        }
    }
    chain
}

/// What waits for the threads.
struct Waiting {
    work: Receiver<Work>,
    asked: VecDeque<Asked>,
    pushed: VecDeque<Pushed>,
}

/// What one thread does next.
enum Next {
    Asked(Asked),
    Transactions(Vec<((u64, Transaction), oneshot::Sender<()>)>),
    Block(Block, Box<Stand>, oneshot::Sender<()>),
}

impl Waiting {
    fn new(work: Receiver<Work>) -> Self {
        Self {
            work,
            asked: VecDeque::new(),
            pushed: VecDeque::new(),
        }
    }

    /// What is to be done next, after waiting for it; none: nothing will come.
    fn next(&mut self) -> Option<Next> {
        loop {
            if self.asked.is_empty() && self.pushed.is_empty() {
                let work = self.work.recv().ok()?;
                self.sort(work);
            }
            while let Ok(work) = self.work.try_recv() {
                self.sort(work);
            }
            if let Some(asked) = self.asked.pop_front() {
                return Some(Next::Asked(asked));
            }
            if let Some(pushed) = self.next_pushed() {
                return Some(pushed);
            }
        }
    }

    fn sort(&mut self, work: Work) {
        match work {
            Work::Asked(asked) => self.asked.push_back(asked),
            Work::Pushed(pushed) => self.pushed.push_back(pushed),
        }
    }

    /// A block, or the transactions that wait before the next one, up to a bound.
    fn next_pushed(&mut self) -> Option<Next> {
        let mut transactions = Vec::new();
        while transactions.len() < VERIFIED_AT_ONCE_MAX
            && let Some(pushed) = self.pushed.pop_front()
        {
            match pushed {
                Pushed::Transaction(.., done) | Pushed::Block(.., done) if done.is_closed() => {}
                Pushed::Transaction(nr, transaction, _place, done) => {
                    transactions.push(((nr, transaction), done));
                }
                Pushed::Block(block, stand, place, done) if !transactions.is_empty() => {
                    let block = Pushed::Block(block, stand, place, done);
                    self.pushed.push_front(block);
                    break;
                }
                Pushed::Block(block, stand, _place, done) => {
                    return Some(Next::Block(block, stand, done));
                }
            }
        }
        (!transactions.is_empty()).then_some(Next::Transactions(transactions))
    }
}

fn next(waiting: &Mutex<Waiting>) -> Option<Next> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.next()
}

fn run(verifier: &Verifier, waiting: &Mutex<Waiting>, judging: &Judging) {
    while let Some(next) = next(waiting) {
        match next {
            Next::Asked(Asked::Read(texts, judged, done)) => {
                let _ = done.send(read(verifier, &texts, judged, judging));
            }
            Next::Asked(Asked::Verify(blocks, done)) => {
                verifier.blocks(&blocks, judging);
                let _ = done.send(());
            }
            Next::Transactions(transactions) => {
                let (transactions, done): (Vec<_>, Vec<_>) = transactions.into_iter().unzip();
                verifier.transactions(&transactions, judging);
                for done in done {
                    let _ = done.send(());
                }
            }
            Next::Block(block, stand, done) => {
                if verifier.is_sealed(&block, &stand, judging) {
                    verifier.blocks(std::slice::from_ref(&block), judging);
                }
                let _ = done.send(());
            }
        }
    }
}

fn read(verifier: &Verifier, texts: &[String], judged: bool, judging: &Judging) -> Share {
    let blocks: Vec<Read> = texts.iter().map(|text| Block::parse(text)).collect();
    let good = blocks.iter().map_while(|block| block.as_ref().ok());
    let chained = match judged {
        true => verifier.chained(&good.cloned().collect::<Vec<_>>(), judging),
        false => 0,
    };
    Share { blocks, chained }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::core::CoreQueue;
    use plugcoin_sdk::ledger::{Target, genesis};
    use plugcoin_testkit::fixtures;

    fn pushed(nr: u64, place: &Place, done: oneshot::Sender<()>) -> Work {
        let transaction = genesis().transactions()[0].clone();
        Work::Pushed(Pushed::Transaction(nr, transaction, place.clone(), done))
    }

    #[test]
    fn what_nobody_waits_for_is_left_out_and_keeps_its_place_until_then() {
        let (queue, _messages) = CoreQueue::new();
        let (work, received) = channel();
        let mut waiting = Waiting::new(received);
        let place = queue.place().unwrap();
        let mut ended = Vec::new();
        for nr in 1..=3 {
            let (done, end) = oneshot::channel();
            work.send(pushed(nr, &place, done)).unwrap();
            ended.push(end);
        }
        drop(ended.remove(1));
        assert_eq!(Arc::strong_count(&place), 4);
        let Some(Next::Transactions(taken)) = waiting.next() else {
            panic!("transactions wait");
        };
        let nrs: Vec<u64> = taken.iter().map(|((nr, _), _)| *nr).collect();
        assert_eq!(nrs, [1, 3]);
        assert_eq!(Arc::strong_count(&place), 1);
    }

    #[test]
    fn what_was_asked_for_comes_before_what_was_pushed_in() {
        let (queue, _messages) = CoreQueue::new();
        let (work, received) = channel();
        let mut waiting = Waiting::new(received);
        let place = queue.place().unwrap();
        let (block_done, _block_end) = oneshot::channel();
        let stand = Box::new(Stand {
            parent: genesis().header().clone(),
            target: Target::MAX,
        });
        let block = Pushed::Block(genesis(), stand, place.clone(), block_done);
        work.send(Work::Pushed(block)).unwrap();
        let (done, _end) = oneshot::channel();
        work.send(pushed(1, &place, done)).unwrap();
        let (asked_done, _asked_end) = oneshot::channel();
        let asked = Asked::Verify(vec![genesis()], asked_done);
        work.send(Work::Asked(asked)).unwrap();
        drop(work);
        assert!(matches!(
            waiting.next(),
            Some(Next::Asked(Asked::Verify(..)))
        ));
        assert!(matches!(waiting.next(), Some(Next::Block(..))));
        assert!(matches!(waiting.next(), Some(Next::Transactions(_))));
        assert!(waiting.next().is_none(), "nothing will come");
    }

    #[test]
    fn a_page_has_a_share_for_each_thread_that_is_worth_one() {
        let lengths = |page: usize, threads| {
            let shares = share_out((0..page).collect(), threads);
            assert!(shares.concat().into_iter().eq(0..page));
            shares.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(lengths(1_024, 2), [512, 512]);
        assert_eq!(lengths(1_023, 2), [512, 511]);
        assert_eq!(lengths(1_024, 1), [1_024]);
        assert_eq!(lengths(20, 2), [16, 4]);
        assert_eq!(lengths(16, 2), [16]);
        assert_eq!(lengths(0, 2), [0; 0]);
        let pages = AtomicUsize::new(0);
        let (first, second) = (UnderWay::of(&pages), UnderWay::of(&pages));
        assert_eq!((first.pages, second.pages), (1, 2));
        drop((first, second));
        assert_eq!(UnderWay::of(&pages).pages, 1);
    }

    #[test]
    fn a_page_is_a_chain_as_far_as_its_shares_stand_on_one_another() {
        let mut blocks = vec![genesis()];
        for nonce in 1..6 {
            let parent = blocks.last().unwrap();
            let time_us = parent.header().timestamp.us() + 1;
            let nonce = fixtures::nonce(nonce);
            blocks.push(fixtures::block(parent, "M", Vec::new(), time_us, &nonce));
        }
        let share = |from: usize, to: usize, chained| Share {
            blocks: blocks[from..to].iter().cloned().map(Ok).collect(),
            chained,
        };
        let lengths = [
            vec![share(0, 3, 3), share(3, 6, 3)],
            vec![share(0, 3, 3), share(3, 6, 1)],
            vec![share(0, 3, 2), share(3, 6, 3)],
            vec![share(0, 3, 3), share(4, 6, 2)],
            vec![share(0, 3, 0), share(3, 6, 3)],
        ]
        .map(|shares| chain(&shares).len());
        assert_eq!(lengths, [6, 4, 2, 3, 0]);
    }
}
