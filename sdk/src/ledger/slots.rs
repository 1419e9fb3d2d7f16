//! [`Slots`]: numbers by key, in one array that grows without asking for the keys again.

use std::hint::black_box;

/// How full it gets, in hundredths: a search ends after a few slots, mostly of one cache line.
const FULL_PERCENT: usize = 88;

/// It grows by this part of itself, so that a number costs 12 bytes at most.
const GROWN_BY: usize = 4;

/// The least room.
const ROOM_MIN: usize = 4;

/// How many slots are a line of the cache.
const LINE: usize = 8;

/// How many slots there are behind the places that keys say.
const BEHIND: usize = 4;

/// A slot without a number; greater than all others.
const FREE: u64 = u64::MAX;

/// Numbers by key, of which 31 bits are kept; several numbers may have the same.
///
/// * A slot has a key and a number. They lie in the order of their keys, each where its key says or behind it
///   with no free one between (ordered linear probing; Amble and Knuth, Ordered hash tables, 1974). So what
///   is not there is missed soon, and a longer array is filled from front to back.
/// * A number costs 9 to 12 bytes, also right after the array has grown, if there are some hundreds.
/// * hashbrown keeps a byte of each key, and fetches every row when it grows; with all of a key beside each
///   number it would cost up to 20 bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    slots: Vec<u64>,
    /// Over how many slots keys are spread.
    room: usize,
    count: usize,
}

impl Slots {
    /// None yet, with room for so many.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self::of_room((count * 100).div_ceil(FULL_PERCENT) + 1)
    }

    fn of_room(room: usize) -> Self {
        Self {
            slots: vec![FREE; room + BEHIND],
            room,
            count: 0,
        }
    }

    /// A key's number: the first that is the one.
    pub(super) fn find(&self, key: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.place(key, is_it).map(|at| number(self.slots[at]))
    }

    /// Reads where a key would lie, so that the processor has it near at hand afterwards.
    ///
    /// * With the line behind it, to which what lies here moves when a number is put in.
    #[inline]
    pub(super) fn touch(&self, key: u64) {
        let home = self.home(kept(key));
        let line = self.slots.get(home..).unwrap_or_default();
        black_box((line.first().copied(), line.get(LINE).copied()));
    }

    /// A key's number, to be changed to another.
    pub(super) fn replace(&mut self, key: u64, old: u32, new: u32) {
        if let Some(at) = self.place(key, |number| number == old) {
            self.slots[at] = slot(kept(key), new);
        }
    }

    /// Puts a number in.
    pub(super) fn insert(&mut self, key: u64, number: u32) {
        if (self.count + 1) * 100 > self.room * FULL_PERCENT {
            self.grow();
        }
        let key = kept(key);
        let home = self.home(key);
        let before = self.slots[home..]
            .iter()
            .take_while(|&&slot| kept_of(slot) <= key);
        let at = home + before.count();
        self.count += 1;
        // What lies there moves on by one, up to the first that is free.
        let mut carried = slot(key, number);
        for slot in &mut self.slots[at..] {
            std::mem::swap(slot, &mut carried);
            if carried == FREE {
                return;
            }
        }
        self.push(carried);
    }

    /// Takes a number out.
    pub(super) fn remove(&mut self, key: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let at = self.place(key, is_it)?;
        let removed = number(self.slots[at]);
        // What lies behind its own place comes back by one.
        let behind = (at + 1..).zip(&self.slots[at + 1..]);
        let come_back =
            |&(at, &slot): &(usize, &u64)| slot != FREE && self.home(kept_of(slot)) < at;
        let last = at + behind.take_while(come_back).count();
        self.slots.copy_within(at + 1..=last, at);
        self.slots[last] = FREE;
        self.count -= 1;
        Some(removed)
    }

    fn place(&self, key: u64, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        let key = kept(key);
        let home = self.home(key);
        let mut near = self.slots[home..]
            .iter()
            .take_while(|&&slot| kept_of(slot) <= key);
        let found = near.position(|&slot| kept_of(slot) == key && is_it(number(slot)))?;
        Some(home + found)
    }

    /// Where a key says.
    fn home(&self, key: u64) -> usize {
        ((key * self.room as u64) >> 31) as usize
    }

    fn push(&mut self, slot: u64) {
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(BEHIND);
        }
        self.slots.push(slot);
    }

    fn grow(&mut self) {
        let room = self.room + (self.room / GROWN_BY).max(ROOM_MIN);
        let mut grown = Self::of_room(room);
        grown.count = self.count;
        let mut next = 0;
        for &slot in self.slots.iter().filter(|&&slot| slot != FREE) {
            let at = next.max(grown.home(kept_of(slot)));
            match grown.slots.get_mut(at) {
                Some(free) => *free = slot,
                None => grown.push(slot),
            }
            next = at + 1;
        }
        *self = grown;
    }
}

/// What is kept of a key.
fn kept(key: u64) -> u64 {
    key & 0x7fff_ffff
}

fn slot(kept: u64, number: u32) -> u64 {
    kept << 32 | u64::from(number)
}

fn kept_of(slot: u64) -> u64 {
    slot >> 32
}

fn number(slot: u64) -> u32 {
    slot as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Keys are few, or all at one end, so that many lie far behind their place.
        #[test]
        fn it_does_what_a_list_of_pairs_does(
            steps in prop::collection::vec((0_u8..3, 0_u64..40), 0..400),
            spread in prop::sample::select(vec![1_u64, 1 << 20, 50_000_000]),
            from in prop::sample::select(vec![0_u64, 0x7fff_ffff - 39]),
        ) {
            let mut slots = Slots::default();
            let mut model: Vec<(u64, u32)> = Vec::new();
            for (n, (step, key)) in (0_u32..).zip(steps) {
                let key = (from + key * spread) & 0x7fff_ffff;
                let first = model.iter().position(|(other, _)| *other == key);
                match (step, first) {
                    (0, Some(at)) => {
                        let (key, number) = model.remove(at);
                        prop_assert_eq!(slots.remove(key, |other| other == number), Some(number));
                        prop_assert_eq!(slots.remove(key, |other| other == number), None);
                    }
                    (1, Some(at)) => {
                        slots.replace(key, model[at].1, n);
                        model[at].1 = n;
                    }
                    _ => {
                        slots.insert(key, n);
                        model.push((key, n));
                    }
                }
                prop_assert_eq!(slots.count, model.len());
                let taken = slots.slots.iter().filter(|&&slot| slot != FREE);
                prop_assert!(taken.is_sorted_by_key(|slot| kept_of(*slot)));
                for &(key, number) in &model {
                    prop_assert_eq!(slots.find(key, |other| other == number), Some(number));
                }
                prop_assert_eq!(slots.find(key, |_| false), None);
            }
        }
    }

    #[test]
    fn of_a_key_only_31_bits_count() {
        let wide =
            |key: u64| [0x8000_0000, 1 << 32, 1 << 63, u64::MAX << 31].map(|high| key | high);
        for key in [0, 5, 0x7fff_ffff] {
            let mut slots = Slots::default();
            for (number, other) in (1..).zip(wide(key)) {
                slots.insert(other, number);
                assert_eq!(slots.find(key, |n| n == number), Some(number), "{other:x}");
            }
            slots.insert(key, 0);
            for other in wide(key) {
                assert_eq!(slots.find(other, |n| n == 0), Some(0), "{other:x}");
                slots.replace(other, 0, 9);
                assert_eq!(slots.find(key, |n| n == 9), Some(9), "{other:x}");
                slots.replace(key, 9, 0);
            }
            for (number, other) in (1..).zip(wide(key).into_iter().rev()) {
                assert_eq!(slots.remove(other, |n| n == number), Some(number));
            }
            assert_eq!((slots.count, slots.remove(key, |_| true)), (1, Some(0)));
        }
    }

    #[test]
    fn a_room_for_so_many_takes_them_without_growing() {
        for count in (0..100).chain([1_000, 8_192, 20_001]) {
            let mut slots = Slots::with_capacity(count);
            let room = slots.room;
            for n in 0..count as u32 {
                slots.insert(u64::from(n.wrapping_mul(2_654_435_769) >> 1), n);
            }
            assert_eq!((slots.count, slots.room), (count, room));
            assert!(
                room * FULL_PERCENT <= (count + 2) * 100,
                "{room} for {count}"
            );
        }
    }

    #[test]
    fn a_number_costs_12_bytes_at_most() {
        let mut slots = Slots::default();
        let mut most = 0.0_f64;
        for n in 0..20_000_u32 {
            // Spread as hashes are (Knuth's multiplication).
            slots.insert(u64::from(n.wrapping_mul(2_654_435_769) >> 1), n);
            if n > 400 {
                most = most.max(8.0 * slots.slots.capacity() as f64 / f64::from(n + 1));
            }
        }
        assert!(most <= 12.0 && most > 11.0, "{most} bytes a number");
    }
}
