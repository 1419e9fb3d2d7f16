//! The laws of every hook by their names, for whoever checks a plugin that is known at run time alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{HookKind, Storage};
use plugcoin_sdk::plugin::Provided;

use super::{
    Law, consensus, difficulty, fork_choice, gossip, mempool, merkle, observer, reward, signer,
    storage, transport, validity,
};

/// Makes a plugin in a place for its files: the same number is the same place, but 0 is a new one
/// each time.
pub type Make = Arc<dyn Fn(u64) -> Result<Provided, Error>>;

/// The names of a hook's laws.
pub fn names(hook: HookKind) -> Vec<&'static str> {
    fn of<H: ?Sized>(laws: &[Law<H>]) -> Vec<&'static str> {
        laws.iter().map(|law| law.name).collect()
    }
    match hook {
        HookKind::Storage => of(storage::LAWS),
        HookKind::Consensus => of(consensus::LAWS),
        HookKind::Signer => of(signer::LAWS),
        HookKind::Gossip => of(gossip::LAWS),
        HookKind::Transport => of(transport::LAWS),
        HookKind::Difficulty => of(difficulty::LAWS),
        HookKind::ForkChoice => of(fork_choice::LAWS),
        HookKind::Reward => of(reward::LAWS),
        HookKind::Merkle => of(merkle::LAWS),
        HookKind::Mempool => of(mempool::LAWS),
        HookKind::Validity => of(validity::LAWS),
        HookKind::Observer => of(observer::LAWS),
    }
}

/// How a plugin breaks the law of this name, if it does; it is made anew for the check.
///
/// * A storage without a [location](Storage::location) is checked while the process lives: opened
///   again it is the same one.
///
/// # Errors
/// Whatever the plugin says on being made.
pub fn broken(hook: HookKind, law: &str, make: &Make) -> Result<Option<String>, Error> {
    fn on<H: ?Sized>(laws: &[Law<H>], law: &str, hook: Option<&H>) -> Option<String> {
        let found = laws.iter().find(|other| other.name == law);
        match (hook, found) {
            (Some(hook), Some(found)) => found.broken(hook),
            (None, _) => Some("the plugin made no such hook".to_owned()),
            (_, None) => Some("there is no such law".to_owned()),
        }
    }
    let made = make(0)?;
    Ok(match hook {
        HookKind::Storage => {
            drop(made);
            let make = make.clone();
            let new_place = move || place(&make);
            on(storage::LAWS, law, Some(&new_place))
        }
        HookKind::Consensus => on(consensus::LAWS, law, made.consensus.as_deref()),
        HookKind::Signer => on(signer::LAWS, law, made.signer.as_deref()),
        HookKind::Gossip => on(gossip::LAWS, law, made.gossip.as_deref()),
        HookKind::Transport => on(transport::LAWS, law, made.transport.as_deref()),
        HookKind::Difficulty => on(difficulty::LAWS, law, made.difficulty.as_deref()),
        HookKind::ForkChoice => on(fork_choice::LAWS, law, made.fork_choice.as_deref()),
        HookKind::Reward => on(reward::LAWS, law, made.reward.as_deref()),
        HookKind::Merkle => on(merkle::LAWS, law, made.merkle.as_deref()),
        HookKind::Mempool => on(mempool::LAWS, law, made.mempool.as_deref()),
        HookKind::Validity => on(validity::LAWS, law, made.validity.as_deref()),
        HookKind::Observer => on(observer::LAWS, law, made.observer.as_deref()),
    })
}

/// A place for a storage, which no other has been in.
fn place(make: &Make) -> storage::Place {
    static PLACES: AtomicU64 = AtomicU64::new(1);
    let number = PLACES.fetch_add(1, Ordering::Relaxed);
    let make = make.clone();
    let open = move || -> Arc<dyn Storage> {
        let made = make(number).expect("it can be made in the same place again");
        made.storage.expect("it makes a storage")
    };
    let first = open();
    match first.location() {
        Some(_) => {
            drop(first);
            Box::new(open)
        }
        None => Box::new(move || first.clone()),
    }
}
