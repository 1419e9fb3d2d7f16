//! It tells each half of the network of another block at the same height, both valid.

use plugcoin_sdk::hooks::PeerRequest;

use super::{Push, Sight, Strategy};
use crate::Draw;

pub(super) struct Equivocator;

impl Strategy for Equivocator {
    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        if draw.happens(600) {
            return Vec::new();
        }
        let back = draw.below(3);
        let nr = at.node.tip().nr.saturating_sub(back);
        let Some(parent) = at.block_at(nr) else {
            return Vec::new();
        };
        let pay = |to: &str| at.pay(to, "1", at.now_us).into_iter().collect::<Vec<_>>();
        let affords = at.node.balance(&at.creator()).to_string() != "0" && back == 0;
        let mut pushed = Vec::new();
        for half in 0..2 {
            let payments = if affords {
                pay(["one", "another"][half])
            } else {
                Vec::new()
            };
            let Some(block) = at.block_on(&parent, payments, draw.number() >> 8) else {
                continue;
            };
            let told = (0..at.nodes).filter(|to| to % 2 == half);
            pushed.extend(told.map(|to| at.push(to, PeerRequest::PostBlock(block.clone()))));
        }
        pushed
    }
}
