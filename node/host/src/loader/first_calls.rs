//! The first calls of a plugin, in the trial: what its code does to the process is seen there.

use std::path::{Component, Path};

use plugcoin_sdk::hooks::{
    Ancestor, BlockContext, Branch, Consensus, Difficulty, ForkChoice, Gossip, GossipEvent, Item,
    ItemKind, Mempool, Origin, PeerId, PeerView, PoolSummary, Record, Signed, Signer, Slice,
    Storage, TransactionContext, Validity,
};
use plugcoin_sdk::ledger::{
    Address, Amount, Block, Draft, Hash, Header, Payment, Seed, Sum, Target, Timestamp,
    Transaction, Work, genesis,
};
use plugcoin_sdk::plugin::Provided;
use plugcoin_sdk::{Error, ErrorKind, Invalid};

/// The time of everything here, in microseconds since 1970.
const NOW_US: i64 = 1_600_000_000_000_000;

/// How many records a storage replays before the visit is ended.
const RECORDS_MAX: usize = 10;

/// What the calls are about.
struct Samples {
    genesis: Block,
    /// A block on it, with a payment and a reward.
    block: Block,
    payment: Transaction,
    peers: Vec<PeerView>,
}

impl Samples {
    fn new() -> Result<Self, Invalid> {
        let (genesis, timestamp) = (genesis(), Timestamp::from_us(NOW_US));
        let payment = Payment::new("key", "another", Sum::parse("0.5")?, timestamp)?;
        let payment = payment.signed("signature")?;
        let reward = Transaction::reward("key", Amount::from_coins(1), timestamp)?;
        let seed = Seed {
            nr: 1,
            previous_hash: Some(genesis.hash()),
            timestamp,
            creator: "key".to_owned(),
            merkle_root: Hash::of("root"),
        };
        let block =
            Draft::new(seed, vec![payment.clone(), reward])?.sealed("00000000000000000001")?;
        let peer = |port: u16| PeerView {
            id: PeerId(port.into()),
            address: Address::new([127, 0, 0, 1].into(), port),
            tip_nr: Some(1),
            score: 0,
            answered_us: None,
        };
        Ok(Self {
            genesis,
            block,
            payment,
            peers: (1..4).map(peer).collect(),
        })
    }
}

/// Calls what a running node calls, with a few blocks and payments and with nothing.
///
/// * What is answered does not matter, nor whether it fails: a plugin may rightly refuse all this.
/// * Nothing is sent or told, which leaves something behind; appended is only to a storage of this
///   process that is empty, or to one in `data_dir`, which is thrown away.
/// * `appends`: whether there is such a storage, by [`may_append`].
pub(super) fn make(plugin: &Provided, appends: bool) {
    let Ok(of) = &Samples::new() else {
        return;
    };
    if let Some(hook) = &plugin.storage {
        storage(&**hook, of, appends);
    }
    if let Some(hook) = &plugin.consensus {
        consensus(&**hook, of);
    }
    if let Some(hook) = &plugin.signer {
        signer(&**hook);
    }
    if let Some(hook) = &plugin.gossip {
        gossip(&**hook, of);
    }
    if let Some(hook) = &plugin.difficulty {
        difficulty(&**hook, of);
    }
    if let Some(hook) = &plugin.fork_choice {
        fork_choice(&**hook, of);
    }
    for nr in [1, 2] {
        let _ = plugin.reward.as_ref().map(|hook| hook.reward(nr));
    }
    for count in 1..4 {
        let leaves = vec![of.payment.leaf(); count];
        let _ = plugin.merkle.as_ref().map(|hook| hook.root(&leaves));
    }
    if let Some(hook) = &plugin.mempool {
        mempool(&**hook, of);
    }
    if let Some(hook) = &plugin.validity {
        validity(&**hook, of);
    }
}

/// Whether a storage, if it is one, may be appended to: nothing is lost if it is spoiled.
///
/// * `data_dir` is thrown away.
pub(super) fn may_append(plugin: &Provided, data_dir: &Path) -> bool {
    let Some(storage) = &plugin.storage else {
        return false;
    };
    match storage.location() {
        Some(place) => is_within(Path::new(&place), data_dir),
        // One of this process alone. If it has records, it is none: it forgot to say where it is.
        None => matches!(begun(&**storage), Ok(0)),
    }
}

/// Has a storage replay its first records, and no more: it may be somebody's whole chain. How many came.
fn begun(storage: &dyn Storage) -> Result<usize, Error> {
    let mut records = 0;
    let replayed = storage.replay(&mut |_| {
        records += 1;
        match records < RECORDS_MAX {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Unsupported, "that is enough")),
        }
    });
    match records < RECORDS_MAX {
        true => replayed.map(|()| records),
        false => Ok(records),
    }
}

fn storage(hook: &dyn Storage, of: &Samples, appends: bool) {
    if appends {
        let _ = hook.append(&[
            Record::Block(of.genesis.clone()),
            Record::Transaction(of.payment.clone()),
        ]);
        let _ = hook.append(&[Record::Block(of.block.clone())]);
    }
    let hashes = [of.genesis.hash(), of.block.hash(), Hash::of("none")];
    for hash in &hashes {
        let _ = hook.read(hash);
        let _ = hook.block(hash);
    }
    let _ = hook.read_many(&hashes, &mut |_| true);
    let _ = begun(hook);
}

/// Whether a path leads into a folder and not out of it again.
fn is_within(path: &Path, folder: &Path) -> bool {
    let leads_up = path.components().any(|part| part == Component::ParentDir);
    path.starts_with(folder) && !leads_up
}

fn consensus(hook: &dyn Consensus, of: &Samples) {
    let parent = of.genesis.header();
    for header in [parent, of.block.header()] {
        for target in [Target::MAX, Target::from_leading_zeros(64)] {
            let _ = hook.check_seal(header, None, &target);
            let _ = hook.check_seal(header, Some(parent), &target);
            let _ = hook.work(&target);
        }
    }
    let Ok(draft) = draft(of) else {
        return;
    };
    let slice = Slice {
        start: 0,
        attempts: 1,
        now_us: NOW_US,
    };
    let _ = hook.seal(&draft, parent, &Target::MAX, slice);
}

/// The block before it was sealed.
fn draft(of: &Samples) -> Result<Draft, Invalid> {
    let Header {
        nr,
        previous_hash,
        timestamp,
        creator,
        merkle_root,
        ..
    } = of.block.header().clone();
    let seed = Seed {
        nr,
        previous_hash,
        timestamp,
        creator,
        merkle_root,
    };
    Draft::new(seed, of.block.transactions().to_vec())
}

fn signer(hook: &dyn Signer) {
    let (key, text, signature) = match hook.generate(&[1; 32]) {
        Ok(pair) => {
            let signature = hook.sign(&pair.secret, "text").unwrap_or_default();
            (pair.public.clone(), "text", signature)
        }
        Err(_) => ("key".to_owned(), "text", "signature".to_owned()),
    };
    let (key, signature) = (&*key, &*signature);
    let _ = hook.verify(key, text, signature);
    let _ = hook.verify_batch(&[Signed {
        key,
        text,
        signature,
    }]);
}

fn gossip(hook: &dyn Gossip, of: &Samples) {
    let (hash, nr) = (of.block.hash(), 1);
    let events = [
        GossipEvent::BlockAccepted {
            hash,
            nr,
            own: true,
            best: true,
        },
        GossipEvent::TipChanged { hash, nr },
    ];
    for peers in [&[][..], &of.peers] {
        for kind in [ItemKind::Block, ItemKind::Transaction] {
            for origin in [Origin::Own, Origin::Client, Origin::Peer(PeerId(1))] {
                let _ = hook.targets(&Item { kind, hash }, &origin, peers, 1);
            }
        }
        for event in &events {
            let _ = hook.on_event(event, peers);
        }
        let _ = hook.ask(peers, NOW_US);
    }
}

fn difficulty(hook: &dyn Difficulty, of: &Samples) {
    let ancestor = |nr: u64| Ancestor {
        nr,
        hash: of.genesis.hash(),
        time_us: NOW_US + nr as i64,
        target: hook.easiest(),
        work: Work::of_target(&Target::MAX),
    };
    for nr in 1..4 {
        let _ = hook.wants(nr);
        let _ = hook.target(nr, &[]);
        let ancestors: Vec<Ancestor> = (0..nr).map(ancestor).collect();
        let _ = hook.target(nr, &ancestors);
        let _ = hook.target(nr, &ancestors[ancestors.len() - 1..]);
    }
}

fn fork_choice(hook: &dyn ForkChoice, of: &Samples) {
    let branch = |first_seen, hash| Branch {
        hash,
        nr: 1,
        first_seen,
        tip_work: Work::of_target(&Target::MAX),
        tip_first_seen: first_seen,
        subtree_work: Work::of_target(&Target::MAX),
        subtree_blocks: 1,
    };
    let (a, b) = (branch(1, of.block.hash()), branch(2, Hash::of("")));
    let _ = hook.prefer(&a, &b);
    let _ = hook.prefer(&b, &a);
}

fn mempool(hook: &dyn Mempool, of: &Samples) {
    for transactions in [0, 1, 1_000_000] {
        let pool = PoolSummary {
            transactions,
            bytes: 400 * transactions,
            sender_transactions: transactions,
            sender_sum: Amount::ZERO,
            oldest_us: (transactions > 0).then_some(NOW_US - 1),
            now_us: NOW_US,
        };
        let _ = hook.due(&pool, NOW_US);
        let _ = hook.admit(&of.payment, &pool);
    }
}

fn validity(hook: &dyn Validity, of: &Samples) {
    let parent = of.genesis.header();
    for now_us in [0, NOW_US] {
        let context = BlockContext { parent, now_us };
        let _ = hook.check_block(&of.block, &context);
        let _ = hook.check_block(&of.genesis, &context);
    }
    let _ = hook.earliest_us(parent);
    for balance in [Amount::ZERO, Amount::from_coins(1)] {
        let context = TransactionContext {
            nr: 1,
            balance,
            time_us: NOW_US,
        };
        let _ = hook.check_transaction(&of.payment, &context);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plugcoin_testkit::doubles::MemoryStorage;

    use super::*;

    /// A storage that says it is here, or says nothing of it.
    struct At {
        location: Option<&'static str>,
        records: MemoryStorage,
    }

    impl Storage for At {
        fn append(&self, records: &[Record]) -> Result<(), plugcoin_sdk::Error> {
            self.records.append(records)
        }

        fn replay(
            &self,
            visit: &mut dyn FnMut(Record) -> Result<(), plugcoin_sdk::Error>,
        ) -> Result<(), plugcoin_sdk::Error> {
            self.records.replay(visit)
        }

        fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, plugcoin_sdk::Error> {
            self.records.read(hash)
        }

        fn location(&self) -> Option<String> {
            self.location.map(str::to_owned)
        }
    }

    /// How many records there are after the first calls.
    fn records_after(location: Option<&'static str>, before: &[Record]) -> usize {
        let storage = Arc::new(At {
            location,
            records: MemoryStorage::new(),
        });
        storage.append(before).unwrap();
        let plugin = Provided {
            storage: Some(storage.clone()),
            ..Provided::default()
        };
        make(&plugin, may_append(&plugin, Path::new("/trial/data")));
        let mut records = 0;
        let mut count = |_| {
            records += 1;
            Ok(())
        };
        storage.replay(&mut count).unwrap();
        records
    }

    #[test]
    fn a_long_chain_is_not_read_to_its_end() {
        let storage = MemoryStorage::new();
        let payment = |n: i64| {
            let at = Timestamp::from_us(NOW_US + n);
            Record::Transaction(Transaction::reward("key", Amount::from_coins(1), at).unwrap())
        };
        let records: Vec<Record> = (0..1_000).map(payment).collect();
        storage.append(&records).unwrap();
        assert_eq!(begun(&storage).ok(), Some(RECORDS_MAX));
    }

    #[test]
    fn what_somebody_keeps_is_not_appended_to() {
        let genesis = [Record::Block(genesis())];
        assert_eq!(records_after(Some("/trial/data/x"), &genesis), 4);
        assert_eq!(records_after(None, &[]), 3);
        // It says nothing of where it is, and has something.
        assert_eq!(records_after(None, &genesis), 1);
        for elsewhere in ["/home/x", "x", "/trial/data/../x", "/trial/database"] {
            assert_eq!(records_after(Some(elsewhere), &[]), 0, "{elsewhere}");
        }
    }
}
