//! Signatures that were verified before the node saw them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plugcoin_core::{Config, Judging, Reply};
use plugcoin_sdk::hooks::{
    Consensus, NonceLength, Seal, SealSignature, SealVerdict, Signed, Signer, Slice,
};
use plugcoin_sdk::ledger::{Amount, Block, Draft, Header, Target, Transaction, genesis};
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

/// What a thread of its own judges.
fn alone() -> Judging {
    Judging::default()
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
    verifier.transactions(&[(4, sent.clone()), (4, payment(2))], &alone());
    assert!(verifier.remembers(4, &sent));
    assert_eq!(signer.asked(), 2);
    assert_eq!(bench.transaction(&sent).reply, Reply::Accepted(sent.id()));
    let tip = branch("A", 3).pop().unwrap();
    let block = block_on(&tip, vec![sent, payment(2)]);
    verifier.blocks(std::slice::from_ref(&block), &alone());
    bench.take(&[block]);
    assert_eq!(signer.asked(), 2);
}

#[test]
fn a_bad_one_is_blamed_alone_and_refused_in_the_same_words() {
    let (mut bench, signer, _) = counting(1_000);
    let words = refusal(&bench.transaction(&forged(5))).clone();
    let all = [(4, payment(1)), (4, forged(7)), (4, payment(3))];
    bench.node.verifier().transactions(&all, &alone());
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
fn a_block_that_holds_is_remembered_as_a_whole_and_drives_no_payments_out() {
    let (mut bench, signer, _) = counting(1_000);
    let verifier = bench.node.verifier();
    let tip = branch("A", 3).pop().unwrap();
    let block = block_on(&tip, vec![payment(1), payment(2)]);
    for _ in 0..2 {
        verifier.blocks(std::slice::from_ref(&block), &alone());
        assert!(verifier.held(&block));
        assert_eq!(signer.asked(), 2);
    }
    assert!(!verifier.remembers(4, &payment(1)));
    bench.take(&[block]);
    assert_eq!(signer.asked(), 2);
}

#[test]
fn what_leaves_the_chain_is_verified_again_by_another_signer_alone() {
    for (later, asked) in [(1_000, (2, 0)), (6, (2, 2))] {
        let (mut bench, first, second) = counting(later);
        let verifier = bench.node.verifier();
        let tip = branch("A", 3).pop().unwrap();
        let block = block_on(&tip, vec![payment(1), payment(2)]);
        verifier.blocks(std::slice::from_ref(&block), &alone());
        bench.take(&[block]);
        for other in fixtures::chain_on(&tip, "E", 2) {
            bench.block(&other);
        }
        assert!(bench.node.is_waiting(&payment(1).id()));
        assert_eq!((first.asked(), second.asked()), asked);
    }
}

#[test]
fn of_a_block_that_does_not_hold_each_answer_is_remembered() {
    let (mut bench, signer, _) = counting(1_000);
    let verifier = bench.node.verifier();
    let tip = branch("A", 3).pop().unwrap();
    let good = block_on(&tip, vec![payment(3)]);
    let bad = block_on(&good, vec![payment(1), forged(7)]);
    verifier.blocks(&[good.clone(), bad.clone()], &alone());
    assert_eq!((verifier.held(&good), verifier.held(&bad)), (true, false));
    assert!(verifier.remembers(5, &payment(1)) && verifier.remembers(5, &forged(7)));
    bench.take(&[good]);
    let step = bench.block(&bad);
    let refused = refusal(&step);
    assert_eq!(refused.observed.as_deref(), Some(forged(7).signature()));
    assert_eq!(signer.asked(), 3, "nothing was verified twice");
}

#[test]
fn a_block_with_what_is_not_asked_for_does_not_hold() {
    let (bench, signer, _) = counting(1_000);
    let verifier = bench.node.verifier();
    let tip = branch("A", 3).pop().unwrap();
    let amount = Amount::from_coins(1);
    let early = Transaction::reward("A", amount, tip.header().timestamp).unwrap();
    let block = block_on(&tip, vec![payment(1), early]);
    verifier.blocks(std::slice::from_ref(&block), &alone());
    assert!(!verifier.held(&block));
    assert!(verifier.remembers(4, &payment(1)));
    assert!(verifier.held(&block_on(&tip, Vec::new())), "it has none");
    assert_eq!(signer.asked(), 1);
}

#[test]
fn what_another_signer_said_of_it_does_not_count() {
    let (mut bench, first, second) = counting(4);
    let sent = payment(1);
    bench
        .node
        .verifier()
        .transactions(&[(3, sent.clone())], &alone());
    assert_eq!((first.asked(), second.asked()), (1, 0));
    assert_eq!(bench.transaction(&sent).reply, Reply::Accepted(sent.id()));
    assert_eq!((first.asked(), second.asked()), (1, 1));
}

/// The block with a hash that is not its own.
fn lying(block: &Block) -> Block {
    let (hash, other) = (block.hash().to_string(), genesis().hash().to_string());
    Block::parse(&block.text().replace(&hash, &other)).unwrap()
}

#[test]
fn a_page_is_looked_at_as_far_as_it_is_a_chain() {
    let (bench, signer, _) = counting(1_000);
    let verifier = bench.node.verifier();
    let page = branch("C", 5);
    let with = |n: usize, other: Block| {
        let mut page = page.clone();
        page[n] = other;
        verifier.chained(&page, &alone())
    };
    assert_eq!(verifier.chained(&page, &alone()), 5);
    assert_eq!(with(2, lying(&page[2])), 2);
    assert_eq!(with(2, page[3].clone()), 2, "it stands on another");
    let short = fixtures::draft(&page[0], "C", Vec::new(), START_US + 5);
    assert_eq!(with(1, short.sealed("7").unwrap()), 1, "no nonce");
    assert_eq!(with(0, lying(&page[0])), 0);
    assert_eq!(verifier.chained(&[], &alone()), 0);
    assert_eq!(signer.asked(), 0);
}

/// A consensus by the creator's signature over the block's root.
struct Signing;

impl Consensus for Signing {
    fn seal(&self, _: &Draft, _: &Header, _: &Target, _: Slice) -> Result<Seal, Error> {
        Ok(Seal::Exhausted)
    }

    fn check_seal(
        &self,
        header: &Header,
        _: Option<&Header>,
        _: &Target,
    ) -> Result<SealVerdict, Error> {
        Ok(SealVerdict::Verify(Box::new(SealSignature {
            key: header.creator.clone(),
            text: header.merkle_root.to_string(),
            signature: header.nonce.clone(),
        })))
    }

    fn nonce_length(&self) -> NonceLength {
        NonceLength { min: 1, max: 200 }
    }
}

#[test]
fn a_signed_seal_is_verified_first_and_once() {
    let storage = Arc::new(MemoryStorage::new());
    let signer = Arc::new(Counting::default());
    let mut hooks = hooks(storage.clone());
    hooks.signer = Schedule::always("counting", signer.clone());
    hooks.consensus = Schedule::always("signing", Arc::new(Signing));
    let mut bench = Bench::by(hooks, storage, Config::default());
    let keys = fixtures::key_pair("C");
    let draft = fixtures::draft(&genesis(), &keys.public, Vec::new(), START_US + 1);
    let text = draft.seed().merkle_root.to_string();
    let good = draft
        .clone()
        .sealed(&PlainSigner.sign(&keys.secret, &text).unwrap());
    let (good, forged) = (good.unwrap(), draft.sealed("forged").unwrap());
    let stand = bench.node.stand(&good).unwrap();
    let verifier = bench.node.verifier();
    assert!(!verifier.is_sealed(&forged, &stand, &alone()));
    assert!(verifier.is_sealed(&good, &stand, &alone()));
    assert_eq!(verifier.chained(&[forged], &alone()), 0);
    assert_eq!(signer.asked(), 2);
    bench.take(&[good]);
    assert_eq!(signer.asked(), 2, "the node finds the answer");
}

#[test]
fn only_a_block_that_the_node_will_judge_has_a_place() {
    let mut bench = Bench::new();
    let chain = branch("A", 1_003);
    bench.take(&chain);
    let on = |parent: &Block| block_on(parent, Vec::new());
    let tip = chain.last().unwrap();
    let stand = bench.node.stand(&on(tip)).unwrap();
    assert_eq!(stand.parent, *tip.header());
    assert!(bench.node.stand(&on(&chain[1])).is_some(), "a branch");
    let why_not = [
        ("it is known", tip.clone()),
        ("its parent is not", on(&on(tip))),
        ("it has no parent", genesis()),
        ("it lies too deep", on(&genesis())),
        ("it has another's hash", lying(&on(tip))),
    ];
    for (why, block) in why_not {
        assert!(bench.node.stand(&block).is_none(), "{why}");
    }
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
    bench
        .node
        .verifier()
        .transactions(&[(2, sent.clone())], &alone());
    let input = plugcoin_core::Input::TransactionReceived {
        transaction: sent.clone(),
        origin: plugcoin_sdk::hooks::Origin::Client,
    };
    assert!(bench.node.handle(bench.now_us, input).is_err());
    assert_eq!(config.judging.get(), Some(sent.leaf()));
}
