//! It says everything again and again.

use plugcoin_sdk::hooks::PeerRequest;

use super::{Push, Sight, Strategy};
use crate::Draw;

/// How many items it repeats at once.
const ITEMS: usize = 15;

pub(super) struct Repeater;

impl Strategy for Repeater {
    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        let height = at.node.tip().nr;
        let mut pushed = Vec::new();
        for _ in 0..ITEMS {
            let request = match at.some_payment(draw) {
                Some(payment) if draw.happens(400) => PeerRequest::PostTransaction(payment),
                _ => match at.block_at(draw.below(height + 1)) {
                    Some(block) => PeerRequest::PostBlock(block),
                    None => continue,
                },
            };
            pushed.extend(at.push_all(&request));
        }
        pushed
    }
}
