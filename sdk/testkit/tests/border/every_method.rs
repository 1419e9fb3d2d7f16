//! A call of every method, and what became of each.

use plugcoin_sdk::hooks::{
    BlockContext, Branch, Event, GossipEvent, Item, ItemKind, Origin, PeerRequest, Record, Signed,
    Slice, TransactionContext,
};
use plugcoin_sdk::ledger::{Address, Amount, Hash, Target, Work, genesis};
use plugcoin_sdk::plugin::Provided;
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::fixtures::{START_US, draft, peers, pool};

use super::example::{block, contact, payment};

/// What became of a call; whether the method may be left out; whether it has any number of answers.
pub(crate) struct Outcome {
    pub(crate) method: &'static str,
    pub(crate) error: Option<Error>,
    pub(crate) optional: bool,
    pub(crate) many: bool,
}

/// Calls every method once.
pub(crate) fn call_all(plugin: &Provided) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut note = |method, optional, many, error| {
        outcomes.push(Outcome {
            method,
            error,
            optional,
            many,
        });
    };
    let (genesis, block, payment) = (genesis(), block(), payment());
    let (parent, target) = (genesis.header(), Target::MAX);
    let (peers, hash) = (peers(2), block.hash());

    let hook = plugin.storage.as_ref().unwrap();
    note(
        "append",
        false,
        false,
        hook.append(&[Record::Block(block.clone())]).err(),
    );
    note("replay", false, true, hook.replay(&mut |_| Ok(())).err());
    note("read", false, false, hook.read(&hash).err());
    note("block", false, false, hook.block(&hash).err());

    let hook = plugin.consensus.as_ref().unwrap();
    let draft = draft(&genesis, "miner", vec![payment.clone()], START_US);
    let slice = Slice {
        start: 0,
        attempts: 1,
        now_us: START_US,
    };
    note(
        "seal",
        false,
        false,
        hook.seal(&draft, parent, &target, slice).err(),
    );
    note(
        "check_seal",
        false,
        false,
        hook.check_seal(parent, None, &target).err(),
    );
    note("work", true, false, hook.work(&target).err());

    let hook = plugin.signer.as_ref().unwrap();
    note("verify", false, false, hook.verify("k", "t", "s").err());
    let signed = Signed {
        key: "k",
        text: "t",
        signature: "s",
    };
    note(
        "verify_batch",
        false,
        false,
        hook.verify_batch(&[signed]).err(),
    );
    let supported = |error: Option<Error>| error.filter(|e| e.kind() != ErrorKind::Unsupported);
    note(
        "generate",
        true,
        false,
        supported(hook.generate(&[1; 32]).err()),
    );
    note(
        "public_key",
        true,
        false,
        supported(hook.public_key("s").err()),
    );
    note("sign", true, false, supported(hook.sign("s", "t").err()));

    let hook = plugin.gossip.as_ref().unwrap();
    let item = Item {
        kind: ItemKind::Block,
        hash,
    };
    note(
        "targets",
        false,
        false,
        hook.targets(&item, &Origin::Own, &peers, 1).err(),
    );
    let event = GossipEvent::TipChanged { hash, nr: 1 };
    note(
        "gossip.on_event",
        true,
        false,
        hook.on_event(&event, &peers).err(),
    );
    note("ask", true, false, hook.ask(&peers, START_US).err());

    let hook = plugin.transport.as_ref().unwrap();
    let to = Address::new([127, 0, 0, 1].into(), 6001);
    let called = pollster::block_on(hook.call(&to, &contact(), PeerRequest::Peers));
    note("call", false, false, called.err());

    let hook = plugin.difficulty.as_ref().unwrap();
    note("target", false, false, hook.target(1, &[]).err());
    note("wants", true, false, hook.wants(1).err());

    let hook = plugin.fork_choice.as_ref().unwrap();
    let branch = |name: &str| Branch {
        hash: Hash::of(name),
        nr: 1,
        first_seen: 1,
        tip_work: Work::of_target(&target),
        tip_first_seen: 1,
        subtree_work: Work::of_target(&target),
        subtree_blocks: 1,
    };
    note(
        "prefer",
        false,
        false,
        hook.prefer(&branch("a"), &branch("b")).err(),
    );
    let hook = plugin.reward.as_ref().unwrap();
    note("reward", false, false, hook.reward(1).err());
    let hook = plugin.merkle.as_ref().unwrap();
    note("root", false, false, hook.root(&[hash]).err());

    let hook = plugin.mempool.as_ref().unwrap();
    note("admit", false, false, hook.admit(&payment, &pool(1)).err());
    note("due", false, false, hook.due(&pool(1), START_US).err());

    let hook = plugin.validity.as_ref().unwrap();
    let context = BlockContext {
        parent,
        now_us: START_US,
    };
    note(
        "check_block",
        true,
        false,
        hook.check_block(&block, &context).err(),
    );
    let context = TransactionContext {
        nr: 1,
        balance: Amount::ZERO,
        time_us: START_US,
    };
    note(
        "check_transaction",
        true,
        false,
        hook.check_transaction(&payment, &context).err(),
    );
    note("earliest_us", true, false, hook.earliest_us(parent).err());

    let hook = plugin.observer.as_ref().unwrap();
    let event = Event::TransactionAccepted { id: hash };
    note(
        "observer.on_event",
        false,
        false,
        hook.on_event(&event, START_US).err(),
    );
    outcomes
}
