//! What a power cut, a kill or a failing disk leaves of the file: every cut at a byte, every subset of
//! the sectors that were not synced.

mod recorder;

use super::*;
use crate::array::Found;
use crate::tail::Tail;
use recorder::{Fault, Recorder};
use std::io;

/// Where in its sector the records end before the appends begin: at the borders, where the bytes that
/// an append overwrites lie in two sectors, and away from them.
const PLACES: [usize; 11] = [0, 1, 2, 3, 4, 256, 507, 508, 509, 510, 511];

/// How many records are appended at once, again and again.
const GROUPS: [usize; 5] = [1, 1, 4, 2, 1];

/// Four records that end at this place in a sector.
fn ending_at(place: usize) -> Vec<Record> {
    let of_length = |letters: usize, n: i64| {
        let name = "x".repeat(letters);
        Record::Transaction(pay("alice", &name, "0.5", START_US + n))
    };
    let length = |letters: [usize; 3]| {
        let mut records = vec![Record::Block(genesis())];
        records.extend((0..).zip(letters).map(|(n, letters)| of_length(letters, n)));
        records
    };
    let end = |records: &[Record]| file_of_appends([records]).len() - "\n]\n".len();
    let mut letters = [1; 3];
    let mut missing = (place + 512 - end(&length(letters)) % 512) % 512;
    for count in &mut letters {
        let more = missing.min(199);
        (*count, missing) = (1 + more, missing - more);
    }
    let records = length(letters);
    assert_eq!(end(&records) % 512, place);
    records
}

/// What a start makes of a file with these bytes.
struct Starts {
    file: File,
}

impl Starts {
    fn new() -> Self {
        Self {
            file: tempfile::tempfile().unwrap(),
        }
    }

    /// The records that it finds, and what else.
    fn start(&self, bytes: &[u8]) -> Result<(Vec<Record>, Found), Error> {
        self.file.set_len(0).unwrap();
        self.file.write_all_at(bytes, 0).unwrap();
        let mut seen = Vec::new();
        let found = scan(
            &self.file,
            Path::new("blocks"),
            None,
            &mut |_, _, record| {
                seen.push(record);
                Ok(())
            },
        )?;
        Ok((seen, found))
    }

    /// Starts with these bytes: all that was acknowledged is there, and of what was sent a prefix.
    /// A search byte by byte has it too.
    fn keeps(&self, bytes: &[u8], acknowledged: usize, sent: &[Record]) {
        let (seen, _) = self.start(bytes).unwrap();
        assert!(sent.starts_with(&seen), "a prefix of what was sent");
        let count = seen.len();
        assert!(count >= acknowledged, "{count} of {acknowledged}");
        let salvage = Salvage::of(bytes);
        let found = salvage.found.iter().map(|found| &found.record);
        assert!(found.take(acknowledged).eq(&sent[..acknowledged]));
    }

    /// Starts with these bytes, and cuts the power while the end is mended: the same is there.
    fn mends(&self, bytes: &[u8]) {
        let (seen, found) = self.start(bytes).unwrap();
        let file = Recorder::new(bytes, None);
        found.settle(&file).unwrap();
        let end = found.tail.end as usize;
        let mended = match seen.len() {
            0 => EMPTY.to_vec(),
            _ => [&bytes[..end], b"\n]\n"].concat(),
        };
        assert_eq!(file.disk().seen(), mended);
        for (_, disk) in file.into_history() {
            disk.reordered(&mut |bytes| {
                let (again, _) = self.start(bytes).unwrap();
                assert_eq!(again, seen);
            });
        }
    }
}

/// Appends groups to a file that may fail; what was sent, and whether an append failed.
fn append_all(file: &Recorder, base: Vec<Record>, groups: &[usize]) -> (Vec<Record>, bool) {
    let mut more = records(100).into_iter().skip(1);
    let (mut tail, mut sent) = (Tail::empty(), Vec::new());
    let mut append = |group: Vec<Record>| {
        let texts: Vec<&str> = group.iter().map(Record::text).collect();
        let result = tail.append(file, &texts);
        sent.extend(group.clone());
        if result.is_ok() {
            file.acknowledge(sent.len());
        }
        result
    };
    let mut failed = append(base).err();
    for count in groups {
        let group = more.by_ref().take(*count).collect();
        if failed.is_none() {
            failed = append(group).err();
        }
    }
    if let Some(error) = &failed {
        assert!(error.message().contains("start the node again"), "{error}");
        assert!(tail.append(file, &["{}"]).is_err(), "nothing is pretended");
        // What it says of the end is so, whatever the disk lost.
        let acknowledged = file.acknowledged();
        if error.message().contains("nothing of it is kept") {
            let starts = Starts::new();
            file.disk().reordered(&mut |bytes| {
                let (seen, _) = starts.start(bytes).unwrap();
                assert_eq!(seen, sent[..acknowledged]);
            });
        }
    }
    (sent, failed.is_some())
}

#[test]
fn whatever_byte_a_killed_process_stopped_at_all_acknowledged_is_there() {
    let starts = Starts::new();
    for place in [256, 510] {
        let file = Recorder::new(EMPTY, None);
        let (sent, _) = append_all(&file, ending_at(place), &GROUPS);
        for (acknowledged, disk) in file.into_history() {
            disk.cut(&mut |bytes| starts.keeps(bytes, acknowledged, &sent));
        }
    }
}

/// Sectors may reach the disk in any order, so that whole records of the append that was under way
/// stand behind a hole.
#[test]
fn whichever_sectors_reached_the_disk_all_acknowledged_is_there() {
    let starts = Starts::new();
    for place in PLACES {
        let file = Recorder::new(EMPTY, None);
        let (sent, _) = append_all(&file, ending_at(place), &[1, 1, 4, 10, 1]);
        for (acknowledged, disk) in file.into_history() {
            disk.reordered(&mut |bytes| {
                starts.keeps(bytes, acknowledged, &sent);
                starts.mends(bytes);
            });
        }
    }
}

/// What a killed process wrote may not be on the disk yet when the next one appends to it.
#[test]
fn power_that_goes_after_a_kill_takes_nothing_that_was_acknowledged() {
    let starts = Starts::new();
    for place in PLACES {
        let file = Recorder::new(EMPTY, None);
        append_all(&file, ending_at(place), &[4]);
        let more = records(40).split_off(30);
        for (_, disk) in file.into_history() {
            let (mut seen, found) = starts.start(&disk.seen()).unwrap();
            let next = Recorder::after_a_kill(disk);
            found.settle(&next).unwrap();
            next.acknowledge(seen.len());
            let mut tail = found.tail;
            for group in more.chunks(4) {
                let texts: Vec<&str> = group.iter().map(Record::text).collect();
                tail.append(&next, &texts).unwrap();
                seen.extend_from_slice(group);
                next.acknowledge(seen.len());
            }
            for (acknowledged, disk) in next.into_history() {
                disk.reordered(&mut |bytes| {
                    let (again, _) = starts.start(bytes).unwrap();
                    assert!(again.len() >= acknowledged);
                });
            }
        }
    }
}

/// A disk that said it had synced an append and had not: the append behind it tells.
#[test]
fn sectors_of_an_acknowledged_append_are_never_given_up() {
    let starts = Starts::new();
    let mut refused = 0;
    for (place, count) in PLACES.into_iter().flat_map(|at| [1, 2, 6].map(|n| (at, n))) {
        let base = file_of_appends([&ending_at(place)[..]]).into_bytes();
        let (_, found) = starts.start(&base).unwrap();
        let more = records(10);
        let file = Recorder::new(&base, None);
        let mut tail = found.tail;
        let texts: Vec<&str> = more.iter().map(Record::text).collect();
        tail.append(&file, &texts[1..=count]).unwrap();
        let lost = file.into_history().swap_remove(1).1;
        let behind = Recorder::new(&lost.seen(), None);
        tail.append(&behind, &texts[8..]).unwrap();
        let whole = behind.disk().seen();
        let from = lost.seen().len() - 3;
        lost.reordered(&mut |bytes| {
            let mut bytes = bytes.to_vec();
            bytes.resize(whole.len(), 0);
            bytes[from..].copy_from_slice(&whole[from..]);
            match starts.start(&bytes) {
                Ok(_) => assert_eq!(bytes, whole, "at {place}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
            }
            refused += usize::from(bytes != whole);
        });
    }
    assert!(refused > 0);
}

#[test]
fn whichever_operation_fails_all_acknowledged_is_there() {
    let starts = Starts::new();
    let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::Other];
    for (operation, stays, kind) in (0..10)
        .flat_map(|operation| [(operation, false), (operation, true)])
        .flat_map(|(operation, stays)| kinds.map(|kind| (operation, stays, kind)))
    {
        let fault = Fault {
            operation,
            kind,
            stays,
        };
        let file = Recorder::new(EMPTY, Some(fault));
        let (sent, failed) = append_all(&file, ending_at(509), &GROUPS[..4]);
        assert!(failed, "{fault:?}");
        for (acknowledged, disk) in file.into_history() {
            starts.keeps(&disk.seen(), acknowledged, &sent);
            disk.reordered(&mut |bytes| starts.keeps(bytes, acknowledged, &sent));
        }
    }
}
