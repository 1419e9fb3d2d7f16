//! A plugin's hooks, each behind its guard.

use std::sync::Arc;

use plugcoin_sdk::plugin::Provided;

use super::{Guarded, Watch};

/// Puts every hook of a plugin behind a guard; `instead` takes over where the node can go on so.
pub(crate) fn guard(provided: Provided, watch: &Arc<Watch>, instead: &Provided) -> Provided {
    macro_rules! guarded {
        ($hook:ident) => {
            provided
                .$hook
                .map(|hook| Arc::new(Guarded::new(hook, watch, None)) as _)
        };
        ($hook:ident or) => {
            provided.$hook.map(|hook| {
                let instead = instead.$hook.clone();
                Arc::new(Guarded::new(hook, watch, instead)) as _
            })
        };
    }
    Provided {
        storage: guarded!(storage),
        consensus: guarded!(consensus),
        signer: guarded!(signer),
        gossip: guarded!(gossip or),
        transport: guarded!(transport or),
        difficulty: guarded!(difficulty),
        fork_choice: guarded!(fork_choice),
        reward: guarded!(reward),
        merkle: guarded!(merkle),
        mempool: guarded!(mempool or),
        validity: guarded!(validity),
        observer: guarded!(observer),
    }
}
