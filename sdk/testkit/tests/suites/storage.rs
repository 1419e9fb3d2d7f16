//! The suite of this hook catches what is wrong.

use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Hash, genesis};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::MemoryStorage;
use plugcoin_testkit::suite::storage;
use std::sync::Arc;

/// A storage that can be wrong in several ways.
struct BadStorage {
    kept: MemoryStorage,
    fault: StorageFault,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum StorageFault {
    ForgetsOnOpening,
    LosesGroups,
    ReadsAnything,
    IgnoresTheVisitor,
    ReadsInItsOwnOrder,
    PassesOverMissing,
    ShowsAllAtHand,
    DropsLarge,
    RefusesNothing,
    BeginsWithGenesis,
}

impl Storage for BadStorage {
    fn append(&self, records: &[Record]) -> Result<(), Error> {
        match self.fault {
            StorageFault::LosesGroups => self.kept.append(&records[..records.len().min(1)]),
            StorageFault::DropsLarge => {
                let small = records
                    .iter()
                    .filter(|record| record.text().len() < 1 << 16);
                self.kept.append(&small.cloned().collect::<Vec<_>>())
            }
            StorageFault::RefusesNothing if records.is_empty() => {
                Err(Error::new(ErrorKind::Plugin, "there is nothing to append"))
            }
            _ => self.kept.append(records),
        }
    }

    fn replay(&self, visit: &mut dyn FnMut(Record) -> Result<(), Error>) -> Result<(), Error> {
        match self.fault {
            StorageFault::IgnoresTheVisitor => self.kept.replay(&mut |record| {
                let _ = visit(record);
                Ok(())
            }),
            StorageFault::BeginsWithGenesis => {
                visit(Record::Block(genesis()))?;
                self.kept.replay(visit)
            }
            _ => self.kept.replay(visit),
        }
    }

    fn read(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        match self.fault {
            StorageFault::ReadsAnything => Ok(Some(genesis().text().as_bytes().to_vec())),
            _ => self.kept.read(hash),
        }
    }

    fn read_many(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        self.kept.read_many(&self.asked(hashes), visit)
    }

    fn at_hand(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        self.read(hash)
    }

    fn many_at_hand(
        &self,
        hashes: &[Hash],
        visit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        for hash in self.asked(hashes) {
            match self.at_hand(&hash)? {
                Some(text) if visit(&text) => {}
                Some(_) if self.fault == StorageFault::ShowsAllAtHand => {}
                _ => break,
            }
        }
        Ok(())
    }
}

impl BadStorage {
    /// The blocks that it gives when it is asked for these.
    fn asked(&self, hashes: &[Hash]) -> Vec<Hash> {
        let mut hashes = hashes.to_vec();
        if self.fault == StorageFault::ReadsInItsOwnOrder {
            hashes.sort_unstable();
        }
        if self.fault == StorageFault::PassesOverMissing {
            hashes.retain(|hash| self.kept.read(hash).is_ok_and(|text| text.is_some()));
        }
        hashes
    }
}

#[test]
fn a_bad_storage_is_caught() {
    let replayed = "what_append_acknowledged_is_replayed_in_order";
    let read = "what_append_acknowledged_is_read_back";
    let at_hand = "what_is_at_hand_is_what_is_read";
    for (fault, law) in [
        (StorageFault::ForgetsOnOpening, replayed),
        (StorageFault::LosesGroups, replayed),
        (StorageFault::LosesGroups, read),
        (StorageFault::ReadsAnything, "what_is_not_there_is_none"),
        (
            StorageFault::ReadsAnything,
            "it_may_be_read_while_it_is_appended_to",
        ),
        (
            StorageFault::IgnoresTheVisitor,
            "a_fault_of_the_visitor_ends_the_replay",
        ),
        (
            StorageFault::ReadsInItsOwnOrder,
            "several_are_read_in_the_order_asked_for_until_visit_returns_false",
        ),
        (
            StorageFault::PassesOverMissing,
            "a_block_that_is_not_there_ends_the_visit_with_an_error",
        ),
        (StorageFault::ReadsInItsOwnOrder, at_hand),
        (StorageFault::PassesOverMissing, at_hand),
        (StorageFault::ShowsAllAtHand, at_hand),
        (StorageFault::DropsLarge, "the_largest_records_are_kept"),
        (StorageFault::RefusesNothing, "appending_nothing_is_nothing"),
        (StorageFault::BeginsWithGenesis, "a_new_storage_is_empty"),
    ] {
        let new_place = move || -> storage::Place {
            let make = move || {
                Arc::new(BadStorage {
                    kept: MemoryStorage::new(),
                    fault,
                })
            };
            let kept = make();
            Box::new(move || match fault {
                StorageFault::ForgetsOnOpening => make(),
                _ => kept.clone(),
            })
        };
        let broken = storage::broken(&new_place);
        assert!(broken.contains(&law), "{fault:?}: {law} was not caught");
    }
}
