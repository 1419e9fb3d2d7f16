//! The laws of [`Observer`].

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Event, Observer};
use plugcoin_sdk::ledger::{Address, Hash};

use super::laws;
use crate::fixtures::START_US;

laws!(dyn Observer:
    it_takes_any_event_at_any_moment,
);

pub(crate) fn events() -> Vec<Event> {
    let (one, two) = (Hash::of("one"), Hash::of("two"));
    let address = Address::new([127, 0, 0, 1].into(), 6001);
    let reason = Invalid::new("rule", "it is broken");
    vec![
        Event::BlockAccepted {
            hash: one,
            nr: 1,
            transactions: 1,
            own: true,
            best: true,
        },
        Event::BlockRefused {
            hash: one,
            reason: reason.clone(),
        },
        Event::BlockWaiting {
            hash: two,
            parent: one,
        },
        Event::TransactionAccepted { id: one },
        Event::TransactionRefused {
            id: one,
            reason: reason.clone(),
        },
        Event::TransactionDropped {
            id: one,
            reason: reason.clone(),
        },
        Event::Reorganised {
            from: one,
            to: two,
            fork_nr: 0,
            left: 1,
            joined: 2,
        },
        Event::PeerAdded {
            address: address.clone(),
        },
        Event::PeerDropped {
            address: address.clone(),
            reason: "it was silent".into(),
        },
        Event::PeerBanned {
            address: address.clone(),
            until_us: START_US,
            reason,
        },
        Event::PeerDiffers {
            address: address.clone(),
            rules: two,
            differences: vec!["difficulty".into()],
        },
        Event::SyncStarted { address, nr: 7 },
        Event::SyncEnded {
            nr: 7,
            reason: None,
        },
    ]
}

fn it_takes_any_event_at_any_moment(observer: &dyn Observer) {
    for now_us in [i64::MIN, 0, START_US, i64::MAX] {
        for event in events() {
            observer
                .on_event(&event, now_us)
                .expect("on_event has no fault");
        }
    }
}
