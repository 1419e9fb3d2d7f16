//! Calls between nodes: sent, served, answered, or lost on the way.

use plugcoin_core::{Call, CallFailure, Input, Reply};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Contact, ItemKind, PeerReply, PeerRequest};

use super::{IP, Message, World};
use crate::network::{reply_bytes, request_bytes};
use crate::place::{Caller, Waits};
use crate::serve::{posted, query};

/// How long a call without an answer takes to fail, in microseconds.
const TIMEOUT_US: i64 = 3_000_000;

/// The number of a call that no core made.
const NO_CALL: u64 = u64::MAX;

impl World {
    /// A node's core wants to call another; a Byzantine node may not.
    pub(super) fn call(&mut self, number: usize, call: Call) {
        let caller = Caller {
            node: number,
            start: self.places[number].starts,
            call: call.id,
            sent_us: self.queue.now_us(),
        };
        let (now_us, nodes) = (self.queue.now_us(), self.places.len());
        let place = &mut self.places[number];
        let mut contact = place.node.as_ref().map(|node| node.contact());
        if let Some((strategy, sight)) = place.byzantine(now_us, number, nodes) {
            if !strategy.sends(&sight, &call.request, &mut self.draw) {
                self.no_answer(caller);
                return;
            }
            contact = contact.map(|contact| strategy.contact(&sight, contact));
        }
        match Self::number(&call.address) {
            Some(to) if to < nodes => {
                self.send_request(to, caller, contact.unwrap_or_default(), call.request);
            }
            _ => self.no_answer(caller),
        }
    }

    /// A Byzantine node does what its strategy wants.
    pub(super) fn act(&mut self, number: usize) {
        let (now_us, nodes) = (self.queue.now_us(), self.places.len());
        let place = &mut self.places[number];
        let caller = Caller {
            node: number,
            start: place.starts,
            call: NO_CALL,
            sent_us: now_us,
        };
        let Some((strategy, sight)) = place.byzantine(now_us, number, nodes) else {
            return;
        };
        let pushed = strategy.act(&sight, &mut self.draw);
        for push in pushed {
            if push.to < nodes && push.to != number {
                self.send_request(push.to, caller, push.contact, push.request);
            }
        }
    }

    fn send_request(&mut self, to: usize, from: Caller, contact: Contact, request: PeerRequest) {
        let way = (from.node, to);
        let bytes = || request_bytes(&request);
        let arrivals = self
            .network
            .arrivals(from.sent_us, way, bytes, &mut self.draw);
        if arrivals[0].is_none() {
            self.no_answer(from);
        }
        for arrival_us in arrivals.into_iter().flatten() {
            let message = Message::Request {
                to,
                from,
                contact: contact.clone(),
                request: request.clone(),
            };
            self.queue.at(arrival_us, message);
        }
    }

    /// A call arrived.
    pub(super) fn request(
        &mut self,
        to: usize,
        from: Caller,
        contact: &Contact,
        request: PeerRequest,
    ) -> Result<(), Error> {
        if self.places[to].node.is_none() {
            self.no_answer(from);
            return Ok(());
        }
        let introduced = Input::PeerIntroduced {
            ip: IP,
            contact: contact.clone(),
        };
        self.take(to, introduced, Waits::Nobody)?;
        let place = &mut self.places[to];
        let Some(node) = &place.node else {
            self.no_answer(from);
            return Ok(());
        };
        let origin = node.origin(IP, contact);
        match request {
            PeerRequest::PostBlock(block) => {
                let waits = Waits::Post(ItemKind::Block, from);
                self.take(to, Input::BlockReceived { block, origin }, waits)
            }
            PeerRequest::PostTransaction(transaction) => {
                let waits = Waits::Post(ItemKind::Transaction, from);
                let input = Input::TransactionReceived {
                    transaction,
                    origin,
                };
                self.take(to, input, waits)
            }
            question => {
                place.ask(Waits::Query(question, from));
                self.write_soon(to)
            }
        }
    }

    /// What a node says is durable: whoever waits is answered.
    pub(super) fn answer(
        &mut self,
        number: usize,
        waits: Waits,
        reply: &Reply,
    ) -> Result<(), Error> {
        let Some(caller) = waits.caller() else {
            return Ok(());
        };
        let (now_us, nodes) = (self.queue.now_us(), self.places.len());
        let place = &mut self.places[number];
        let Some(node) = &place.node else {
            self.no_answer(caller);
            return Ok(());
        };
        let answer = match &waits {
            Waits::Query(question, _) => {
                query(node, &*place.drive, now_us + place.ahead_us, question)?
            }
            _ => posted(reply),
        };
        let contact = node.contact();
        let mut said = Some(PeerReply { contact, answer });
        if let Some((strategy, sight)) = place.byzantine(now_us, number, nodes)
            && let Some(mut honest) = said.take()
        {
            honest.contact = strategy.contact(&sight, honest.contact);
            said = match &waits {
                Waits::Query(question, _) => {
                    strategy.answer(&sight, question, honest, &mut self.draw)
                }
                _ => Some(honest),
            };
        }
        let Some(said) = said else {
            self.no_answer(caller);
            return Ok(());
        };
        let way = (number, caller.node);
        let bytes = || reply_bytes(&said);
        let arrivals = self.network.arrivals(now_us, way, bytes, &mut self.draw);
        let in_time = |us: &i64| *us <= caller.sent_us + TIMEOUT_US;
        if !arrivals.iter().flatten().any(in_time) {
            self.no_answer(caller);
        }
        for arrival_us in arrivals.into_iter().flatten().filter(in_time) {
            let message = Message::Answer {
                to: caller,
                result: Ok(said.clone()),
            };
            self.queue.at(arrival_us, message);
        }
        Ok(())
    }

    /// A call gets no answer: after a while it has failed.
    pub(super) fn no_answer(&mut self, to: Caller) {
        if to.call == NO_CALL {
            return;
        }
        let result = Err(CallFailure::from("no answer"));
        self.queue
            .at(to.sent_us + TIMEOUT_US, Message::Answer { to, result });
    }
}
