//! Where in the file each block's text lies.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use plugcoin_sdk::hooks::Record;
use plugcoin_sdk::ledger::{Hash, Table};

/// The place of a record's text in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first byte.
    pub(crate) offset: u64,
    /// How many bytes it has.
    pub(crate) length: u32,
}

impl Span {
    /// The first byte after it.
    pub(crate) fn end(self) -> u64 {
        self.offset + u64::from(self.length)
    }
}

/// A [`Span`] in twelve bytes.
#[derive(Clone, Copy, Debug)]
struct Packed {
    offset: [u32; 2],
    length: u32,
}

impl From<Span> for Packed {
    fn from(span: Span) -> Self {
        Self {
            offset: [(span.offset >> 32) as u32, span.offset as u32],
            length: span.length,
        }
    }
}

impl From<Packed> for Span {
    fn from(packed: Packed) -> Self {
        let [high, low] = packed.offset;
        Self {
            offset: u64::from(high) << 32 | u64::from(low),
            length: packed.length,
        }
    }
}

/// The places of all blocks; no reader waits for the disk.
#[derive(Debug, Default)]
pub(crate) struct Index(RwLock<Table<Packed>>);

impl Index {
    pub(crate) fn insert(&self, records: &[Record], spans: &[Span]) {
        let mut places = self.write();
        for (record, span) in records.iter().zip(spans) {
            if let Record::Block(block) = record {
                places.insert(block.hash(), (*span).into());
            }
        }
    }

    /// Inserts the block of a replay, which come one after the other.
    ///
    /// * A block that the file has twice has two places. One of them is found, and its text is at both.
    pub(crate) fn insert_next(&self, record: &Record, span: Span) {
        if let Record::Block(block) = record {
            self.write().push_later(block.hash(), span.into());
        }
    }

    /// The places of all blocks that begin before this byte, in their order.
    pub(crate) fn before(&self, end: u64) -> impl Iterator<Item = (Hash, Span)> + use<> {
        let rows = self.read().rows();
        rows.into_items()
            .map(|(hash, place)| (hash, Span::from(place)))
            .take_while(move |(_, span)| span.offset < end)
    }

    /// Forgets the blocks that begin at this byte or behind it, so that a replay finds none of its own.
    pub(crate) fn cut(&self, end: u64) {
        let rows = self.read().rows();
        let last = rows.len().checked_sub(1).map(|last| rows.get(last as u32));
        if last.is_some_and(|(_, place)| Span::from(*place).offset >= end) {
            self.fill(self.before(end));
        }
    }

    /// Becomes what these places make.
    pub(crate) fn fill(&self, places: impl Iterator<Item = (Hash, Span)>) {
        let table = Table::of(places.map(|(hash, span)| (hash, span.into())));
        *self.write() = table;
    }

    pub(crate) fn get(&self, hash: &Hash) -> Option<Span> {
        let places = self.read();
        places.get(hash).map(|&place| place.into())
    }

    /// The places of several blocks, in the order asked for.
    pub(crate) fn get_all(&self, hashes: &[Hash]) -> Vec<Option<Span>> {
        let places = self.read();
        let places = places.get_all(hashes);
        places
            .map(|place| place.map(|&place| place.into()))
            .collect()
    }

    /// Every block is found at once from now on.
    pub(crate) fn settle(&self) {
        self.write().settle();
    }

    fn read(&self) -> RwLockReadGuard<'_, Table<Packed>> {
        loop {
            let places = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if places.is_settled() {
                return places;
            }
            drop(places);
            self.settle();
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table<Packed>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
