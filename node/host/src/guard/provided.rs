//! A plugin's hooks, each behind its guard.

use std::sync::Arc;

use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::plugin::Provided;

use super::{Guarded, Watch};

/// Puts every hook of a plugin behind a guard with a watch of its own, and tells the watches;
/// `instead` takes over where the node can go on so.
pub(crate) fn guard(
    provided: Provided,
    watch: impl Fn(HookKind) -> Arc<Watch>,
    instead: &Provided,
) -> (Provided, Vec<Arc<Watch>>) {
    let mut watches = Vec::new();
    let mut watch = |kind| {
        let watch = watch(kind);
        watches.push(watch.clone());
        watch
    };
    macro_rules! guarded {
        ($hook:ident, $kind:ident, $instead:expr) => {
            provided.$hook.map(|hook| {
                let watch = watch(HookKind::$kind);
                Arc::new(Guarded::new(hook, watch, $instead)) as _
            })
        };
    }
    let guarded = Provided {
        storage: guarded!(storage, Storage, None),
        consensus: guarded!(consensus, Consensus, None),
        signer: guarded!(signer, Signer, None),
        gossip: guarded!(gossip, Gossip, instead.gossip.clone()),
        transport: guarded!(transport, Transport, instead.transport.clone()),
        difficulty: guarded!(difficulty, Difficulty, None),
        fork_choice: guarded!(fork_choice, ForkChoice, None),
        reward: guarded!(reward, Reward, None),
        merkle: guarded!(merkle, Merkle, None),
        mempool: guarded!(mempool, Mempool, instead.mempool.clone()),
        validity: guarded!(validity, Validity, None),
        observer: guarded!(observer, Observer, None),
    };
    (guarded, watches)
}
