//! Every hook as its guard: each method is the hook's own, called so that nothing unwinds and all is counted.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use plugcoin_sdk::hooks::{
    Admission, Ancestor, BlockContext, Branch, Capacity, Consensus, Contact, Difficulty, Due,
    Event, ForkChoice, Gossip, GossipAction, GossipEvent, Item, KeyPair, Mempool, Merkle,
    NonceLength, Observer, Origin, PeerId, PeerReply, PeerRequest, PeerView, PoolSummary,
    Preference, Record, Reward, Seal, SealVerdict, Signed, Signer, Slice, Spread, Storage,
    TransactionContext, Transport, Validity, Wants,
};
use plugcoin_sdk::ledger::{
    Address, Amount, Block, Draft, Hash, Header, Target, Transaction, Work,
};
use plugcoin_sdk::{Error, ErrorKind, Verdict};

use super::{Guarded, fault, panicked};

/// Calls it where every error is a fault of the plugin, of whatever kind it says that it is, and
/// nothing takes over.
///
/// * The call stands here for each way, so that arguments that the seldom way has in memory stay in their
///   registers in the other.
macro_rules! call {
    ($guarded:expr, $hook:ident => $call:expr) => {{
        let guarded = $guarded;
        match guarded.watch.short_way() {
            Some(count) => {
                let $hook = &*guarded.hook;
                guarded.watch.within(count, move || $call.map_err(fault))
            }
            None => guarded.watch.seldom(move || {
                let $hook = &*guarded.hook;
                $call.map_err(fault)
            }),
        }
    }};
}

macro_rules! guarded {
    ($($hook:ident {
        $( fn $method:ident(&self $(, $name:ident: $type:ty)* $(,)?) -> $result:ty; )*
        $( or fn $or:ident(&self $(, $named:ident: $typed:ty)* $(,)?) -> $either:ty; )*
        $( ask fn $ask:ident(&self $(, $given:ident: $of:ty)* $(,)?) -> $answer:ty; )*
        $( const fn $constant:ident(&self) -> $value:ty; )*
    })*) => { $(
        impl $hook for Guarded<dyn $hook> {
            $( fn $method(&self $(, $name: $type)*) -> $result {
                call!(self, hook => hook.$method($($name),*))
            } )*
            $( fn $or(&self $(, $named: $typed)*) -> $either {
                self.call_or(|hook| hook.$or($($named),*))
            } )*
            $( fn $ask(&self $(, $given: $of)*) -> $answer {
                self.ask(|hook| hook.$ask($($given),*))
            } )*
            $( fn $constant(&self) -> $value {
                self.constant(|hook| hook.$constant())
            } )*
        }
    )* };
}

guarded! {
    Signer {
        fn verify(&self, key: &str, text: &str, signature: &str) -> Result<bool, Error>;
        fn verify_batch(&self, signed: &[Signed<'_>]) -> Result<Vec<bool>, Error>;
        ask fn generate(&self, seed: &[u8; 32]) -> Result<KeyPair, Error>;
        ask fn public_key(&self, secret: &str) -> Result<String, Error>;
        ask fn sign(&self, secret: &str, text: &str) -> Result<String, Error>;
        const fn scheme(&self) -> &str;
    }
    Gossip {
        or fn targets(&self, item: &Item, origin: &Origin, peers: &[PeerView], seed: u64) -> Result<Spread, Error>;
        or fn on_event(&self, event: &GossipEvent, peers: &[PeerView]) -> Result<Vec<GossipAction>, Error>;
        or fn ask(&self, peers: &[PeerView], now_us: i64) -> Result<Vec<PeerId>, Error>;
    }
    Difficulty {
        fn target(&self, nr: u64, ancestors: &[Ancestor]) -> Result<Target, Error>;
        fn wants(&self, nr: u64) -> Result<Wants, Error>;
        const fn easiest(&self) -> Target;
    }
    ForkChoice {
        fn prefer(&self, a: &Branch, b: &Branch) -> Result<Preference, Error>;
    }
    Reward {
        fn reward(&self, nr: u64) -> Result<Amount, Error>;
    }
    Merkle {
        fn root(&self, leaves: &[Hash]) -> Result<Hash, Error>;
    }
    Mempool {
        or fn admit(&self, transaction: &Transaction, pool: &PoolSummary) -> Result<Admission, Error>;
        or fn due(&self, pool: &PoolSummary, now_us: i64) -> Result<Due, Error>;
        const fn capacity(&self) -> Capacity;
    }
    Validity {
        fn check_block(&self, block: &Block, context: &BlockContext<'_>) -> Result<Verdict, Error>;
        fn check_transaction(&self, transaction: &Transaction, context: &TransactionContext) -> Result<Verdict, Error>;
        fn earliest_us(&self, parent: &Header) -> Result<Option<i64>, Error>;
    }
    Observer {
        fn on_event(&self, event: &Event, now_us: i64) -> Result<(), Error>;
    }
}

impl Consensus for Guarded<dyn Consensus> {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        call!(self, hook => sealed(hook, draft, parent, target, slice))
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        target: &Target,
    ) -> Result<SealVerdict, Error> {
        call!(self, hook => hook.check_seal(header, parent, target))
    }

    fn work(&self, target: &Target) -> Result<Work, Error> {
        call!(self, hook => hook.work(target))
    }

    fn looks_at_parent(&self) -> bool {
        self.constant(|hook| hook.looks_at_parent())
    }

    fn tries_at_once(&self) -> u64 {
        self.constant(|hook| hook.tries_at_once())
    }

    fn nonce_length(&self) -> NonceLength {
        self.constant(|hook| hook.nonce_length())
    }
}

/// Seals a block, with a nonce that the rule accepts.
fn sealed(
    hook: &dyn Consensus,
    draft: &Draft,
    parent: &Header,
    target: &Target,
    slice: Slice,
) -> Result<Seal, Error> {
    let seal = hook.seal(draft, parent, target, slice)?;
    // Else it would search and find the same again and again.
    if let Seal::Found { nonce } = &seal {
        check_found(hook, draft, nonce, parent, target)?;
    }
    Ok(seal)
}

/// Refuses a nonce that a consensus found and does not accept itself.
fn check_found(
    hook: &dyn Consensus,
    draft: &Draft,
    nonce: &str,
    parent: &Header,
    target: &Target,
) -> Result<(), Error> {
    let fault = |why: String| {
        let message = format!("it sealed a block with a nonce that does not hold: {why}");
        Err(Error::new(ErrorKind::Plugin, message).with("nonce", nonce))
    };
    let block = match draft.clone().sealed(nonce) {
        Ok(block) => block,
        Err(invalid) => return fault(invalid.to_string()),
    };
    let length = hook.nonce_length();
    if !(length.min..=length.max).contains(&nonce.len()) {
        let (is, min, max) = (nonce.len(), length.min, length.max);
        return fault(format!("it has {is} characters, and not {min} to {max}"));
    }
    match hook.check_seal(block.header(), Some(parent), target)? {
        SealVerdict::Invalid(invalid) => fault(invalid.to_string()),
        SealVerdict::Valid | SealVerdict::Verify(_) => Ok(()),
    }
}

/// A visitor of records.
type Visit<'a> = dyn FnMut(Record) -> Result<(), Error> + 'a;

impl Guarded<dyn Storage> {
    fn visited(
        &self,
        visit: &mut Visit<'_>,
        replay: impl FnOnce(&dyn Storage, &mut Visit<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // A visitor's own end is no fault of the storage.
        let mut ended = Ok(());
        // A long journal takes its time.
        let replayed = self.watch.measure_long(|| {
            let visited = replay(&*self.hook, &mut |record| {
                visit(record).map_err(|error| {
                    let stop = Error::new(error.kind(), "the visit was ended");
                    ended = Err(error);
                    stop
                })
            });
            match &ended {
                Ok(()) => visited,
                Err(_) => Ok(()),
            }
        });
        ended.and(replayed)
    }
}

// Its visitors may be called once alone, and it has nothing to fall back on.
impl Storage for Guarded<dyn Storage> {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        self.watch.measure(|| self.hook.append(records))
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.visited(visit, |hook, visit| hook.replay(visit))
    }

    fn replay_rest(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        self.visited(visit, |hook, visit| hook.replay_rest(visit))
    }

    fn snapshot_position(&self) -> Option<u64> {
        self.hook.snapshot_position()
    }

    fn save_snapshot(&self, position: u64, snapshot: &[u8]) -> Result<(), Error> {
        // On a thread of its own, and however long the disk takes: nobody waits for it.
        self.hook.save_snapshot(position, snapshot)
    }

    fn load_snapshot(&self, show: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        // Once, at the start, and as long as the disk takes.
        self.watch.measure_long(|| self.hook.load_snapshot(show))
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.watch.measure(|| self.hook.read(hash))
    }

    fn at_hand(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.watch.measure(|| self.hook.at_hand(hash))
    }

    fn read_many(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        self.watch.measure(|| self.hook.read_many(hashes, visit))
    }

    fn many_at_hand(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        self.watch.measure(|| self.hook.many_at_hand(hashes, visit))
    }

    fn block(&self, hash: &Hash) -> Result<Option<Block>, Error> {
        self.watch.measure(|| self.hook.block(hash))
    }

    fn location(&self) -> Option<String> {
        self.hook.location()
    }
}

#[async_trait::async_trait]
impl Transport for Guarded<dyn Transport> {
    async fn call(
        &self,
        to: &Address,
        me: &Contact,
        request: PeerRequest,
    ) -> Result<PeerReply, Error> {
        let again = self.instead.as_ref().map(|_| request.clone());
        if self.instead.is_some() && self.watch.has_failed() {
            return self.active().call(to, me, request).await;
        }
        let started = self.watch.start();
        let replied = caught(self.hook.call(to, me, request)).await;
        if let Some((started, calls)) = started {
            self.watch.add_time(started, calls);
        }
        let replied = replied.map_err(|error| match error.kind() {
            // A silent peer is an answer.
            ErrorKind::Peer => error,
            _ => self.watch.judge(error),
        });
        match (replied, again) {
            (Err(_), Some(request)) if self.watch.has_failed() => {
                self.active().call(to, me, request).await
            }
            (result, _) => result,
        }
    }
}

/// A future whose panic is an error.
async fn caught<R>(future: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(&*panic))))
    })
    .await
}
