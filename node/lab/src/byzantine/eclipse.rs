//! It names addresses at which nobody lives, and calls from many: others shall know nobody else.

use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerReply, PeerRequest};

use super::{Push, Sight, Strategy};
use crate::Draw;

/// How many addresses it names, and in how many names it calls at once.
const NAMES: usize = 1_200;
const CALLS: usize = 40;

pub(super) struct Eclipse;

impl Strategy for Eclipse {
    fn answer(
        &mut self,
        _at: &Sight<'_>,
        question: &PeerRequest,
        honest: PeerReply,
        draw: &mut Draw,
    ) -> Option<PeerReply> {
        let answer = match question {
            PeerRequest::Peers => PeerAnswer::Peers((0..NAMES).map(|_| nowhere(draw)).collect()),
            _ => honest.answer,
        };
        Some(PeerReply { answer, ..honest })
    }

    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        if !draw.happens(200) {
            return Vec::new();
        }
        let to = at.other(draw);
        let calls = (0..CALLS).map(|_| Push {
            to,
            contact: Contact {
                port: Some(20_000 + draw.below(40_000) as u16),
                node: None,
                ..at.contact()
            },
            request: PeerRequest::Peers,
        });
        calls.collect()
    }
}

/// An address that nobody has, or none at all.
fn nowhere(draw: &mut Draw) -> String {
    match draw.below(8) {
        0 => "no address".to_owned(),
        1 => format!("10.0.0.{}:6000", draw.below(256)),
        2 => format!("203.0.113.{}:6000", draw.below(256)),
        3 => "[::1]:70000".to_owned(),
        _ => format!("127.0.0.1:{}", 20_000 + draw.below(40_000)),
    }
}
