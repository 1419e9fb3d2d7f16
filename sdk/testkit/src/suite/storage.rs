//! The laws of [`Storage`].
//!
//! A storage is checked by way of a [`Place`]: every law begins with an empty one, and opens the
//! storage in it again and again, as a node that is restarted does.

use std::sync::Arc;

use plugcoin_sdk::hooks::{Record, Storage};
use plugcoin_sdk::ledger::{Block, Hash, genesis};
use plugcoin_sdk::{Error, ErrorKind};

use super::laws;
use crate::fixtures::{START_US, block, chain, nonce, pay};

/// Opens the storage in one place; what it opened before has been dropped by then.
pub type Place = Box<dyn Fn() -> Arc<dyn Storage>>;

/// Makes a place with nothing in it.
pub type NewPlace = dyn Fn() -> Place;

laws!(NewPlace:
    what_append_acknowledged_is_replayed_in_order,
    what_append_acknowledged_is_read_back,
    what_is_at_hand_is_what_is_read,
    appending_nothing_is_nothing,
    a_new_storage_is_empty,
    what_is_not_there_is_none,
    several_are_read_in_the_order_asked_for_until_visit_returns_false,
    a_block_that_is_not_there_ends_the_visit_with_an_error,
    a_fault_of_the_visitor_ends_the_replay,
    the_largest_records_are_kept,
    it_may_be_read_while_it_is_appended_to,
);

fn records() -> Vec<Record> {
    let mut all = vec![Record::Block(genesis())];
    for (block, n) in chain(12).into_iter().zip(1..) {
        all.push(Record::Transaction(pay(
            "alice",
            "bob",
            "1.50",
            START_US + n,
        )));
        all.push(Record::Block(block));
    }
    all
}

fn blocks(records: &[Record]) -> Vec<Block> {
    let block = |record: &Record| match record {
        Record::Block(block) => Some(block.clone()),
        Record::Transaction(_) => None,
    };
    records.iter().filter_map(block).collect()
}

/// Opens the storage as a node does: with a replay.
fn open(place: &Place) -> (Arc<dyn Storage>, Vec<Record>) {
    let storage = place();
    let mut seen = Vec::new();
    let replayed = storage.replay(&mut |record| {
        seen.push(record);
        Ok(())
    });
    replayed.expect("what was appended can be replayed");
    (storage, seen)
}

fn append(storage: &dyn Storage, records: &[Record]) {
    storage.append(records).expect("it can be appended to");
}

/// A place with these records in it, and the storage after a restart.
fn filled(new_place: &NewPlace, records: &[Record]) -> Arc<dyn Storage> {
    let place = new_place();
    let (storage, _) = open(&place);
    append(&*storage, records);
    drop(storage);
    open(&place).0
}

fn what_append_acknowledged_is_replayed_in_order(new_place: &NewPlace) {
    let place = new_place();
    let records = records();
    let mut from = 0;
    for length in [1, 2, 0, 5, 1, records.len()] {
        let (storage, seen) = open(&place);
        assert_eq!(seen, records[..from]);
        let to = (from + length).min(records.len());
        append(&*storage, &records[from..to]);
        from = to;
    }
    assert_eq!(open(&place).1, records);
}

fn what_append_acknowledged_is_read_back(new_place: &NewPlace) {
    let place = new_place();
    let records = records();
    let (storage, _) = open(&place);
    append(&*storage, &records[..7]);
    append(&*storage, &records[7..]);
    let is_there = |storage: &dyn Storage| {
        for block in blocks(&records) {
            let text = storage.read(&block.hash()).expect("it can be read");
            assert_eq!(text.as_deref(), Some(block.text().as_bytes()));
            let read = storage.block(&block.hash()).expect("it can be read");
            assert_eq!(read.as_ref(), Some(&block));
        }
    };
    is_there(&*storage);
    drop(storage);
    is_there(&*open(&place).0);
}

fn what_is_at_hand_is_what_is_read(new_place: &NewPlace) {
    let records = records();
    let storage = filled(new_place, &records);
    for block in blocks(&records) {
        for _ in 0..2 {
            let text = storage.at_hand(&block.hash()).expect("it can be asked for");
            let read = storage.read(&block.hash()).expect("it can be read");
            assert!(text.is_none() || text == read, "{text:?} and not {read:?}");
        }
    }
    let nowhere = Hash::of("nowhere");
    let text = storage.at_hand(&nowhere);
    assert_eq!(text.expect("it can be asked for"), None);
    let all = blocks(&records);
    let mut hashes: Vec<Hash> = all.iter().map(Block::hash).collect();
    // Nothing is shown behind a block that is not there.
    for there in [all.len(), all.len() / 2, 0] {
        hashes.retain(|hash| *hash != nowhere);
        hashes.insert(there, nowhere);
        for wanted in 0..=hashes.len() {
            let mut shown = Vec::new();
            let visited = storage.many_at_hand(&hashes, &mut |text| {
                shown.push(text.to_vec());
                shown.len() < wanted
            });
            visited.expect("they can be asked for");
            let most = wanted.max(1).min(there);
            assert!(shown.len() <= most, "{} and not {most}", shown.len());
            let texts = all.iter().map(|block| block.text().as_bytes());
            assert!(texts.zip(&shown).all(|(text, shown)| text == shown));
        }
    }
}

fn appending_nothing_is_nothing(new_place: &NewPlace) {
    let place = new_place();
    let (storage, _) = open(&place);
    append(&*storage, &[]);
    append(&*storage, &records()[..1]);
    append(&*storage, &[]);
    drop(storage);
    assert_eq!(open(&place).1, records()[..1]);
}

fn a_new_storage_is_empty(new_place: &NewPlace) {
    let place = new_place();
    assert_eq!(open(&place).1, []);
    assert_eq!(open(&place).1, [], "and stays so");
}

fn what_is_not_there_is_none(new_place: &NewPlace) {
    let storage = filled(new_place, &records());
    let hash = Hash::of("no block");
    assert_eq!(storage.read(&hash).expect("none is no fault"), None);
    assert_eq!(storage.block(&hash).expect("none is no fault"), None);
    let id = pay("alice", "bob", "1.50", START_US + 1).id();
    assert_eq!(
        storage.read(&id).expect("none is no fault"),
        None,
        "a transaction is no block"
    );
}

fn several_are_read_in_the_order_asked_for_until_visit_returns_false(new_place: &NewPlace) {
    let records = records();
    let storage = filled(new_place, &records);
    let forward = blocks(&records);
    let mut backward = forward.clone();
    backward.reverse();
    let every_other = forward.iter().step_by(2).cloned().collect();
    let repeated = vec![forward[3].clone(), forward[3].clone(), forward[4].clone()];
    for blocks in [forward, backward, every_other, repeated, Vec::new()] {
        let hashes: Vec<Hash> = blocks.iter().map(Block::hash).collect();
        for stop_after in [1, 3, usize::MAX] {
            let mut seen = Vec::new();
            let visited = storage.read_many(&hashes, &mut |text| {
                seen.push(String::from_utf8_lossy(text).into_owned());
                seen.len() < stop_after
            });
            visited.expect("they can be read");
            let texts = blocks.iter().map(Block::text).take(stop_after);
            assert!(texts.eq(seen.iter().map(String::as_str)));
        }
    }
}

fn a_block_that_is_not_there_ends_the_visit_with_an_error(new_place: &NewPlace) {
    let records = records();
    let storage = filled(new_place, &records);
    let mut hashes: Vec<Hash> = blocks(&records).iter().map(Block::hash).collect();
    hashes.insert(3, Hash::of("no block"));
    let mut seen = 0;
    let visited = storage.read_many(&hashes, &mut |_| {
        seen += 1;
        true
    });
    assert!(visited.is_err());
    assert_eq!(seen, 3, "those before it are visited");
    let stopped = storage.read_many(&hashes, &mut |_| false);
    assert!(stopped.is_ok(), "it was never reached");
}

fn a_fault_of_the_visitor_ends_the_replay(new_place: &NewPlace) {
    let place = new_place();
    let (storage, _) = open(&place);
    append(&*storage, &records());
    drop(storage);
    let mut seen = 0;
    let error = place().replay(&mut |_| {
        seen += 1;
        match seen {
            4 => Err(Error::new(ErrorKind::Plugin, "the visitor's fault")),
            _ => Ok(()),
        }
    });
    let error = error.expect_err("the visitor failed");
    assert_eq!(error.message(), "the visitor's fault");
    assert_eq!(seen, 4);
    assert_eq!(open(&place).1, records(), "nothing is lost by it");
}

fn the_largest_records_are_kept(new_place: &NewPlace) {
    let place = new_place();
    let (storage, _) = open(&place);
    // About 190 bytes each: a block of almost 1 MiB.
    let payments = (0..5_300)
        .map(|n| pay("alice", "bob", "1", START_US + n))
        .collect();
    let large = block(&genesis(), "miner", payments, START_US, &nonce(1));
    assert!(large.text().len() > 900_000 && Block::parse(large.text()).is_ok());
    let records = [Record::Block(genesis()), Record::Block(large.clone())];
    append(&*storage, &records);
    drop(storage);
    let (storage, seen) = open(&place);
    assert!(seen == records);
    let text = storage.read(&large.hash()).expect("it can be read");
    assert!(text.is_some_and(|text| text == large.text().as_bytes()));
}

fn it_may_be_read_while_it_is_appended_to(new_place: &NewPlace) {
    let place = new_place();
    let (storage, _) = open(&place);
    let blocks = chain(20);
    let writer = {
        let (storage, blocks) = (storage.clone(), blocks.clone());
        std::thread::spawn(move || {
            for block in blocks {
                append(&*storage, &[Record::Block(block)]);
            }
        })
    };
    for block in &blocks {
        loop {
            let text = storage.read(&block.hash()).expect("it can be read");
            if let Some(text) = text {
                assert_eq!(text, block.text().as_bytes());
                break;
            }
            assert!(
                !writer.is_finished() || storage.read(&block.hash()).is_ok_and(|t| t.is_some())
            );
            std::thread::yield_now();
        }
    }
    writer.join().expect("appending has no fault");
}
