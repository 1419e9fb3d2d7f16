//! It sends blocks on the tip that are right but for one rule, and has them fetched as well.

use plugcoin_sdk::hooks::{PeerAnswer, PeerReply, PeerRequest};
use plugcoin_sdk::ledger::{Amount, Block, Hash, TWO_HOURS_US, Timestamp, Transaction};

use super::sight::{Sight, made_up};
use super::{Push, Strategy};
use crate::Draw;

/// How many of its latest blocks it has for those who ask.
const KEPT: usize = 20;

#[derive(Default)]
pub(super) struct FalseBlocks {
    kept: Vec<Block>,
}

impl Strategy for FalseBlocks {
    fn answer(
        &mut self,
        _at: &Sight<'_>,
        question: &PeerRequest,
        honest: PeerReply,
        _draw: &mut Draw,
    ) -> Option<PeerReply> {
        let asked = |hash: &Hash| self.kept.iter().find(|block| block.hash() == *hash);
        let answer = match question {
            PeerRequest::Block(hash) if asked(hash).is_some() => {
                let text = asked(hash).map(|block| block.text().to_owned());
                PeerAnswer::Blocks(text.into_iter().collect())
            }
            _ => honest.answer,
        };
        Some(PeerReply { answer, ..honest })
    }

    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        let Some(block) = lie(at, draw) else {
            return Vec::new();
        };
        self.kept.truncate(KEPT - 1);
        self.kept.insert(0, block.clone());
        let mut told = block.clone();
        // Of some it tells by a child alone, so that the lie itself must be fetched.
        if draw.happens(400)
            && let Some(child) = at.block_on(&block, Vec::new(), draw.number() >> 8)
        {
            told = child;
        }
        at.push_all(&PeerRequest::PostBlock(told)).collect()
    }
}

/// A block that breaks one rule.
fn lie(at: &Sight<'_>, draw: &mut Draw) -> Option<Block> {
    let tip = at.tip();
    let (one, now_us) = (Amount::from_coins(1), at.now_us);
    let nonce = draw.number() >> 8;
    let right = at.block_on(&tip, Vec::new(), nonce)?;
    let right_us = right.header().timestamp.us();
    let alone = |reward: Amount, time_us| at.block_of(&tip, Vec::new(), reward, time_us, nonce);
    let paying = |payments: Vec<Transaction>| at.block_on(&tip, payments, nonce);
    let replaced =
        |old: String, new: String| at.altered(&right, |text| text.replacen(&old, &new, 1));
    match draw.below(16) {
        0 => {
            let hash = right.hash().to_string();
            let lying = made_up(draw).to_string();
            Block::parse(&right.text().replacen(&hash, &lying, 1)).ok()
        }
        1 => without_work(at, &right),
        2 => replaced("\"count\": 1".into(), "\"count\": 2".into()),
        3 => replaced(
            right.header().merkle_root.to_string(),
            made_up(draw).to_string(),
        ),
        4 => alone(Amount::from_coins(2), right_us),
        5 => alone(one, tip.header().timestamp.us()),
        6 => alone(one, now_us + 2 * TWO_HOURS_US),
        7 => replaced(
            format!("{{\"nr\": {}", right.nr()),
            format!("{{\"nr\": {}", right.nr() + 1 + draw.below(3)),
        ),
        8 => doubled_tail(at, &tip, nonce),
        9 => paying(vec![forged(at)?]),
        10 => paying(vec![at.pay("nobody", "1000000", now_us)?]),
        11 => paying(vec![at.some_payment(draw)?]),
        12 => {
            let payment = at.pay("nobody", "0.5", now_us)?;
            paying(vec![payment.clone(), payment])
        }
        13 => {
            let early =
                Transaction::reward(&at.creator(), one, Timestamp::from_us(right_us)).ok()?;
            paying(vec![early])
        }
        14 => {
            let other = Transaction::reward("somebody", one, right.header().timestamp).ok()?;
            at.block_with(
                &tip,
                vec![other],
                &at.creator(),
                right.header().timestamp,
                nonce,
            )
        }
        _ => at.block_with(
            &tip,
            Vec::new(),
            &at.creator(),
            right.header().timestamp,
            nonce,
        ),
    }
}

/// The same block with a nonce that does not seal it, if there is such a nonce.
fn without_work(at: &Sight<'_>, right: &Block) -> Option<Block> {
    let target = at.hooks.difficulty.at(right.nr()).hook.easiest();
    (0..100).find_map(|nonce| {
        let old = &right.header().nonce;
        let text = right.text().replacen(old, &format!("{nonce:020}"), 1);
        let hash = Block::parse(&text).ok()?.computed_hash();
        let text = text.replacen(&right.hash().to_string(), &hash.to_string(), 1);
        let lying = Block::parse(&text).ok()?;
        (!target.is_met_by(&hash)).then_some(lying)
    })
}

/// A block whose last transactions are there twice, under the root of once.
fn doubled_tail(at: &Sight<'_>, tip: &Block, nonce: u64) -> Option<Block> {
    let payments = vec![
        at.pay("one", "0.1", at.now_us)?,
        at.pay("two", "0.1", at.now_us)?,
    ];
    let right = at.block_on(tip, payments, nonce)?;
    let reward = right.transactions().last()?.text();
    at.altered(&right, |text| {
        let twice = text.replacen(reward, &format!("{reward},{reward}"), 1);
        twice.replacen("\"count\": 3", "\"count\": 4", 1)
    })
}

/// A payment that somebody else's name is on.
fn forged(at: &Sight<'_>) -> Option<Transaction> {
    let own = at.pay("nobody", "0.5", at.now_us)?;
    let victim = at.tip().header().creator.clone();
    Transaction::parse(&own.text().replacen(own.from(), &victim, 1)).ok()
}
