//! It pays the same coins twice: one payment to each half of the network, and one in a block.

use plugcoin_sdk::hooks::PeerRequest;

use super::{Push, Sight, Strategy};
use crate::Draw;

pub(super) struct DoubleSpender;

impl Strategy for DoubleSpender {
    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        let own = at.node.balance(&at.creator()).to_string();
        let payments: Vec<_> = ["one", "another"]
            .into_iter()
            .filter_map(|to| at.pay(to, &own, at.now_us))
            .collect();
        let [one, another] = payments.as_slice() else {
            return Vec::new();
        };
        let mut pushed: Vec<Push> = (0..at.nodes)
            .map(|to| {
                let payment = [one, another][to % 2];
                at.push(to, PeerRequest::PostTransaction(payment.clone()))
            })
            .collect();
        if draw.happens(300)
            && let Some(block) = at.block_on(&at.tip(), vec![another.clone()], draw.number() >> 8)
        {
            pushed.extend(at.push_all(&PeerRequest::PostBlock(block)));
        }
        pushed
    }
}
