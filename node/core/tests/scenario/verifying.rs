//! Signatures that were verified before the node saw them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plugcoin_core::{Config, Reply};
use plugcoin_sdk::hooks::{Signed, Signer};
use plugcoin_sdk::ledger::{Block, Transaction, genesis};
use plugcoin_sdk::plugin::{Active, Schedule, Scheduled};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::{MemoryStorage, PlainSigner};
use plugcoin_testkit::fixtures::{self, START_US};

use super::bench::{Bench, branch, hooks, refusal};

/// Counts the signatures that it is asked for, and fails when it is asked for none that it knows.
#[derive(Default)]
struct Counting {
    asked: AtomicUsize,
    fails: bool,
}

impl Counting {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Signer for Counting {
    fn scheme(&self) -> &str {
        "counting"
    }

    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match self.fails {
            true => Err(Error::new(ErrorKind::Plugin, "it fails")),
            false => PlainSigner.verify(key, text, signature),
        }
    }

    fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        let verify = |one: &Signed<'_>| self.verify(one.key, one.text, one.signature);
        signed.iter().map(verify).collect()
    }
}

/// A node whose signer counts, with another from block `later` on, on a chain that pays A.
fn counting(later: u64) -> (Bench, Arc<Counting>, Arc<Counting>) {
    let (first, second) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
    let storage = Arc::new(MemoryStorage::new());
    let mut hooks = hooks(storage.clone());
    let later = Scheduled {
        from_nr: later,
        active: Active::new("second", second.clone() as Arc<dyn Signer>),
    };
    hooks.signer = Schedule::new(Active::new("first", first.clone()), vec![later]);
    let mut bench = Bench::by(hooks, storage, Config::default());
    bench.take(&branch("A", 3));
    (bench, first, second)
}

fn block_on(parent: &Block, payments: Vec<Transaction>) -> Block {
    let time_us = parent.header().timestamp.us() + 1;
    fixtures::block(parent, "C", payments, time_us, &fixtures::nonce(1))
}

fn payment(n: i64) -> Transaction {
    fixtures::pay("A", "B", "0.25", START_US + n)
}

/// The same payment with a signature that does not hold.
fn forged(n: i64) -> Transaction {
    let (good, other) = (payment(n), payment(n + 1));
    let text = good.text().replace(good.signature(), other.signature());
    Transaction::parse(&text).unwrap()
}

#[test]
fn what_was_verified_beforehand_is_not_verified_again_nor_in_a_block() {
    let (mut bench, signer, _) = counting(1_000);
    let (verifier, sent) = (bench.node.verifier(), payment(1));
    assert!(!verifier.remembers(4, &sent));
    verifier.transactions(&[(4, sent.clone()), (4, payment(2))]);
    assert!(verifier.remembers(4, &sent));
    assert_eq!(signer.asked(), 2);
    assert_eq!(bench.transaction(&sent).reply, Reply::Accepted(sent.id()));
    let tip = branch("A", 3).pop().unwrap();
    let block = block_on(&tip, vec![sent, payment(2)]);
    verifier.blocks(std::slice::from_ref(&block));
    bench.take(&[block]);
    assert_eq!(signer.asked(), 2);
}

#[test]
fn a_bad_one_is_blamed_alone_and_refused_in_the_same_words() {
    let (mut bench, signer, _) = counting(1_000);
    let words = refusal(&bench.transaction(&forged(5))).clone();
    let all = [(4, payment(1)), (4, forged(7)), (4, payment(3))];
    bench.node.verifier().transactions(&all);
    let asked = signer.asked();
    for (_, sent) in &all {
        let step = bench.transaction(sent);
        if *sent == forged(7) {
            let refused = refusal(&step);
            assert_eq!(
                (&refused.rule, &refused.message),
                (&words.rule, &words.message)
            );
            assert_eq!(refused.observed.as_deref(), Some(sent.signature()));
        } else {
            assert_eq!(step.reply, Reply::Accepted(sent.id()));
        }
    }
    assert_eq!(signer.asked(), asked, "nothing was verified twice");
}

#[test]
fn what_another_signer_said_of_it_does_not_count() {
    let (mut bench, first, second) = counting(4);
    let sent = payment(1);
    bench.node.verifier().transactions(&[(3, sent.clone())]);
    assert_eq!((first.asked(), second.asked()), (1, 0));
    assert_eq!(bench.transaction(&sent).reply, Reply::Accepted(sent.id()));
    assert_eq!((first.asked(), second.asked()), (1, 1));
}

#[test]
fn what_looks_wrong_at_once_is_not_verified() {
    let (bench, signer, _) = counting(1_000);
    let tip = branch("A", 3).pop().unwrap();
    let block = block_on(&tip, vec![payment(1)]);
    let text = block
        .text()
        .replace(&block.hash().to_string(), &genesis().hash().to_string());
    let lie = Block::parse(&text).unwrap();
    bench.node.verifier().blocks(&[lie]);
    assert_eq!(signer.asked(), 0);
    bench.node.verifier().blocks(&[block]);
    assert_eq!(signer.asked(), 1, "the reward has no signature");
}

#[test]
fn a_fault_beforehand_is_met_again_by_the_node() {
    let storage = Arc::new(MemoryStorage::new());
    let mut hooks = hooks(storage.clone());
    let signer = Arc::new(Counting {
        fails: true,
        ..Counting::default()
    });
    hooks.signer = Schedule::always("failing", signer);
    let config = Config::default();
    let mut bench = Bench::by(hooks, storage, config.clone());
    bench.take(&branch("A", 1));
    let sent = payment(1);
    bench.node.verifier().transactions(&[(2, sent.clone())]);
    let input = plugcoin_core::Input::TransactionReceived {
        transaction: sent.clone(),
        origin: plugcoin_sdk::hooks::Origin::Client,
    };
    assert!(bench.node.handle(bench.now_us, input).is_err());
    assert_eq!(config.judging.get(), Some(sent.leaf()));
}
