//! It has a chain much longer than anybody's, of which one block in the middle does not hold.

use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerReply, PeerRequest, Tip};
use plugcoin_sdk::ledger::{Amount, Block};

use super::{Push, Sight, Strategy};
use crate::Draw;

/// How long its branch is, and how far beneath the tip it leaves at most.
const LENGTH: u64 = 120;
const BENEATH_MAX: u64 = 40;

#[derive(Default)]
pub(super) struct FalseChain {
    /// Blocks one on the other, on a block of the true chain.
    branch: Vec<Block>,
}

impl Strategy for FalseChain {
    fn contact(&mut self, _at: &Sight<'_>, honest: Contact) -> Contact {
        let last = self.branch.last().map(|block| Tip {
            nr: block.nr(),
            hash: block.hash(),
        });
        let tip = last.or(honest.tip);
        Contact { tip, ..honest }
    }

    fn answer(
        &mut self,
        at: &Sight<'_>,
        question: &PeerRequest,
        honest: PeerReply,
        _draw: &mut Draw,
    ) -> Option<PeerReply> {
        let first_nr = self.branch.first().map_or(u64::MAX, Block::nr);
        let answer = match *question {
            PeerRequest::Page { nr, limit } => {
                let beneath =
                    (nr..first_nr.min(nr.saturating_add(limit))).map_while(|nr| at.block_at(nr));
                let own = self.branch.iter().filter(|block| block.nr() >= nr).cloned();
                let texts = beneath.chain(own).take(limit as usize);
                PeerAnswer::Blocks(texts.map(|block| block.text().to_owned()).collect())
            }
            PeerRequest::Block(hash) => {
                let found = self.branch.iter().find(|block| block.hash() == hash);
                match found {
                    Some(block) => PeerAnswer::Blocks(vec![block.text().to_owned()]),
                    None => honest.answer,
                }
            }
            _ => honest.answer,
        };
        Some(PeerReply { answer, ..honest })
    }

    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        if !self.branch.is_empty() && !draw.happens(50) {
            return Vec::new();
        }
        let nr = at.node.tip().nr.saturating_sub(draw.below(BENEATH_MAX));
        let Some(mut parent) = at.block_at(nr) else {
            return Vec::new();
        };
        self.branch.clear();
        let breaks = draw.below(LENGTH);
        for n in 0..LENGTH {
            let time_us = parent.header().timestamp.us() + 1;
            let coins = if n == breaks { 2 } else { 1 };
            let reward = Amount::from_coins(coins);
            let Some(block) = at.block_of(&parent, Vec::new(), reward, time_us, n) else {
                break;
            };
            parent = block.clone();
            self.branch.push(block);
        }
        let contact = self.contact(at, at.contact());
        let ask = |to| Push {
            to,
            contact: contact.clone(),
            request: PeerRequest::Peers,
        };
        (0..at.nodes).map(ask).collect()
    }
}
