//! It mines in secret, and tells late, all at once and in disorder.

use plugcoin_sdk::hooks::{Contact, PeerRequest};
use plugcoin_sdk::ledger::Block;

use super::{Push, Sight, Strategy};
use crate::Draw;

/// How many of its latest blocks it tells of at once.
const TOLD: u64 = 12;

pub(super) struct Withholder;

impl Strategy for Withholder {
    fn contact(&mut self, _at: &Sight<'_>, honest: Contact) -> Contact {
        Contact {
            tip: None,
            ..honest
        }
    }

    fn sends(&mut self, at: &Sight<'_>, request: &PeerRequest, _draw: &mut Draw) -> bool {
        match request {
            PeerRequest::PostBlock(block) => block.header().creator != at.creator(),
            _ => true,
        }
    }

    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        if !draw.happens(80) {
            return Vec::new();
        }
        let height = at.node.tip().nr;
        let heights = height.saturating_sub(TOLD)..=height;
        let mut blocks: Vec<Block> = heights.filter_map(|nr| at.block_at(nr)).collect();
        for last in (1..blocks.len()).rev() {
            blocks.swap(last, draw.below(last as u64 + 1) as usize);
        }
        let requests = blocks.into_iter().map(PeerRequest::PostBlock);
        requests
            .flat_map(|request| at.push_all(&request).collect::<Vec<_>>())
            .collect()
    }
}
