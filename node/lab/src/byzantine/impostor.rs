//! It says that it is another node, and behaves badly in that one's name.

use plugcoin_sdk::hooks::{Contact, PeerRequest, Tip};
use plugcoin_sdk::ledger::Hash;

use super::sight::{Sight, made_up};
use super::{Push, Strategy};
use crate::{Draw, World};

pub(super) struct Impostor;

impl Strategy for Impostor {
    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        let victim = at.other(draw);
        let tip = Tip {
            nr: at.node.tip().nr + draw.below(50),
            hash: made_up(draw),
        };
        let honest = at.contact();
        let port = World::address(victim).port();
        let contact = match draw.below(4) {
            0 => Contact {
                port: Some(port),
                tip: Some(tip),
                ..honest
            },
            1 => Contact {
                port: Some(port),
                rules: Some(Hash::of("other rules")),
                ..honest
            },
            2 => Contact {
                address: Some(World::address(victim)),
                tip: Some(tip),
                ..honest
            },
            _ => Contact {
                port: Some(port),
                node: None,
                ..honest
            },
        };
        let lying = at.altered(&at.tip(), |text| {
            text.replacen("\"count\": 1", "\"count\": 7", 1)
        });
        let request = match lying {
            Some(block) if draw.happens(500) => PeerRequest::PostBlock(block),
            _ => PeerRequest::Peers,
        };
        let push = |to| Push {
            to,
            contact: contact.clone(),
            request: request.clone(),
        };
        (0..at.nodes).map(push).collect()
    }
}
