//! It floods others with what costs nothing: orphans, side branches, old blocks, empty payments.

use plugcoin_sdk::hooks::PeerRequest;
use plugcoin_sdk::ledger::{Amount, genesis};

use super::sight::{Sight, made_up};
use super::{Push, Strategy};
use crate::Draw;

/// How many items it sends at once.
const ITEMS: usize = 20;

pub(super) struct CheapItems;

impl Strategy for CheapItems {
    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        let to = at.other(draw);
        let requests: Vec<PeerRequest> = match draw.below(4) {
            0 => orphans(at, draw),
            1 => branch(at, 0, draw),
            2 => branch(at, draw.below(at.node.tip().nr + 1), draw),
            _ => empty_payments(at, draw),
        };
        requests
            .into_iter()
            .map(|request| at.push(to, request))
            .collect()
    }
}

/// Blocks on parents that don't exist, now and then on one another.
fn orphans(at: &Sight<'_>, draw: &mut Draw) -> Vec<PeerRequest> {
    let mut found = Vec::new();
    let mut parent = at.tip();
    for _ in 0..ITEMS {
        if draw.happens(600) {
            let nowhere = made_up(draw).to_string();
            let honest = parent.header().previous_hash.map(|hash| hash.to_string());
            let lying = at.altered(&parent, |text| match &honest {
                Some(honest) => text.replacen(honest, &nowhere, 1),
                None => text,
            });
            parent = lying.unwrap_or(parent);
        }
        if let Some(block) = at.block_on(&parent, Vec::new(), draw.number() >> 8) {
            parent = block.clone();
            found.push(PeerRequest::PostBlock(block));
        }
    }
    found
}

/// A branch from a height on, which is right in itself.
fn branch(at: &Sight<'_>, nr: u64, draw: &mut Draw) -> Vec<PeerRequest> {
    let mut parent = at.block_at(nr).unwrap_or_else(genesis);
    let mut found = Vec::new();
    let nonce = draw.number() >> 8;
    for _ in 0..ITEMS {
        let time_us = parent.header().timestamp.us() + 1;
        let Some(block) = at.block_of(&parent, Vec::new(), Amount::from_coins(1), time_us, nonce)
        else {
            break;
        };
        found.push(PeerRequest::PostBlock(block.clone()));
        if draw.happens(700) {
            parent = block;
        }
    }
    found
}

/// Payments that are signed, of coins that are not there.
fn empty_payments(at: &Sight<'_>, draw: &mut Draw) -> Vec<PeerRequest> {
    let time_us = at.now_us + draw.below(1_000_000) as i64;
    let payments = (0..ITEMS as i64).filter_map(|n| at.pay("nobody", "1000000", time_us + n));
    payments.map(PeerRequest::PostTransaction).collect()
}
