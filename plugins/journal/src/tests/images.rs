//! What a power cut, a kill or a failing disk leaves of the file: every cut at a byte, every subset of
//! the sectors that were not synced.

mod recorder;

use super::*;
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
    let end = |records: &[Record]| file_of(records).len() - "\n]\n".len();
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

    /// The records that it finds, and where they end.
    fn start(&self, bytes: &[u8]) -> Result<(Vec<Record>, Tail), Error> {
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
        Ok((seen, found.tail))
    }

    /// Starts with these bytes: all that was acknowledged is there, and of what was sent a prefix.
    /// False if the start is refused; a repair finds all that was acknowledged then.
    fn keeps(&self, bytes: &[u8], acknowledged: usize, sent: &[Record]) -> bool {
        match self.start(bytes) {
            Ok((seen, _)) => {
                assert!(sent.starts_with(&seen), "a prefix of what was sent");
                assert!(
                    seen.len() >= acknowledged,
                    "{} of {acknowledged}",
                    seen.len()
                );
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
                let salvage = Salvage::of(bytes);
                let found = salvage.found.iter().map(|found| &found.record);
                assert!(
                    found.take(acknowledged).eq(&sent[..acknowledged]),
                    "{error}"
                );
                assert!(!salvage.damaged.is_empty(), "{error}");
                false
            }
        }
    }

    /// Starts with these bytes, and cuts the power while the end is mended: the same is there.
    fn mends(&self, bytes: &[u8]) {
        let Ok((seen, tail)) = self.start(bytes) else {
            return;
        };
        let file = Recorder::new(bytes, None);
        tail.repair(&file).unwrap();
        assert_eq!(file.disk().seen(), file_of(&seen).as_bytes());
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
            disk.cut(&mut |bytes| {
                assert!(
                    starts.keeps(bytes, acknowledged, &sent),
                    "at {}",
                    bytes.len()
                );
            });
        }
    }
}

/// Sectors may reach the disk in any order. A start goes on where it can tell what was acknowledged,
/// and is refused where it can't: where whole records stand behind a hole, which may be the remains
/// of one append that nobody heard of, or damage.
#[test]
fn whichever_sectors_reached_the_disk_all_acknowledged_is_there() {
    let starts = Starts::new();
    let mut images = 0;
    for place in PLACES {
        let file = Recorder::new(EMPTY, None);
        let (sent, _) = append_all(&file, ending_at(place), &[1, 1, 4, 10, 1]);
        for (acknowledged, disk) in file.into_history() {
            disk.reordered(&mut |bytes| {
                images += 1;
                starts.keeps(bytes, acknowledged, &sent);
                if images % 16 == 0 {
                    starts.mends(bytes);
                }
            });
        }
    }
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
            assert!(starts.keeps(&disk.seen(), acknowledged, &sent), "{fault:?}");
            disk.reordered(&mut |bytes| {
                starts.keeps(bytes, acknowledged, &sent);
            });
        }
    }
}
