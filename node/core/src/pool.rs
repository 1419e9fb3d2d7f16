//! [`Pool`]: the transactions that wait, in the order in which they will be mined.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Capacity, PoolSummary};
use plugcoin_sdk::ledger::{Amount, Hash, Key, Transaction};

use crate::chain::{ByText, entry};
use crate::slab::Slab;

/// The place of a transaction in the pool: higher priority first, then order of arrival.
type Place = (Reverse<i64>, u64);

/// How many arrivals that are gone are not worth looking for, nor the room for as many worth giving back.
const GONE_MIN: usize = 8;

#[derive(Debug)]
struct Entry {
    transaction: Transaction,
    place: Place,
    arrived_us: i64,
    expires_us: Option<i64>,
}

/// An entry by its order of arrival, and the slot where it lies for as long as it waits.
type Arrival = (u64, u32);

/// Entries in their order of arrival, and some that are gone.
///
/// * The first and the last wait. Others that are gone go together with many, so that no list is moved for one.
#[derive(Debug, Default)]
struct Queue {
    arrivals: VecDeque<Arrival>,
    waiting: usize,
}

impl Queue {
    fn add(&mut self, arrival: Arrival) {
        self.arrivals.push_back(arrival);
        self.waiting += 1;
    }

    /// One is gone; `waits` says of the others whether they still wait.
    fn one_is_gone(&mut self, arrival: u64, waits: impl Fn(Arrival) -> bool) {
        self.waiting -= 1;
        let is_it = |&mut (other, _): &mut Arrival| other == arrival;
        if self.arrivals.pop_back_if(is_it).is_none() {
            self.arrivals.pop_front_if(is_it);
        }
        let is_gone = |other: &mut Arrival| !waits(*other);
        // Whether others wait lies far away, and needs no look if none is gone.
        while self.arrivals.len() > self.waiting && self.arrivals.pop_back_if(is_gone).is_some() {}
        while self.arrivals.len() > self.waiting && self.arrivals.pop_front_if(is_gone).is_some() {}
        if self.arrivals.len() > 2 * self.waiting + GONE_MIN {
            self.arrivals.retain(|&other| waits(other));
        }
        let room = 2 * self.waiting + GONE_MIN;
        if self.arrivals.capacity() > 2 * room {
            self.arrivals.shrink_to(room);
        }
    }

    /// All from an order of arrival on, with some that are gone.
    fn since(&self, arrival: u64) -> impl Iterator<Item = Arrival> {
        let begin = self.arrivals.partition_point(|&(other, _)| other < arrival);
        self.arrivals.range(begin..).copied()
    }
}

/// What a sender has waiting.
#[derive(Debug, Default)]
struct Sender {
    sum: Amount,
    queue: Queue,
}

/// The transactions that wait.
///
/// * Every operation costs the logarithm of the pool's size, and what it touches; on average, since
///   lists are tidied now and then. Who goes through an order passes some that are gone: hardly more than wait.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    entries: Slab<Entry>,
    /// All of each priority, which most pools have one of; the highest first.
    order: BTreeMap<Reverse<i64>, Queue>,
    queue: Queue,
    expiries: BTreeMap<(i64, u64), u32>,
    senders: ByText<Sender>,
    bytes: u64,
    next: u64,
}

impl Pool {
    pub(crate) fn contains(&self, id: &Hash) -> bool {
        self.entries.find(id).is_some()
    }

    /// Reads where an id of this key would be found, so that the processor has it near at hand afterwards.
    pub(crate) fn touch(&self, key: Key) {
        self.entries.touch(key);
    }

    pub(crate) fn get(&self, id: &Hash) -> Option<&Transaction> {
        self.entries.get(id).map(|entry| &entry.transaction)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The sum that a sender has waiting.
    pub(crate) fn waiting_sum(&self, sender: &str) -> Amount {
        self.senders
            .get(sender)
            .map(|sender| sender.sum)
            .unwrap_or_default()
    }

    /// What waits, in numbers, as a plugin is told.
    pub(crate) fn summary(&self, sender: &str, now_us: i64) -> PoolSummary {
        let from = self.senders.get(sender);
        let oldest = self.queue.arrivals.front();
        let oldest = oldest.and_then(|&(_, slot)| self.entries.at(slot));
        PoolSummary {
            transactions: self.entries.len() as u64,
            bytes: self.bytes,
            sender_transactions: from.map_or(0, |from| from.queue.waiting as u64),
            sender_sum: from.map(|from| from.sum).unwrap_or_default(),
            oldest_us: oldest.map(|entry| entry.arrived_us),
            now_us,
        }
    }

    pub(crate) fn add(
        &mut self,
        transaction: Transaction,
        priority: i64,
        expires_us: Option<i64>,
        now_us: i64,
    ) {
        let arrival = self.next;
        self.next += 1;
        let id = transaction.id();
        let place = (Reverse(priority), arrival);
        self.bytes += transaction.text().len() as u64;
        let (from, amount) = (transaction.from(), transaction.amount());
        let sender = entry(&mut self.senders, from, Sender::default);
        sender.sum = sender.sum.checked_add(amount).unwrap_or(sender.sum);
        let entry = Entry {
            transaction,
            place,
            arrived_us: now_us,
            expires_us,
        };
        let slot = self.entries.insert(id, entry);
        let equals = self.order.entry(place.0).or_default();
        equals.add((arrival, slot));
        self.queue.add((arrival, slot));
        sender.queue.add((arrival, slot));
        if let Some(expires_us) = expires_us {
            self.expiries.insert((expires_us, arrival), slot);
        }
    }

    pub(crate) fn remove(&mut self, id: &Hash) -> Option<Transaction> {
        let slot = self.entries.find(id)?;
        self.remove_at(slot)
    }

    fn remove_at(&mut self, slot: u32) -> Option<Transaction> {
        let entry = self.entries.remove(slot)?;
        let (priority, arrival) = entry.place;
        let waits = |other| still(&self.entries, other).is_some();
        if let Some(equals) = self.order.get_mut(&priority) {
            equals.one_is_gone(arrival, waits);
            if equals.waiting == 0 {
                self.order.remove(&priority);
            }
        }
        self.queue.one_is_gone(arrival, waits);
        if let Some(expires_us) = entry.expires_us {
            self.expiries.remove(&(expires_us, arrival));
        }
        self.bytes -= entry.transaction.text().len() as u64;
        let from = entry.transaction.from();
        if let Some(sender) = self.senders.get_mut(from) {
            let rest = sender.sum.checked_sub(entry.transaction.amount());
            sender.sum = rest.unwrap_or_default();
            sender.queue.one_is_gone(arrival, waits);
            if sender.queue.waiting == 0 {
                self.senders.remove(from);
            }
        }
        Some(entry.transaction)
    }

    /// The transactions in the order in which they are mined.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Transaction> {
        let all = self.order.values().flat_map(|equals| equals.since(0));
        all.filter_map(|one| still(&self.entries, one))
            .map(|entry| &entry.transaction)
    }

    /// The transactions in the order in which they came, with the moment of their arrival.
    pub(crate) fn in_order_of_arrival(&self) -> Vec<(Transaction, i64)> {
        let all = self
            .queue
            .since(0)
            .filter_map(|one| still(&self.entries, one));
        all.map(|entry| (entry.transaction.clone(), entry.arrived_us))
            .collect()
    }

    /// What arrived at this place or later, in order of arrival, each with its place.
    pub(crate) fn arrived_from(&self, place: u64) -> impl Iterator<Item = (u64, &Transaction)> {
        let later = self
            .queue
            .since(place)
            .filter_map(|one| still(&self.entries, one));
        later.map(|entry| (entry.place.1, &entry.transaction))
    }

    /// The place of a transaction in the order of arrival.
    pub(crate) fn arrival(&self, id: &Hash) -> Option<u64> {
        self.entries.get(id).map(|entry| entry.place.1)
    }

    /// Drops what a sender has waiting beyond its balance, judged in order of arrival.
    pub(crate) fn judge(
        &mut self,
        sender: &str,
        balance: impl FnOnce() -> Amount,
    ) -> Vec<(Transaction, Invalid)> {
        let Some(from) = self.senders.get(sender) else {
            return Vec::new();
        };
        let balance = balance();
        if from.sum <= balance {
            return Vec::new();
        }
        let all: Vec<Arrival> = from.queue.since(0).collect();
        let mut left = balance;
        let mut dropped = Vec::new();
        for (arrival, slot) in all {
            let Some(entry) = still(&self.entries, (arrival, slot)) else {
                continue;
            };
            let sum = entry.transaction.amount();
            match left.checked_sub(sum) {
                Some(rest) => left = rest,
                None => {
                    let reason = Invalid::new("funds", "the sender no longer has the sum")
                        .observed(left)
                        .required(sum)
                        .for_now();
                    dropped.extend(
                        self.remove_at(slot)
                            .map(|transaction| (transaction, reason)),
                    );
                }
            }
        }
        dropped
    }

    /// The clock jumped by this: what waits has waited no longer or shorter.
    pub(crate) fn move_by(&mut self, by_us: i64) {
        for entry in self.entries.values_mut() {
            entry.arrived_us = entry.arrived_us.saturating_add(by_us);
        }
    }

    /// When something expires next.
    pub(crate) fn next_expiry_us(&self) -> Option<i64> {
        let first = self.expiries.first_key_value();
        first.map(|((expires_us, _), _)| *expires_us)
    }

    /// Drops what has expired, and what is beyond the capacity: the lowest priority, the latest first.
    pub(crate) fn trim(&mut self, capacity: Capacity, now_us: i64) -> Vec<(Transaction, Invalid)> {
        let mut dropped = Vec::new();
        while let Some((&(expires_us, _), &slot)) = self.expiries.first_key_value()
            && expires_us <= now_us
        {
            let reason = Invalid::new("mempool", "it has waited too long").for_now();
            dropped.extend(
                self.remove_at(slot)
                    .map(|transaction| (transaction, reason)),
            );
        }
        while (self.entries.len() as u64 > capacity.transactions || self.bytes > capacity.bytes)
            && let Some((_, last)) = self.order.last_key_value()
            && let Some(&(_, slot)) = last.arrivals.back()
        {
            let reason = Invalid::new("mempool", "the pool is full")
                .required(format_args!(
                    "at most {} transactions, {} bytes",
                    capacity.transactions, capacity.bytes
                ))
                .for_now();
            dropped.extend(
                self.remove_at(slot)
                    .map(|transaction| (transaction, reason)),
            );
        }
        dropped
    }
}

/// The entry that lies in an arrival's slot, if it is still the one that arrived.
fn still(entries: &Slab<Entry>, (arrival, slot): Arrival) -> Option<&Entry> {
    entries.at(slot).filter(|entry| entry.place.1 == arrival)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugcoin_sdk::ledger::{Amount, Payment, Sum, Timestamp};
    use proptest::prelude::*;

    /// A payment of one coin.
    fn payment(from: &str, number: u64) -> Transaction {
        let at = Timestamp::from_us(1_700_000_000_000_000 + number as i64);
        let payment = Payment::new(from, "somebody", Sum::parse("1").unwrap(), at);
        payment.unwrap().signed("signature").unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// So many go from anywhere that the queues are tidied on the way.
        #[test]
        fn it_knows_what_waits_and_what_each_sender_has_waiting(
            steps in prop::collection::vec(
                (0_usize..12, 0_usize..2, any::<prop::sample::Index>(), 0_i64..3),
                1..300,
            ),
        ) {
            let senders = ["first", "second"];
            let mut pool = Pool::default();
            let mut model: Vec<Waits> = Vec::new();
            for (number, (step, sender, which, priority)) in steps.into_iter().enumerate() {
                let (sender, now_us) = (senders[sender], number as i64);
                match step {
                    0..7 => {
                        let payment = payment(sender, number as u64);
                        let expires_us = (number % 3 > 0).then_some(1_000 - now_us);
                        pool.add(payment.clone(), priority, expires_us, now_us);
                        model.push(Waits { payment, priority, expires_us, now_us });
                    }
                    7..10 if !model.is_empty() => {
                        let gone = model.remove(which.index(model.len())).payment;
                        prop_assert_eq!(pool.remove(&gone.id()), Some(gone));
                    }
                    10 => {
                        let own = model.iter().filter(|one| one.payment.from() == sender);
                        let own: Vec<Transaction> = own.map(|one| one.payment.clone()).collect();
                        let kept = which.index(own.len() + 1);
                        let dropped = pool.judge(sender, || Amount::from_coins(kept as u64));
                        let dropped: Vec<_> = dropped.into_iter().map(|(payment, _)| payment).collect();
                        // The first to come keep their place, whatever went before.
                        prop_assert_eq!(&dropped, &own[kept..]);
                        model.retain(|one| !dropped.contains(&one.payment));
                    }
                    11 => {
                        let kept = which.index(model.len() + 1);
                        let capacity = Capacity { transactions: kept as u64, bytes: u64::MAX };
                        let mut order = model.clone();
                        order.sort_by_key(|one| (Reverse(one.priority), one.now_us));
                        let dropped = pool.trim(capacity, i64::MIN).into_iter().map(|(payment, _)| payment);
                        prop_assert!(dropped.eq(order[kept..].iter().rev().map(|one| one.payment.clone())));
                        model.retain(|one| order[..kept].contains(one));
                    }
                    _ => {}
                }
                holds(&pool, &model, &senders)?;
            }
        }
    }

    #[derive(Clone, PartialEq)]
    struct Waits {
        payment: Transaction,
        priority: i64,
        expires_us: Option<i64>,
        now_us: i64,
    }

    /// The pool is what a list in the order of arrival says.
    fn holds(pool: &Pool, model: &[Waits], senders: &[&str]) -> Result<(), TestCaseError> {
        let expiries = model.iter().filter_map(|one| one.expires_us);
        prop_assert_eq!(pool.next_expiry_us(), expiries.min());
        let all = pool.in_order_of_arrival();
        let expected = model.iter().map(|one| (one.payment.clone(), one.now_us));
        prop_assert!(all.into_iter().eq(expected));
        let (before, after) = model.split_at(model.len() / 2);
        let middle = after.first();
        let from = middle.and_then(|one| pool.arrival(&one.payment.id()));
        let later = pool.arrived_from(from.unwrap_or(pool.next));
        prop_assert_eq!(later.count(), model.len() - before.len());
        for &sender in senders {
            let own = model.iter().filter(|one| one.payment.from() == sender);
            let (count, summary) = (own.count() as u64, pool.summary(sender, 0));
            prop_assert_eq!(summary.oldest_us, model.first().map(|one| one.now_us));
            prop_assert_eq!(summary.sender_transactions, count);
            prop_assert_eq!(summary.sender_sum, Amount::from_coins(count));
            let queue = pool.senders.get(sender).map(|sender| &sender.queue);
            prop_assert_eq!(queue.is_none(), count == 0);
            queue.map_or(Ok(()), |queue| is_tidy(pool, queue))?;
        }
        let mut order: Vec<&Waits> = model.iter().collect();
        order.sort_by_key(|one| Reverse(one.priority));
        let expected = order.into_iter().map(|one| &one.payment);
        prop_assert!(pool.in_order().eq(expected));
        for equals in pool.order.values() {
            prop_assert!(equals.waiting > 0);
            is_tidy(pool, equals)?;
        }
        is_tidy(pool, &pool.queue)
    }

    fn is_tidy(pool: &Pool, queue: &Queue) -> Result<(), TestCaseError> {
        for end in [queue.arrivals.front(), queue.arrivals.back()] {
            prop_assert!(end.is_none_or(|&end| still(&pool.entries, end).is_some()));
        }
        let (room, waiting) = (queue.arrivals.capacity(), queue.waiting);
        prop_assert!(
            room <= 2 * (2 * waiting + GONE_MIN),
            "room for {room}, {waiting} wait"
        );
        prop_assert!(queue.arrivals.len() <= 2 * waiting + GONE_MIN);
        Ok(())
    }
}
