//! The first calls of a plugin, in the trial: what its code does to the process is seen there.

use plugcoin_sdk::hooks::{
    BlockContext, Branch, Consensus, Difficulty, ForkChoice, Gossip, Item, ItemKind, Mempool,
    Origin, PoolSummary, Signed, Signer, Storage, TransactionContext, Validity,
};
use plugcoin_sdk::ledger::{Amount, Block, Hash, Target, Work, genesis};
use plugcoin_sdk::plugin::Provided;

/// Calls what a running node calls, with the genesis block and with nothing.
///
/// * What is answered does not matter, nor whether it fails: a plugin may rightly refuse all this.
/// * Nothing is sealed, sent, appended or told: that takes time, or leaves something behind.
pub(super) fn make(plugin: &Provided) {
    let of = &genesis();
    if let Some(hook) = &plugin.storage {
        storage(&**hook, of);
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
        difficulty(&**hook);
    }
    if let Some(hook) = &plugin.fork_choice {
        fork_choice(&**hook, of);
    }
    if let Some(hook) = &plugin.reward {
        let _ = hook.reward(1);
    }
    if let Some(hook) = &plugin.merkle {
        let _ = hook.root(&[of.hash()]);
    }
    if let Some(hook) = &plugin.mempool {
        mempool(&**hook, of);
    }
    if let Some(hook) = &plugin.validity {
        validity(&**hook, of);
    }
}

fn storage(hook: &dyn Storage, block: &Block) {
    let _ = hook.replay(&mut |_| Ok(()));
    let _ = hook.read(&block.hash());
    let _ = hook.read_many(&[block.hash()], &mut |_| true);
}

fn consensus(hook: &dyn Consensus, block: &Block) {
    let header = block.header();
    let _ = hook.check_seal(header, None, &Target::MAX);
    let _ = hook.check_seal(header, Some(header), &Target::MAX);
    let _ = hook.work(&Target::MAX);
}

fn signer(hook: &dyn Signer) {
    let (key, text, signature) = match hook.generate(&[1; 32]) {
        Ok(pair) => {
            let signature = hook.sign(&pair.secret, "text").unwrap_or_default();
            (pair.public, "text", signature)
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

fn gossip(hook: &dyn Gossip, block: &Block) {
    let item = Item {
        kind: ItemKind::Block,
        hash: block.hash(),
    };
    let _ = hook.targets(&item, &Origin::Own, &[], 1);
    let _ = hook.ask(&[], 0);
}

fn difficulty(hook: &dyn Difficulty) {
    let _ = hook.wants(1);
    let _ = hook.target(1, &[]);
}

fn fork_choice(hook: &dyn ForkChoice, block: &Block) {
    let branch = |first_seen, hash| Branch {
        hash,
        nr: 1,
        first_seen,
        tip_work: Work::of_target(&Target::MAX),
        tip_first_seen: first_seen,
        subtree_work: Work::of_target(&Target::MAX),
        subtree_blocks: 1,
    };
    let _ = hook.prefer(&branch(1, block.hash()), &branch(2, Hash::of("")));
}

fn mempool(hook: &dyn Mempool, block: &Block) {
    let pool = PoolSummary {
        transactions: 0,
        bytes: 0,
        sender_transactions: 0,
        sender_sum: Amount::ZERO,
        oldest_us: None,
        now_us: 0,
    };
    let _ = hook.due(&pool, 0);
    for transaction in block.transactions() {
        let _ = hook.admit(transaction, &pool);
    }
}

fn validity(hook: &dyn Validity, block: &Block) {
    let parent = block.header();
    let _ = hook.check_block(block, &BlockContext { parent, now_us: 0 });
    let _ = hook.earliest_us(parent);
    for transaction in block.transactions() {
        let context = TransactionContext {
            nr: 1,
            balance: Amount::ZERO,
            time_us: 0,
        };
        let _ = hook.check_transaction(transaction, &context);
    }
}
