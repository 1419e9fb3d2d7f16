//! What follows when a plugin fails: in every hook, by an error and by a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod plugins;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use plugcoin_host::{PluginRequest, Resolved, resolve};
use plugcoin_sdk::hooks::*;
use plugcoin_sdk::ledger::*;
use plugcoin_sdk::plugin::Provided;
use plugcoin_sdk::{Error, ErrorKind, Invalid, Verdict, options, register};
use plugcoin_testkit::fixtures::{self, START_US};
use plugins::DEFAULTS;
use serde_json::Value;

/// Fails in whatever it is asked.
struct Broken {
    how: How,
}

impl Broken {
    fn fail<T>(&self) -> Result<T, Error> {
        assert!(!self.how.panics, "out of order");
        let kind = match &*self.how.kind {
            "plugin" => ErrorKind::Plugin,
            "configuration" => ErrorKind::Configuration,
            "unsupported" => ErrorKind::Unsupported,
            "peer" => ErrorKind::Peer,
            "io" => ErrorKind::Io,
            other => panic!("no kind {other}"),
        };
        Err(Error::new(kind, "out of order"))
    }
}

impl Storage for Broken {
    fn append(&self, _: &[Record]) -> Result<(), Error> {
        self.fail()
    }
    fn replay(&self, _: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.fail()
    }
    fn read(&self, _: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.fail()
    }
}

impl Consensus for Broken {
    fn seal(&self, _: &Draft, _: &Header, _: &Target, _: Slice) -> Result<Seal, Error> {
        self.fail()
    }
    fn check_seal(&self, _: &Header, _: Option<&Header>, _: &Target) -> Result<SealVerdict, Error> {
        self.fail()
    }
}

impl Signer for Broken {
    fn scheme(&self) -> &str {
        "broken"
    }
    fn verify(&self, _: &str, _: &str, _: &str) -> Result<bool, Error> {
        self.fail()
    }
}

impl Gossip for Broken {
    fn targets(&self, _: &Item, _: &Origin, _: &[PeerView], _: u64) -> Result<Spread, Error> {
        self.fail()
    }
}

#[async_trait::async_trait]
impl Transport for Broken {
    async fn call(&self, _: &Address, _: &Contact, _: PeerRequest) -> Result<PeerReply, Error> {
        self.fail()
    }
}

impl Difficulty for Broken {
    fn target(&self, _: u64, _: &[Ancestor]) -> Result<Target, Error> {
        self.fail()
    }
    fn easiest(&self) -> Target {
        Target::MAX
    }
}

impl ForkChoice for Broken {
    fn prefer(&self, _: &Branch, _: &Branch) -> Result<Preference, Error> {
        self.fail()
    }
}

impl Reward for Broken {
    fn reward(&self, _: u64) -> Result<Amount, Error> {
        self.fail()
    }
}

impl Merkle for Broken {
    fn root(&self, _: &[Hash]) -> Result<Hash, Error> {
        self.fail()
    }
}

impl Mempool for Broken {
    fn admit(&self, _: &Transaction, _: &PoolSummary) -> Result<Admission, Error> {
        self.fail()
    }
    fn due(&self, _: &PoolSummary, _: i64) -> Result<Due, Error> {
        self.fail()
    }
}

impl Validity for Broken {
    fn check_block(&self, _: &Block, _: &BlockContext<'_>) -> Result<Verdict, Error> {
        self.fail()
    }
}

impl Observer for Broken {
    fn on_event(&self, _: &Event, _: i64) -> Result<(), Error> {
        self.fail()
    }
}

options! {
    /// How it fails.
    struct How {
        /// Whether it panics.
        local panics: bool = false,
        /// What kind it says that its error is.
        local kind: String = "plugin".to_owned(),
    }
}

register!(Storage, "broken-storage", |how: How| Ok(Broken { how }));
register!(Consensus, "broken-consensus", |how: How| Ok(Broken { how }));
register!(Signer, "broken-signer", |how: How| Ok(Broken { how }));
register!(Gossip, "broken-gossip", |how: How| Ok(Broken { how }));
register!(Transport, "broken-transport", |how: How| Ok(Broken { how }));
register!(Difficulty, "broken-difficulty", |how: How| Ok(Broken {
    how
}));
register!(ForkChoice, "broken-fork-choice", |how: How| Ok(Broken {
    how
}));
register!(Reward, "broken-reward", |how: How| Ok(Broken { how }));
register!(Merkle, "broken-merkle", |how: How| Ok(Broken { how }));
register!(Mempool, "broken-mempool", |how: How| Ok(Broken { how }));
register!(Validity, "broken-validity", |how: How| Ok(Broken { how }));
register!(Observer, "broken-observer", |how: How| Ok(Broken { how }));
register!(
    [Mempool, Validity, Observer],
    "broken-bundle",
    |how: How| {
        let shared = Arc::new(Broken { how });
        Ok(Provided {
            mempool: Some(shared.clone()),
            validity: Some(shared.clone()),
            observer: Some(shared),
            ..Provided::default()
        })
    }
);
register!(Reward, "panics-when-made", |_| {
    let made: Result<Broken, Error> = Ok(Broken {
        how: How::default(),
    });
    assert!(made.is_err(), "not today");
    made
});

fn with(kind: HookKind, panics: bool) -> Resolved {
    with_set(kind, &format!("panics={panics}"))
}

fn with_set(kind: HookKind, option: &str) -> Resolved {
    let plugin = format!("broken-{kind}");
    let request = PluginRequest {
        plugins: vec![plugin.parse().unwrap()],
        set: vec![format!("{plugin}.{option}").parse().unwrap()],
        ..PluginRequest::default()
    };
    resolve(&request, &DEFAULTS).unwrap()
}

/// What a node says of the broken plugin.
fn told(resolved: &Resolved, kind: HookKind) -> Value {
    told_of(resolved, &format!("broken-{kind}"))
}

fn told_of(resolved: &Resolved, name: &str) -> Value {
    let plugins = resolved.manifests_json()["plugins"].clone();
    let mut plugins = plugins.as_array().unwrap().iter();
    plugins
        .find(|plugin| plugin["name"] == name)
        .unwrap()
        .clone()
}

/// Calls the hook once; whether an answer came.
fn ask(resolved: &Resolved, kind: HookKind) -> Result<(), Error> {
    let hooks = &resolved.hooks;
    let blocks = fixtures::chain(2);
    let (block, parent) = (&blocks[1], blocks[0].header());
    let payment = fixtures::pay("a", "b", "1", START_US);
    let pool = fixtures::pool(0);
    let item = Item {
        kind: ItemKind::Block,
        hash: block.hash(),
    };
    let branch = Branch {
        hash: block.hash(),
        nr: 1,
        first_seen: 1,
        tip_work: Work::ZERO,
        tip_first_seen: 1,
        subtree_work: Work::ZERO,
        subtree_blocks: 1,
    };
    match kind {
        HookKind::Storage => hooks.storage.hook.append(&[]),
        HookKind::Consensus => {
            let consensus = &hooks.consensus.at(1).hook;
            let header = block.header();
            consensus
                .check_seal(header, Some(parent), &Target::MAX)
                .map(drop)
        }
        HookKind::Signer => hooks.signer.at(1).hook.verify("k", "t", "s").map(drop),
        HookKind::Gossip => {
            let gossip = &hooks.gossip.hook;
            gossip.targets(&item, &Origin::Own, &[], 1).map(drop)
        }
        HookKind::Transport => {
            let address = Address::new([127, 0, 0, 1].into(), 1);
            let me = Contact::default();
            let mut call = pin!(
                resolved
                    .transport
                    .hook
                    .call(&address, &me, PeerRequest::Peers)
            );
            match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                // The default's answer.
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Peer => Ok(()),
                Poll::Ready(reply) => reply.map(drop),
                Poll::Pending => panic!("it waits"),
            }
        }
        HookKind::Difficulty => hooks.difficulty.at(1).hook.target(1, &[]).map(drop),
        HookKind::ForkChoice => hooks.fork_choice.hook.prefer(&branch, &branch).map(drop),
        HookKind::Reward => hooks.reward.at(1).hook.reward(1).map(drop),
        HookKind::Merkle => hooks.merkle.at(1).hook.root(&[]).map(drop),
        HookKind::Mempool => hooks.mempool.hook.admit(&payment, &pool).map(drop),
        HookKind::Validity => {
            let context = BlockContext {
                parent,
                now_us: START_US,
            };
            let mut rules = hooks.validity_at(1);
            rules.try_for_each(|rule| rule.hook.check_block(block, &context).map(drop))
        }
        HookKind::Observer => {
            let event = Event::TransactionAccepted { id: payment.id() };
            hooks.observers[0].hook.on_event(&event, START_US)
        }
    }
}

#[test]
fn whatever_decides_stops_the_node_and_is_named() {
    let goes_on = [HookKind::Gossip, HookKind::Transport, HookKind::Mempool];
    for kind in HookKind::ALL
        .into_iter()
        .filter(|kind| !goes_on.contains(kind))
    {
        for panics in [false, true] {
            let resolved = with(kind, panics);
            assert_eq!(told(&resolved, kind)["state"], "active");
            let error = ask(&resolved, kind).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Plugin);
            let words = error.to_string();
            assert!(
                words.contains(&format!("the plugin broken-{kind}")),
                "{words}"
            );
            assert!(words.contains("out of order"), "{words}");
            assert_eq!(words.contains("panicked"), panics, "{words}");
            let told = told(&resolved, kind);
            let state = match kind {
                HookKind::Observer => "off",
                _ => "failed",
            };
            assert_eq!(told["state"], state);
            assert_eq!((&told["calls"], &told["failed"]), (&1.into(), &true.into()));
            assert_eq!(told["last_fault"], words);
        }
    }
}

#[test]
fn the_default_takes_over_where_the_node_can_go_on() {
    for kind in [HookKind::Gossip, HookKind::Transport, HookKind::Mempool] {
        for panics in [false, true] {
            let resolved = with(kind, panics);
            for _ in 0..3 {
                ask(&resolved, kind).unwrap();
            }
            let told = told(&resolved, kind);
            assert_eq!(
                (&told["state"], &told["calls"]),
                (&"replaced".into(), &1.into())
            );
            let fault = told["last_fault"].as_str().unwrap();
            assert!(fault.contains("out of order"), "{fault}");
        }
    }
}

/// What a plugin says that its error is must not change what follows.
#[test]
fn an_error_of_any_kind_is_a_fault() {
    for kind in HookKind::ALL {
        for says in ["configuration", "unsupported", "peer", "io"] {
            if (kind, says) == (HookKind::Transport, "peer") {
                continue;
            }
            let resolved = with_set(kind, &format!("kind={says}"));
            let answered = ask(&resolved, kind);
            let told = told(&resolved, kind);
            assert_eq!(told["failed"], true, "{kind} {says}");
            match kind {
                HookKind::Gossip | HookKind::Transport | HookKind::Mempool => answered.unwrap(),
                // The kind of a disk's fault tells more than whose it is.
                HookKind::Storage => drop(answered.unwrap_err()),
                _ => assert_eq!(answered.unwrap_err().kind(), ErrorKind::Plugin, "{kind}"),
            }
        }
    }
}

/// A consensus that accepts only what begins with a zero, and finds another nonce at each start.
struct Contradicts;

const FOUND: [(&str, Option<&str>); 4] = [
    ("00000000000000000000", None),
    ("10000000000000000000", Some("it begins with no zero")),
    ("0", Some("1 characters")),
    ("0\n", Some("nonce")),
];

impl Consensus for Contradicts {
    fn seal(&self, _: &Draft, _: &Header, _: &Target, slice: Slice) -> Result<Seal, Error> {
        let nonce = FOUND[slice.start as usize].0.to_owned();
        Ok(Seal::Found { nonce })
    }
    fn check_seal(
        &self,
        header: &Header,
        _: Option<&Header>,
        _: &Target,
    ) -> Result<SealVerdict, Error> {
        Ok(match header.nonce.starts_with('0') {
            true => SealVerdict::Valid,
            false => SealVerdict::Invalid(Invalid::new("seal", "it begins with no zero")),
        })
    }
}

register!(Consensus, "contradicts", |_| Ok(Contradicts));

#[test]
fn a_nonce_that_was_found_and_does_not_hold_is_a_fault() {
    let request = PluginRequest {
        plugins: vec!["contradicts".parse().unwrap()],
        ..PluginRequest::default()
    };
    let resolved = resolve(&request, &DEFAULTS).unwrap();
    let consensus = &resolved.hooks.consensus.at(1).hook;
    let genesis = genesis();
    let draft = fixtures::draft(&genesis, "alice", Vec::new(), START_US);
    for (start, (_, why)) in (0..).zip(FOUND) {
        let slice = Slice {
            start,
            attempts: 1,
            now_us: START_US,
        };
        let sealed = consensus.seal(&draft, genesis.header(), &Target::MAX, slice);
        let Some(why) = why else {
            assert!(sealed.is_ok());
            continue;
        };
        let words = sealed.unwrap_err().to_string();
        assert!(words.contains("the plugin contradicts"), "{words}");
        assert!(words.contains(why), "{words}");
        assert_eq!(told_of(&resolved, "contradicts")["last_fault"], words);
    }
}

#[test]
fn of_a_plugin_of_several_hooks_each_has_its_own_end() {
    let request = PluginRequest {
        plugins: vec!["broken-bundle".parse().unwrap()],
        ..PluginRequest::default()
    };
    let resolved = resolve(&request, &DEFAULTS).unwrap();
    let told = || {
        let plugins = resolved.manifests_json()["plugins"].clone();
        let mut plugins = plugins.as_array().unwrap().clone().into_iter();
        let of_it = plugins.find(|plugin| plugin["name"] == "broken-bundle");
        (
            of_it.as_ref().unwrap()["state"].clone(),
            of_it.unwrap()["calls"].clone(),
        )
    };
    assert_eq!(told(), ("active".into(), 0.into()));
    ask(&resolved, HookKind::Observer).unwrap_err();
    assert_eq!(told(), ("off".into(), 1.into()));
    for _ in 0..2 {
        ask(&resolved, HookKind::Mempool).unwrap();
    }
    assert_eq!(
        told(),
        ("replaced".into(), 2.into()),
        "it was asked all the same, once"
    );
    ask(&resolved, HookKind::Validity).unwrap_err();
    assert_eq!(told(), ("failed".into(), 3.into()));
}

#[test]
fn a_scheme_that_only_verifies_has_not_failed() {
    let resolved = with_set(HookKind::Signer, "kind=unsupported");
    let signer = &resolved.hooks.signer.at(1).hook;
    for error in [
        signer.generate(&[1; 32]).unwrap_err(),
        signer.public_key("s").unwrap_err(),
        signer.sign("s", "t").unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    assert_eq!(told(&resolved, HookKind::Signer)["failed"], false);
}

#[test]
fn a_plugin_that_panics_when_it_is_made_is_refused() {
    let request = PluginRequest {
        plugins: vec!["panics-when-made".parse().unwrap()],
        ..PluginRequest::default()
    };
    let error = resolve(&request, &DEFAULTS).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the plugin panics-when-made can't start: it panicked: not today"
    );
}
