//! Calls that show every method of every hook, and every form of its answer.

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{
    Ancestor, BlockContext, Branch, Event, GossipEvent, Item, ItemKind, Origin, PeerId,
    PeerRequest, Record, Signed, Slice, TransactionContext,
};
use plugcoin_sdk::ledger::{Address, Amount, Hash, Target, Work, genesis};
use plugcoin_sdk::plugin::Provided;
use plugcoin_testkit::fixtures::{START_US, draft, peers, pool};

use crate::example::{block, contact, invalid, payment};

/// What a call came to, so that it can be compared.
fn said<T>(answer: Result<T, Error>) -> Result<T, (plugcoin_sdk::ErrorKind, String)> {
    answer.map_err(|error| (error.kind(), error.to_string()))
}

/// Makes the calls of a plugin beyond the border and of one on this side: both say the same.
pub(crate) fn make(there: &Provided, here: &Provided) {
    /// The same method of the same hook on both sides.
    macro_rules! same {
        ($hook:ident . $method:ident ( $($argument:expr),* )) => {
            assert_eq!(
                said(there.$hook.as_ref().unwrap().$method($($argument),*)),
                said(here.$hook.as_ref().unwrap().$method($($argument),*)),
            );
        };
    }
    /// A constant of both sides.
    macro_rules! constant {
        ($hook:ident . $method:ident) => {
            assert_eq!(
                there.$hook.as_ref().unwrap().$method(),
                here.$hook.as_ref().unwrap().$method(),
            );
        };
    }
    let (genesis, block, payment) = (genesis(), block(), payment());
    let (parent, target) = (genesis.header(), Target::from_leading_zeros(4));

    constant!(storage.location);
    let records = [
        Record::Block(block.clone()),
        Record::Transaction(payment.clone()),
    ];
    same!(storage.append(&records));
    let replayed = |plugin: &Provided| {
        let mut seen = Vec::new();
        let storage = plugin.storage.as_ref().unwrap();
        let mut visit = |record| {
            seen.push(record);
            Ok(())
        };
        storage.replay(&mut visit).unwrap();
        seen
    };
    assert_eq!(replayed(there), replayed(here));
    same!(storage.read(&block.hash()));
    same!(storage.read(&genesis.hash()));
    let read = |plugin: &Provided, hash| {
        let mut seen = Vec::new();
        let mut visit = |text: &[u8]| {
            seen.push(text.to_vec());
            true
        };
        let storage = plugin.storage.as_ref().unwrap();
        let read = said(storage.read_many(&[hash], &mut visit));
        (read, seen)
    };
    for hash in [block.hash(), genesis.hash()] {
        assert_eq!(read(there, hash), read(here, hash));
    }

    constant!(consensus.nonce_length);
    constant!(consensus.looks_at_parent);
    let draft = draft(&genesis, "miner", vec![payment.clone()], START_US);
    for start in 0..4 {
        let slice = Slice {
            start,
            attempts: 1000,
            now_us: START_US,
        };
        same!(consensus.seal(&draft, parent, &target, slice));
    }
    same!(consensus.check_seal(block.header(), None, &target));
    same!(consensus.check_seal(block.header(), Some(parent), &target));
    same!(consensus.check_seal(parent, None, &target));
    same!(consensus.work(&target));

    constant!(signer.scheme);
    same!(signer.verify("alice", "a text", "a signature"));
    let signed = ["alice", "bob"].map(|key| Signed {
        key,
        text: "a text",
        signature: "a signature",
    });
    same!(signer.verify_batch(&signed));
    same!(signer.generate(&[7; 32]));
    same!(signer.public_key("ecila"));
    same!(signer.public_key("?"));
    same!(signer.sign("ecila", "a text"));

    let peers = peers(2);
    let item = Item {
        kind: ItemKind::Transaction,
        hash: payment.id(),
    };
    let own = Item {
        kind: ItemKind::Block,
        hash: block.hash(),
    };
    same!(gossip.targets(&item, &Origin::Client, &peers, 7));
    same!(gossip.targets(&item, &Origin::Peer(PeerId(1)), &peers[1..], 8));
    same!(gossip.targets(&own, &Origin::Own, &peers, 9));
    let (hash, nr) = (block.hash(), 1);
    let accepted = GossipEvent::BlockAccepted {
        hash,
        nr,
        own: true,
        best: true,
    };
    same!(gossip.on_event(&accepted, &peers));
    same!(gossip.on_event(&GossipEvent::TipChanged { hash, nr }, &peers));
    same!(gossip.ask(&peers, START_US));

    let to = Address::new([127, 0, 0, 1].into(), 6001);
    for request in [
        PeerRequest::Peers,
        PeerRequest::Block(hash),
        PeerRequest::Page { nr: 1, limit: 50 },
        PeerRequest::Plugins,
        PeerRequest::PostBlock(block.clone()),
        PeerRequest::PostTransaction(payment.clone()),
    ] {
        let call = |plugin: &Provided| {
            let transport = plugin.transport.clone().unwrap();
            said(pollster::block_on(transport.call(
                &to,
                &contact(),
                request.clone(),
            )))
        };
        assert_eq!(call(there), call(here));
    }

    constant!(difficulty.easiest);
    for nr in 1..5 {
        same!(difficulty.wants(nr));
    }
    let ancestor = Ancestor {
        nr: 0,
        hash: genesis.hash(),
        time_us: genesis.header().timestamp.us(),
        target,
        work: Work::of_target(&target),
    };
    same!(difficulty.target(1, &[ancestor]));

    let branch = |name: &str, first_seen| Branch {
        hash: Hash::of(name),
        nr: 1,
        first_seen,
        tip_work: Work::of_target(&target),
        tip_first_seen: first_seen,
        subtree_work: Work::of_target(&target),
        subtree_blocks: 1,
    };
    same!(fork_choice.prefer(&branch("a", 1), &branch("b", 2)));
    same!(reward.reward(7));
    same!(merkle.root(&[payment.leaf(), payment.leaf()]));

    constant!(mempool.capacity);
    for waiting in 0..2 {
        same!(mempool.admit(&payment, &pool(waiting)));
    }
    for waiting in 0..3 {
        same!(mempool.due(&pool(waiting), START_US));
    }

    for now_us in [START_US, 0] {
        same!(validity.check_block(&block, &BlockContext { parent, now_us }));
    }
    let context = TransactionContext {
        nr: 1,
        balance: Amount::from_coins(2),
        time_us: START_US,
    };
    same!(validity.check_transaction(&payment, &context));
    same!(validity.earliest_us(parent));

    for event in events(block.hash(), payment.id()) {
        same!(observer.on_event(&event, START_US));
    }
}

/// One of each event.
fn events(hash: Hash, id: Hash) -> Vec<Event> {
    let address = Address::new([127, 0, 0, 1].into(), 6001);
    let reason = invalid();
    let parent = genesis().hash();
    vec![
        Event::BlockAccepted {
            hash,
            nr: 1,
            transactions: 1,
            own: true,
            best: true,
        },
        Event::BlockRefused {
            hash,
            reason: reason.clone(),
        },
        Event::BlockWaiting { hash, parent },
        Event::TransactionAccepted { id },
        Event::TransactionRefused {
            id,
            reason: reason.clone(),
        },
        Event::TransactionDropped {
            id,
            reason: reason.clone(),
        },
        Event::Reorganised {
            from: parent,
            to: hash,
            fork_nr: 0,
            left: 1,
            joined: 2,
        },
        Event::PeerAdded {
            address: address.clone(),
        },
        Event::PeerDropped {
            address: address.clone(),
            reason: "it does not answer".into(),
        },
        Event::PeerBanned {
            address: address.clone(),
            until_us: START_US,
            reason,
        },
        Event::PeerDiffers {
            address: address.clone(),
            rules: Hash::of("rules"),
            differences: vec!["reward: halving instead of fixed-reward".into()],
        },
        Event::SyncStarted { address, nr: 9 },
        Event::SyncEnded {
            nr: 9,
            reason: None,
        },
    ]
}
