//! [`Pool`]: the transactions that wait, in the order in which they will be mined.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use plugcoin_sdk::Invalid;
use plugcoin_sdk::hooks::{Capacity, PoolSummary};
use plugcoin_sdk::ledger::{Amount, ByHash, Hash, Transaction};

/// The place of a transaction in the pool: higher priority first, then order of arrival.
type Place = (Reverse<i64>, u64);

#[derive(Debug)]
struct Entry {
    transaction: Transaction,
    place: Place,
    expires_us: Option<i64>,
}

#[derive(Debug, Default)]
struct Sender {
    sum: Amount,
    /// In order of arrival.
    ids: BTreeMap<u64, Hash>,
}

/// The transactions that wait.
///
/// * Every operation costs the logarithm of the pool's size, and what it touches.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    entries: ByHash<Entry>,
    order: BTreeMap<Place, Hash>,
    arrivals: BTreeMap<u64, (i64, Hash)>,
    expiries: BTreeSet<(i64, Hash)>,
    senders: HashMap<Box<str>, Sender>,
    bytes: u64,
    next: u64,
}

impl Pool {
    pub(crate) fn contains(&self, id: &Hash) -> bool {
        self.entries.contains_key(id)
    }

    pub(crate) fn get(&self, id: &Hash) -> Option<&Transaction> {
        self.entries.get(id).map(|entry| &entry.transaction)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What a sender has waiting.
    pub(crate) fn waiting_sum(&self, sender: &str) -> Amount {
        self.senders
            .get(sender)
            .map(|sender| sender.sum)
            .unwrap_or_default()
    }

    /// What waits, in numbers, as a plugin is told.
    pub(crate) fn summary(&self, sender: &str, now_us: i64) -> PoolSummary {
        let from = self.senders.get(sender);
        PoolSummary {
            transactions: self.entries.len() as u64,
            bytes: self.bytes,
            sender_transactions: from.map_or(0, |from| from.ids.len() as u64),
            sender_sum: from.map(|from| from.sum).unwrap_or_default(),
            oldest_us: self.arrivals.first_key_value().map(|(_, (us, _))| *us),
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
        let sender = self.senders.entry(transaction.from().into()).or_default();
        sender.sum = sender
            .sum
            .checked_add(transaction.amount())
            .unwrap_or(sender.sum);
        sender.ids.insert(arrival, id);
        self.order.insert(place, id);
        self.arrivals.insert(arrival, (now_us, id));
        if let Some(expires_us) = expires_us {
            self.expiries.insert((expires_us, id));
        }
        self.entries.insert(
            id,
            Entry {
                transaction,
                place,
                expires_us,
            },
        );
    }

    pub(crate) fn remove(&mut self, id: &Hash) -> Option<Transaction> {
        let entry = self.entries.remove(id)?;
        let (_, arrival) = entry.place;
        self.order.remove(&entry.place);
        self.arrivals.remove(&arrival);
        if let Some(expires_us) = entry.expires_us {
            self.expiries.remove(&(expires_us, *id));
        }
        self.bytes -= entry.transaction.text().len() as u64;
        let from = entry.transaction.from();
        if let Some(sender) = self.senders.get_mut(from) {
            sender.sum = sender
                .sum
                .checked_sub(entry.transaction.amount())
                .unwrap_or_default();
            sender.ids.remove(&arrival);
            if sender.ids.is_empty() {
                self.senders.remove(from);
            }
        }
        Some(entry.transaction)
    }

    /// The transactions in the order in which they are mined.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Transaction> {
        self.order
            .values()
            .filter_map(|id| self.entries.get(id))
            .map(|entry| &entry.transaction)
    }

    /// The transactions in the order in which they came, with the moment of their arrival.
    pub(crate) fn in_order_of_arrival(&self) -> Vec<(Transaction, i64)> {
        let all = self.arrivals.values();
        all.filter_map(|(us, id)| Some((self.get(id)?.clone(), *us)))
            .collect()
    }

    /// What arrived at this place or later, in order of arrival, each with its place.
    pub(crate) fn arrived_from(&self, place: u64) -> impl Iterator<Item = (u64, &Transaction)> {
        self.arrivals
            .range(place..)
            .filter_map(|(&arrival, (_, id))| Some((arrival, self.get(id)?)))
    }

    /// The place of a transaction in the order of arrival.
    pub(crate) fn arrival(&self, id: &Hash) -> Option<u64> {
        self.entries.get(id).map(|entry| entry.place.1)
    }

    /// Drops what a sender has waiting beyond its balance, judged in order of arrival.
    pub(crate) fn judge(&mut self, sender: &str, balance: Amount) -> Vec<(Transaction, Invalid)> {
        let Some(from) = self.senders.get(sender) else {
            return Vec::new();
        };
        if from.sum <= balance {
            return Vec::new();
        }
        let ids: Vec<Hash> = from.ids.values().copied().collect();
        let mut left = balance;
        let mut dropped = Vec::new();
        for id in ids {
            let Some(entry) = self.entries.get(&id) else {
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
                    dropped.extend(self.remove(&id).map(|transaction| (transaction, reason)));
                }
            }
        }
        dropped
    }

    /// The clock jumped by this: what waits has waited no longer or shorter.
    pub(crate) fn move_by(&mut self, by_us: i64) {
        for (us, _) in self.arrivals.values_mut() {
            *us = us.saturating_add(by_us);
        }
    }

    /// When something expires next.
    pub(crate) fn next_expiry_us(&self) -> Option<i64> {
        self.expiries.first().map(|(expires_us, _)| *expires_us)
    }

    /// Drops what has expired, and what is beyond the capacity: the lowest priority, the latest first.
    pub(crate) fn trim(&mut self, capacity: Capacity, now_us: i64) -> Vec<(Transaction, Invalid)> {
        let mut dropped = Vec::new();
        while let Some(&(expires_us, id)) = self.expiries.first()
            && expires_us <= now_us
        {
            let reason = Invalid::new("mempool", "it has waited too long").for_now();
            dropped.extend(self.remove(&id).map(|transaction| (transaction, reason)));
        }
        while (self.entries.len() as u64 > capacity.transactions || self.bytes > capacity.bytes)
            && let Some((_, &id)) = self.order.last_key_value()
        {
            let reason = Invalid::new("mempool", "the pool is full")
                .required(format_args!(
                    "at most {} transactions, {} bytes",
                    capacity.transactions, capacity.bytes
                ))
                .for_now();
            dropped.extend(self.remove(&id).map(|transaction| (transaction, reason)));
        }
        dropped
    }
}
