//! What makes a plugin fail is named, and refused in another life of the node.

use std::sync::{Arc, Mutex};

use plugcoin_core::{Config, Input, Journal, Judging, Node, batches, draft_on};
use plugcoin_sdk::hooks::{
    BlockContext, Event, KeyPair, Merkle, Origin, Record, Signed, Signer, Storage,
    TransactionContext, Validity,
};
use plugcoin_sdk::ledger::{Block, Hash, Transaction, genesis};
use plugcoin_sdk::plugin::{Active, Hooks, Schedule, Scheduled};
use plugcoin_sdk::{Error, ErrorKind, Verdict};
use plugcoin_testkit::doubles::{MemoryStorage, PlainSigner};
use plugcoin_testkit::fixtures;

use crate::bench::{Bench, branch, events, hooks as hooks_on, job, refusal, wallet};

fn plain() -> Config {
    Config {
        first_coin: false,
        ..Config::default()
    }
}

/// The same in a life in which this is known to make a plugin fail.
fn poisoned(config: &Config, culprit: Hash) -> Config {
    let mut poison = config.poison.clone();
    poison.insert(culprit);
    Config {
        poison,
        ..config.clone()
    }
}

fn payment(transaction: &Transaction) -> Input {
    Input::TransactionReceived {
        transaction: transaction.clone(),
        origin: Origin::Client,
    }
}

fn block(block: &Block) -> Input {
    Input::BlockReceived {
        block: block.clone(),
        origin: Origin::Client,
    }
}

/// Takes in what makes a plugin fail; what it was.
fn fails(bench: &mut Bench, config: &Config, input: Input) -> Hash {
    let failed = bench.node.handle(bench.now_us, input).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Plugin);
    config.judging.get().unwrap()
}

fn trips() -> Error {
    Error::new(ErrorKind::Plugin, "it trips")
}

/// A rule that fails over payments to somebody, from some height on.
struct Trips(&'static str, u64);

impl Validity for Trips {
    fn check_transaction(
        &self,
        transaction: &Transaction,
        context: &TransactionContext,
    ) -> Result<Verdict, Error> {
        match transaction.to() == self.0 && context.nr >= self.1 {
            true => Err(Error::new(ErrorKind::Plugin, "it trips")),
            false => Ok(Verdict::Valid),
        }
    }
}

#[test]
fn what_made_a_plugin_fail_is_named_and_refused_in_another_life() {
    let storage = Arc::default();
    let mut hooks = hooks_on(Arc::clone(&storage) as _);
    hooks.validity = vec![Scheduled::always("trips", Arc::new(Trips("X", 0)))];
    let config = plain();
    let mut bench = Bench::by(hooks.clone(), storage, config.clone());
    bench.take(&branch("A", 1));
    let (good, bad) = (
        fixtures::pay("A", "B", "0.5", bench.now_us),
        fixtures::pay("A", "X", "0.1", bench.now_us + 1),
    );
    bench.transaction(&good);
    assert_eq!(config.judging.get(), None, "nothing failed");
    bench.node.handle(bench.now_us, payment(&bad)).unwrap_err();
    let culprit = config.judging.get().unwrap();
    assert_eq!(culprit, bad.leaf());

    let config = poisoned(&config, culprit);
    let mut again = Bench::by(hooks, bench.storage.clone(), config.clone());
    assert_eq!(config.judging.get(), None, "what waits holds");
    let step = again.transaction(&bad);
    assert_eq!(refusal(&step).rule, "fault");
    assert!(events(&step).iter().any(|event| matches!(
        event,
        Event::TransactionRefused { id, .. } if *id == bad.id()
    )));
    let explained = again.node.explain(&bad.id()).unwrap();
    assert_eq!(explained.asked[0].rule, "fault");
    assert!(again.node.is_waiting(&good.id()));
}

#[test]
fn a_waiting_payment_that_makes_a_plugin_fail_is_named_and_not_the_block_that_came() {
    let trips = |from_nr| Active::<dyn Validity>::new("trips", Arc::new(Trips("X", from_nr)));
    // The rule begins with block 3, and what waits is judged anew; or it changes its mind there,
    // which is seen only when the next block is put together.
    for (from_nr, active) in [(3, trips(0)), (0, trips(3))] {
        let storage = Arc::default();
        let mut hooks = hooks_on(Arc::clone(&storage) as _);
        hooks.validity = vec![Scheduled { from_nr, active }];
        let config = plain();
        let mut bench = Bench::by(hooks.clone(), storage, config.clone());
        let chain = branch("A", 2);
        bench.take(&chain[..1]);
        let bad = fixtures::pay("A", "X", "0.1", bench.now_us);
        let good = fixtures::pay("A", "B", "0.1", bench.now_us);
        bench.transaction(&bad);
        assert!(bench.node.is_waiting(&bad.id()));
        let inputs = [block(&chain[1]), payment(&good)];
        let failed = inputs.into_iter().any(|input| {
            let step = bench.node.handle(bench.now_us, input);
            let records = step.as_ref().map(|step| step.records.clone());
            records
                .map(|records| bench.storage.append(&records))
                .is_err()
        });
        assert!(failed);
        let culprit = config.judging.get().unwrap();
        assert_eq!(culprit, bad.leaf());

        let config = poisoned(&config, culprit);
        let mut again = Bench::by(hooks, bench.storage.clone(), config.clone());
        assert!(!again.node.is_waiting(&bad.id()));
        again.block(&chain[1]);
        assert_eq!(again.node.tip().hash, chain[1].hash());
        again.transaction(&good);
        assert!(again.node.is_waiting(&good.id()));
        assert_eq!(config.judging.get(), None);
    }
}

/// A block on this parent with these payments, other for each nonce.
fn with(parent: &Block, payments: &[Transaction], nonce: u64) -> Block {
    let time_us = parent.header().timestamp.us() + 10_000_000;
    fixtures::block(
        parent,
        "M",
        payments.to_vec(),
        time_us,
        &fixtures::nonce(nonce),
    )
}

#[test]
fn a_payment_that_makes_a_plugin_fail_is_refused_in_every_block() {
    let storage: Arc<MemoryStorage> = Arc::default();
    let mut hooks = hooks_on(storage.clone());
    hooks.validity = vec![Scheduled::always("trips", Arc::new(Trips("X", 0)))];
    let config = plain();
    let mut bench = Bench::by(hooks.clone(), storage, config.clone());
    let chain = branch("A", 2);
    bench.take(&chain);
    let bad = fixtures::pay("A", "X", "0.1", bench.now_us);
    let good = fixtures::pay("A", "B", "0.1", bench.now_us);
    let both = [good.clone(), bad.clone()];
    // It was never seen by itself, and the block is not to blame.
    let culprit = fails(&mut bench, &config, block(&with(&chain[1], &both, 1)));
    assert_eq!(culprit, bad.leaf());

    let config = poisoned(&config, culprit);
    let mut again = Bench::by(hooks, bench.storage.clone(), config.clone());
    for nonce in 1..4 {
        // The rule would fail over it again.
        let step = again.block(&with(&chain[1], &both, nonce));
        let refused = refusal(&step);
        assert_eq!(refused.rule, "fault");
        assert_eq!(refused.observed.as_deref(), Some(&*bad.leaf().to_string()));
    }
    // A block that waits for its parent, too.
    let missing = with(&chain[1], &[], 4);
    assert_eq!(
        refusal(&again.block(&with(&missing, &both, 5))).rule,
        "fault"
    );
    again.take(&[with(&chain[1], &[good], 1)]);
    assert_eq!(config.judging.get(), None);
}

/// A signer that fails over payments to somebody, alone and in a batch.
struct TripsSigner(&'static str);

impl Signer for TripsSigner {
    fn scheme(&self) -> &str {
        "trips"
    }
    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        match text.contains(self.0) {
            true => Err(trips()),
            false => PlainSigner.verify(key, text, signature),
        }
    }
    fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        let verify = |one: &Signed<'_>| self.verify(one.key, one.text, one.signature);
        signed.iter().map(verify).collect()
    }
    fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error> {
        PlainSigner.generate(seed)
    }
}

#[test]
fn of_a_batch_of_signatures_the_one_that_makes_the_signer_fail_is_named() {
    let storage: Arc<MemoryStorage> = Arc::default();
    let mut hooks = hooks_on(storage.clone());
    hooks.signer = Schedule::always("trips", Arc::new(TripsSigner("XX")));
    let config = plain();
    let mut bench = Bench::by(hooks, storage, config.clone());
    let chain = branch("A", 1);
    bench.take(&chain);
    let payments = ["B", "XX", "C"].map(|to| fixtures::pay("A", to, "0.1", bench.now_us));
    let culprit = fails(&mut bench, &config, block(&with(&chain[0], &payments, 1)));
    assert_eq!(culprit, payments[1].leaf());
}

/// A signer that notes what is judged while it verifies; batches alone may make it fail.
#[derive(Default)]
struct Noting {
    judging: Judging,
    fails: bool,
    singly: Mutex<Vec<Option<Hash>>>,
    together: Mutex<Vec<Option<Hash>>>,
}

impl Signer for Noting {
    fn scheme(&self) -> &str {
        "noting"
    }
    fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error> {
        self.singly.lock().unwrap().push(self.judging.get());
        PlainSigner.verify(key, text, signature)
    }
    fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error> {
        self.together.lock().unwrap().push(self.judging.get());
        match self.fails {
            true => Err(trips()),
            false => {
                let verify =
                    |one: &Signed<'_>| PlainSigner.verify(one.key, one.text, one.signature);
                signed.iter().map(verify).collect()
            }
        }
    }
}

/// A node on one block, whose signer notes what this says.
fn noting(signer: Noting, config: &Config) -> (Bench, Arc<Noting>) {
    let storage: Arc<MemoryStorage> = Arc::default();
    let signer = Arc::new(signer);
    let mut hooks = hooks_on(storage.clone());
    hooks.signer = Schedule::always("noting", signer.clone());
    let mut bench = Bench::by(hooks, storage, config.clone());
    bench.take(&branch("A", 1));
    (bench, signer)
}

#[test]
fn who_hangs_over_a_batch_is_given_one_signature_after_another() {
    let payments = ["B", "C"].map(|to| fixtures::pay("A", to, "0.1", fixtures::START_US));
    let leaves = payments.clone().map(|payment| Some(payment.leaf()));
    let with_both = with(&branch("A", 1)[0], &payments, 1);
    let ahead = payments.clone().map(|payment| (2, payment));
    // By the node, and by a thread that verifies beforehand.
    for beforehand in [false, true] {
        for known in [false, true] {
            let mut config = plain();
            if known {
                config = poisoned(&config, batches());
            }
            let judging = match beforehand {
                true => Judging::default(),
                false => config.judging.clone(),
            };
            let noted = Noting {
                judging: judging.clone(),
                ..Noting::default()
            };
            let (mut bench, signer) = noting(noted, &config);
            if beforehand {
                bench.node.verifier().transactions(&ahead, &judging);
                assert_eq!(judging.get(), None);
            }
            bench.take(std::slice::from_ref(&with_both));
            assert_eq!(config.judging.get(), None);
            let singly = signer.singly.lock().unwrap().clone();
            let together = signer.together.lock().unwrap().clone();
            match known {
                true => assert_eq!((&*singly, &*together), (&leaves[..], &[][..])),
                false => assert_eq!((&*singly, &*together), (&[][..], &[Some(batches())][..])),
            }
        }
    }
}

#[test]
fn who_fails_over_batches_alone_is_given_none_in_another_life_and_the_block_is_good() {
    let payments = ["B", "C"].map(|to| fixtures::pay("A", to, "0.1", fixtures::START_US));
    let with_both = with(&branch("A", 1)[0], &payments, 1);
    let failing = || Noting {
        fails: true,
        ..Noting::default()
    };
    let config = plain();
    let (mut bench, _) = noting(failing(), &config);
    let culprit = fails(&mut bench, &config, block(&with_both));
    assert_eq!(culprit, batches());
    let (mut again, signer) = noting(failing(), &poisoned(&config, culprit));
    again.take(&[with_both]);
    assert!(signer.together.lock().unwrap().is_empty());
}

/// A storage from which nothing can be read.
#[derive(Default)]
struct Unreadable(MemoryStorage);

impl Storage for Unreadable {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        self.0.append(records)
    }
    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.0.replay(visit)
    }
    fn read(&self, _: &Hash) -> Result<Option<Vec<u8>>, Error> {
        Err(trips())
    }
}

#[test]
fn a_storage_that_fails_says_nothing_of_the_block_that_it_was_asked_for() {
    let config = plain();
    let hooks = hooks_on(Arc::new(Unreadable::default()));
    let mut bench = Bench::by(hooks, Arc::default(), config.clone());
    let chain = branch("A", 100);
    bench.take(&chain);
    // The body of its parent is no longer in memory.
    let side = with(&chain[0], &[], 1);
    let failed = bench.node.handle(bench.now_us, block(&side)).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Plugin);
    assert_eq!(config.judging.get(), None);
}

/// A rule that notes which acknowledged block each transaction is judged for.
#[derive(Default)]
struct NotesJournal(Judging, Mutex<Vec<Option<(u64, Hash)>>>);

impl Validity for NotesJournal {
    fn check_transaction(&self, _: &Transaction, _: &TransactionContext) -> Result<Verdict, Error> {
        self.1.lock().unwrap().push(self.0.acknowledged());
        Ok(Verdict::Valid)
    }
}

#[test]
fn what_is_judged_for_an_acknowledged_block_is_told_from_what_waits() {
    let mut bench = Bench::new();
    let chain = branch("A", 1);
    bench.take(&chain);
    let pay = |to: &str| fixtures::pay("A", to, "0.1", fixtures::START_US);
    let with_one = with(&chain[0], &[pay("B")], 1);
    bench.take(std::slice::from_ref(&with_one));
    bench.transaction(&pay("C"));
    let config = plain();
    let rule = Arc::new(NotesJournal(config.judging.clone(), Mutex::default()));
    let mut hooks = hooks_on(bench.storage.clone());
    hooks.validity = vec![Scheduled::always("notes", rule.clone())];
    judged(&hooks, &bench.storage, &config).unwrap();
    let noted = rule.1.lock().unwrap().clone();
    assert_eq!(noted, [Some((2, with_one.hash())), None]);
    assert_eq!(config.judging.acknowledged(), None);
}

/// A root that fails over more than two leaves.
struct TripsRoot;

impl Merkle for TripsRoot {
    fn root(&self, leaves: &[Hash]) -> Result<Hash, Error> {
        match leaves.len() {
            0..=2 => merkle_tree::MerkleTree.root(leaves),
            _ => Err(trips()),
        }
    }
}

#[test]
fn after_a_fault_over_its_own_draft_a_node_makes_none_on_that_parent() {
    let storage: Arc<MemoryStorage> = Arc::default();
    let mut hooks = hooks_on(storage.clone());
    hooks.merkle = Schedule::always("trips", Arc::new(TripsRoot));
    let config = plain();
    let mut bench = Bench::by(hooks.clone(), storage, config.clone());
    let chain = branch("A", 1);
    bench.take(&chain);
    let now_us = bench.now_us;
    let pay = |to: &str| fixtures::pay("A", to, "0.1", now_us);
    bench.transaction(&pay("B"));
    bench
        .storage
        .append(&[Record::Transaction(pay("C"))])
        .unwrap();
    let culprit = fails(&mut bench, &config, payment(&pay("C")));
    assert_eq!(culprit, draft_on(&chain[0].hash()));

    let config = poisoned(&config, culprit);
    let mut again = Bench::by(hooks, bench.storage.clone(), config.clone());
    assert_eq!(again.node.waiting(), 2, "nobody says that they are bad");
    assert!(job(&again.handle(Input::Ticked)).is_none());
    // Another one's block is the parent of the next draft.
    let next = with(&chain[0], &[pay("B")], 1);
    again.take(std::slice::from_ref(&next));
    let culprit = fails(&mut again, &config, payment(&pay("D")));
    assert_eq!(culprit, draft_on(&next.hash()));
}

/// A rule that fails over the blocks of one creator.
struct TripsOver(&'static str);

impl Validity for TripsOver {
    fn check_block(&self, block: &Block, _: &BlockContext<'_>) -> Result<Verdict, Error> {
        match block.header().creator == self.0 {
            true => Err(trips()),
            false => Ok(Verdict::Valid),
        }
    }
}

#[test]
fn after_a_fault_over_its_own_block_a_node_makes_none_on_that_parent() {
    let storage: Arc<MemoryStorage> = Arc::default();
    let mut hooks = hooks_on(storage.clone());
    let own = Box::leak(wallet().public.clone().into_boxed_str());
    hooks.validity = vec![Scheduled::always("trips", Arc::new(TripsOver(own)))];
    let config = Config {
        mine: true,
        ..plain()
    };
    let mut bench = Bench::by(hooks.clone(), storage, config.clone());
    let job = job(&bench.handle(Input::Ticked)).unwrap().id;
    let nonce = fixtures::nonce(7);
    let culprit = fails(&mut bench, &config, Input::Sealed { job, nonce });
    assert_eq!(culprit, draft_on(&genesis().hash()));

    let config = poisoned(&config, culprit);
    let mut again = Bench::by(hooks, bench.storage.clone(), config);
    assert!(crate::bench::job(&again.handle(Input::Ticked)).is_none());
    let step = again.block(&branch("A", 1)[0]);
    assert!(
        crate::bench::job(&step).is_some(),
        "on another parent it does"
    );
}

/// A node on this journal, every record of which is judged.
fn judged(hooks: &Hooks, storage: &Arc<MemoryStorage>, config: &Config) -> Result<Node, Error> {
    let mut hooks = hooks.clone();
    hooks.storage = Active::new("memory", storage.clone());
    let now_us = fixtures::START_US + 1_000_000_000_000;
    let opened = Node::open(
        now_us,
        config.clone(),
        hooks,
        Some(wallet()),
        Journal::Judge,
    );
    opened.map(|(node, _)| node)
}

#[test]
fn over_the_journal_a_waiting_payment_is_named_and_a_block_is_told_in_words() {
    let mut bench = Bench::new();
    let chain = branch("A", 1);
    bench.take(&chain);
    let bad = fixtures::pay("A", "X", "0.1", bench.now_us);
    bench.transaction(&bad);
    let mut hooks = hooks_on(bench.storage.clone());
    hooks.validity = vec![Scheduled::always("trips", Arc::new(Trips("X", 0)))];
    let config = plain();
    assert!(judged(&hooks, &bench.storage, &config).is_err());
    assert_eq!(config.judging.get(), Some(bad.leaf()));

    let config = poisoned(&config, bad.leaf());
    let mut node = judged(&hooks, &bench.storage, &config).unwrap();
    assert_eq!(node.waiting(), 0);
    let step = node.handle(bench.now_us, Input::Ticked).unwrap();
    assert!(events(&step).iter().any(|event| matches!(
        event,
        Event::TransactionDropped { id, reason } if *id == bad.id() && reason.rule == "fault"
    )));

    // What is in a block is acknowledged: the node can't go on under this rule.
    let with_bad = with(&chain[0], std::slice::from_ref(&bad), 1);
    bench.take(std::slice::from_ref(&with_bad));
    let config = poisoned(&config, bad.leaf());
    let error = judged(&hooks, &bench.storage, &config).err().unwrap();
    assert_eq!(config.judging.get(), None, "there is nothing to refuse");
    assert_eq!(error.kind(), ErrorKind::Plugin);
    let words = error.to_string();
    for word in [with_bad.hash(), bad.id()] {
        assert!(words.contains(&word.to_string()), "{words}");
    }
}
