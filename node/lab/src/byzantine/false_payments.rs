//! It sends payments that are forged, replayed, spent twice over or spelt otherwise.

use plugcoin_sdk::hooks::PeerRequest;
use plugcoin_sdk::ledger::Transaction;

use super::{Push, Sight, Strategy};
use crate::Draw;

pub(super) struct FalsePayments;

impl Strategy for FalsePayments {
    fn act(&mut self, at: &Sight<'_>, draw: &mut Draw) -> Vec<Push> {
        let some = at.some_payment(draw);
        let payment = match draw.below(5) {
            // The signature is of another payment.
            0 => at.pay("nobody", "1", at.now_us).and_then(|own| {
                let text = own.text().replacen("\"sum\": 1", "\"sum\": 2", 1);
                Transaction::parse(&text).ok()
            }),
            // It was paid already, or waits.
            1 => some,
            // More than there is.
            2 => at.pay("nobody", "10000000000", at.now_us),
            // The same payment with its signature spelt otherwise.
            3 => some.and_then(|payment| spelt_otherwise(&payment)),
            // To itself, all it has, again and again.
            _ => {
                let own = at.node.balance(&at.creator()).to_string();
                at.pay(&at.creator(), &own, at.now_us)
            }
        };
        let Some(payment) = payment else {
            return Vec::new();
        };
        // In a block of its own too: there another spelling is as good as the first.
        if draw.happens(300)
            && let Some(block) = at.block_on(&at.tip(), vec![payment.clone()], draw.number() >> 8)
        {
            return at.push_all(&PeerRequest::PostBlock(block)).collect();
        }
        at.push_all(&PeerRequest::PostTransaction(payment))
            .collect()
    }
}

fn spelt_otherwise(payment: &Transaction) -> Option<Transaction> {
    let signature = payment.signature();
    let otherwise = signature.to_ascii_uppercase();
    Transaction::parse(&payment.text().replacen(signature, &otherwise, 1)).ok()
}
