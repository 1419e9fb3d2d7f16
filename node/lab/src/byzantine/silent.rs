//! It does not answer, or answers what was not asked.

use plugcoin_sdk::hooks::{PeerAnswer, PeerReply, PeerRequest};

use super::{Sight, Strategy};
use crate::Draw;

pub(super) struct Silent;

impl Strategy for Silent {
    fn sends(&mut self, _at: &Sight<'_>, _request: &PeerRequest, draw: &mut Draw) -> bool {
        draw.happens(700)
    }

    fn answer(
        &mut self,
        at: &Sight<'_>,
        question: &PeerRequest,
        honest: PeerReply,
        draw: &mut Draw,
    ) -> Option<PeerReply> {
        let height = at.node.tip().nr;
        let some = |draw: &mut Draw| at.block_at(draw.below(height + 1));
        let answer = match draw.below(10) {
            0..4 => return None,
            4 => PeerAnswer::Taken,
            5 => PeerAnswer::Blocks(vec!["{}".into(), "no block".into(), String::new()]),
            6 => PeerAnswer::Peers(vec![String::new(), "?".into()]),
            7 => {
                let one = some(draw).map(|block| block.text().to_owned());
                PeerAnswer::Blocks(vec![one.unwrap_or_default(); 300])
            }
            8 => match (question, honest.answer) {
                (PeerRequest::Page { .. }, PeerAnswer::Blocks(mut texts)) => {
                    texts.truncate(draw.below(texts.len() as u64 + 1) as usize);
                    PeerAnswer::Blocks(texts)
                }
                (_, answer) => answer,
            },
            _ => honest.answer,
        };
        let contact = honest.contact;
        Some(PeerReply { contact, answer })
    }
}
