//! It says that it has a tip that nobody has, and trickles out what everybody knows.

use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerReply, PeerRequest, Tip};

use super::sight::{Sight, made_up};
use super::{Push, Strategy};
use crate::Draw;

#[derive(Default)]
pub(super) struct FalseTip {
    said: Option<Tip>,
}

impl Strategy for FalseTip {
    fn contact(&mut self, _at: &Sight<'_>, honest: Contact) -> Contact {
        let tip = self.said.or(honest.tip);
        Contact { tip, ..honest }
    }

    fn answer(
        &mut self,
        at: &Sight<'_>,
        question: &PeerRequest,
        honest: PeerReply,
        draw: &mut Draw,
    ) -> Option<PeerReply> {
        let height = at.node.tip().nr;
        let answer = match question {
            // Known blocks, whatever the height.
            PeerRequest::Page { nr, .. } if *nr > height && draw.happens(500) => {
                let known = (0..=height).filter_map(|nr| at.block_at(nr));
                let texts = known.take(1 + draw.below(20) as usize);
                PeerAnswer::Blocks(texts.map(|block| block.text().to_owned()).collect())
            }
            _ => honest.answer,
        };
        Some(PeerReply { answer, ..honest })
    }

    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        if self.said.is_none() || draw.happens(200) {
            let farther = match draw.below(10) {
                0 => u64::MAX - at.node.tip().nr,
                _ => draw.below(1_000),
            };
            self.said = Some(Tip {
                nr: at.node.tip().nr + farther,
                hash: made_up(draw),
            });
        }
        let contact = self.contact(at, at.contact());
        let request = PeerRequest::Peers;
        vec![Push {
            to: at.other(draw),
            contact,
            request,
        }]
    }
}
