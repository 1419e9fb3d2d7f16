//! What happens at its time: decide, commit, tell.

use plugcoin_core::{Answered, Input, Output, Reply};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Item, ItemKind, Seal, Slice};

use super::{Message, World};
use crate::place::{Told, Waits};

/// The least time before a node is woken, in microseconds.
const TICK_US: i64 = 1_000;

/// How often a Byzantine node acts, in microseconds.
const ACT_EVERY_US: i64 = 1_000_000;

impl World {
    pub(super) fn deliver(&mut self, message: Message) -> Result<(), Error> {
        match message {
            Message::Request {
                to,
                from,
                contact,
                request,
            } => self.request(to, from, &contact, request),
            Message::Answer { to, result } => {
                if self.places[to.node].starts == to.start {
                    let result = result.map(Answered::from);
                    let call = to.call;
                    self.take(to.node, Input::CallEnded { call, result }, Waits::Nobody)?;
                }
                Ok(())
            }
            Message::Wake { node } => self.wake(node),
            Message::Written { node, start } => {
                let place = &self.places[node];
                if place.is_writing && place.starts == start {
                    self.commit(node)?;
                }
                Ok(())
            }
            Message::Sealing { node, job } => self.seal(node, job),
            Message::Act { node, start } => {
                if self.places[node].starts == start {
                    self.act(node);
                    self.act_soon(node);
                }
                Ok(())
            }
        }
    }

    /// Lets a node decide on an input; what comes of it is told when it is durable.
    pub(super) fn take(&mut self, number: usize, input: Input, waits: Waits) -> Result<(), Error> {
        self.decide(number, input, waits)?;
        self.write_soon(number)
    }

    pub(super) fn decide(
        &mut self,
        number: usize,
        input: Input,
        waits: Waits,
    ) -> Result<(), Error> {
        let now_us = self.queue.now_us();
        self.note(|| format!("{number} <- {input:?}"));
        match self.places[number].decide(now_us, input, waits) {
            Ok(()) => Ok(()),
            Err(error) => self.fault(number, error),
        }
    }

    pub(super) fn write_soon(&mut self, number: usize) -> Result<(), Error> {
        if self.write_max_us == 0 {
            return self.commit(number).map(|_| ());
        }
        let place = &mut self.places[number];
        if !place.is_writing && place.node.is_some() {
            place.is_writing = true;
            let start = place.starts;
            let written_us = self.queue.now_us() + self.draw.below(self.write_max_us) as i64;
            let node = number;
            self.queue.at(written_us, Message::Written { node, start });
        }
        Ok(())
    }

    /// Makes durable what a node decided, and tells it; its last reply.
    pub(super) fn commit(&mut self, number: usize) -> Result<Option<Reply>, Error> {
        let told = match self.places[number].commit() {
            Ok(told) => told,
            Err(error) => return self.fault(number, error).map(|()| None),
        };
        let last = told.last().map(|told| told.reply.clone());
        let mut outputs = Vec::new();
        for told in told {
            self.note(|| format!("{number} -> {:?} {:?}", told.reply, told.outputs));
            if let (Reply::Accepted(hash), Some(kind)) = (&told.reply, told.waits.kind()) {
                let item = Item { kind, hash: *hash };
                self.places[number].accepted.push(item);
            }
            if let Err(error) = self.answer(number, told.waits, &told.reply) {
                self.fault(number, error)?;
                return Ok(None);
            }
            outputs.extend(told.outputs);
        }
        for output in outputs {
            self.carry_out(number, output);
        }
        self.wake_soon(number);
        Ok(last)
    }

    /// A node stops by its own fault; that is well if its disk was told to fail.
    pub(super) fn fault(&mut self, number: usize, error: Error) -> Result<(), Error> {
        if !self.places[number].drive.has_failed() {
            return Err(error.with("simulated node", number));
        }
        self.note(|| format!("{number} stops by a fault: {error}"));
        self.crash(number)
    }

    /// Whoever waits for a node that is gone waits for ever, and then some seconds.
    pub(super) fn leave_waiting(&mut self, told: Vec<Told>) {
        for caller in told.iter().filter_map(|told| told.waits.caller()) {
            self.no_answer(caller);
        }
    }

    fn carry_out(&mut self, number: usize, output: Output) {
        match output {
            Output::Call(call) => self.call(number, call),
            Output::Seal(job) => {
                let id = job.id;
                self.places[number].job = Some(*job);
                self.seal_soon(number, id);
            }
            Output::StopSealing => self.places[number].job = None,
            Output::Tell(event) => self.places[number].events.push(event),
            Output::SavePeers(peers) => self.places[number].config.known = peers,
            Output::Compare { .. } => {}
        }
    }

    fn wake(&mut self, number: usize) -> Result<(), Error> {
        let now_us = self.queue.now_us();
        let place = &mut self.places[number];
        if place.wake_us.is_none_or(|us| us > now_us) {
            return Ok(());
        }
        place.wake_us = None;
        self.take(number, Input::Ticked, Waits::Nobody)
    }

    /// Wakes a node when it wants to be.
    pub(super) fn wake_soon(&mut self, number: usize) {
        let now_us = self.queue.now_us();
        let place = &mut self.places[number];
        let Some(wake_us) = place.node.as_ref().and_then(|node| node.wake_us()) else {
            return;
        };
        let wake_us = (wake_us - place.ahead_us).max(now_us + TICK_US);
        let is_asleep = place.wake_us.is_none_or(|us| wake_us < us || us <= now_us);
        if is_asleep {
            place.wake_us = Some(wake_us);
            self.queue.at(wake_us, Message::Wake { node: number });
        }
    }

    fn seal_soon(&mut self, node: usize, job: u64) {
        let found_us = self.queue.now_us() + 1 + self.draw.below(self.seal_max_us) as i64;
        self.queue.at(found_us, Message::Sealing { node, job });
    }

    /// Seals the job under way, if it is still that one.
    fn seal(&mut self, number: usize, id: u64) -> Result<(), Error> {
        let now_us = self.queue.now_us();
        let place = &mut self.places[number];
        let Some(job) = place.job.take_if(|job| job.id == id) else {
            return Ok(());
        };
        let slice = Slice {
            start: self.draw.number() >> 16,
            attempts: 1 << 20,
            now_us: now_us + place.ahead_us,
        };
        let consensus = &place.hooks.consensus.at(job.draft.nr()).hook;
        let input = match consensus.seal(&job.draft, &job.parent, &job.target, slice)? {
            Seal::Found { nonce } => Input::Sealed { job: id, nonce },
            Seal::Sign { text } => Input::SealToSign { job: id, text },
            Seal::Wait { until_us } => Input::SealToWait { job: id, until_us },
            Seal::Exhausted => {
                place.job = Some(job);
                self.seal_soon(number, id);
                return Ok(());
            }
        };
        self.take(number, input, Waits::Client(ItemKind::Block))
    }

    pub(super) fn act_soon(&mut self, number: usize) {
        let place = &self.places[number];
        if place.strategy.is_some() && place.node.is_some() {
            let act = Message::Act {
                node: number,
                start: place.starts,
            };
            let soon_us = ACT_EVERY_US / 2 + self.draw.below(ACT_EVERY_US as u64) as i64;
            self.queue.at(self.queue.now_us() + soon_us, act);
        }
    }
}
