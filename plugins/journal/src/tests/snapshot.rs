//! A snapshot is never trusted over the journal.

use super::*;

/// A journal of these records with a snapshot of the first few.
fn with_snapshot(records: &[Record], of: usize) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    let (journal, _) = open(&path).unwrap();
    journal.append(&records[..of]).unwrap();
    let position = journal.snapshot_position().unwrap();
    journal.append(&records[of..]).unwrap();
    journal.save_snapshot(position, b"state").unwrap();
    (dir, path)
}

/// A journal, its snapshot and what was visited.
type Started = Result<(Journal, Option<Vec<u8>>, Vec<Record>), Error>;

/// The snapshot, if it holds.
fn loaded(journal: &Journal) -> Result<Option<Vec<u8>>, Error> {
    let mut shown = None;
    let holds = journal.load_snapshot(&mut |bytes| shown = Some(bytes.to_owned()))?;
    Ok(shown.filter(|_| holds))
}

/// What a start gives: the snapshot, if it is good, and the records that are visited.
fn start(path: &Path) -> Started {
    let journal = Journal::open(path)?;
    let mut seen = Vec::new();
    let mut visit = |record| {
        seen.push(record);
        Ok(())
    };
    let snapshot = loaded(&journal)?;
    match snapshot {
        Some(_) => journal.replay_rest(&mut visit)?,
        None => journal.replay(&mut visit)?,
    }
    Ok((journal, snapshot, seen))
}

#[test]
fn the_records_behind_it_are_visited_and_all_are_read_back() {
    let records = records(30);
    for of in [1, 2, 17, 30] {
        let (_dir, path) = with_snapshot(&records, of);
        let (journal, snapshot, seen) = start(&path).unwrap();
        assert_eq!(snapshot.as_deref(), Some(&b"state"[..]));
        assert_eq!(seen, records[of..]);
        is_read_back(&journal, &records);
        // It is a journal like any other from here on, and may have the next snapshot.
        let more = super::records(33);
        journal.append(&more[30..]).unwrap();
        let position = journal.snapshot_position().unwrap();
        journal.save_snapshot(position, b"more").unwrap();
        drop(journal);
        let (journal, snapshot, seen) = start(&path).unwrap();
        assert_eq!(snapshot.as_deref(), Some(&b"more"[..]));
        assert!(seen.is_empty());
        is_read_back(&journal, &more);
        let appends = [&more[..of], &more[of..30], &more[30..]];
        assert_eq!(fs::read_to_string(&path).unwrap(), file_of_appends(appends));
    }
}

#[test]
fn a_replay_after_one_that_ended_early_has_every_block_once() {
    let records = records(30);
    let (_dir, path) = with_snapshot(&records, 10);
    let journal = Journal::open(&path).unwrap();
    let replay = |first, visit: &mut dyn FnMut(Record) -> Result<(), Error>| match first {
        0 => journal.replay(visit),
        _ => journal.replay_rest(visit),
    };
    assert!(loaded(&journal).unwrap().is_some());
    for first in [10, 10, 0] {
        let mut left = 15;
        let ended = replay(first, &mut |_| {
            left -= 1;
            match left {
                0 => Err(Error::new(ErrorKind::Plugin, "enough")),
                _ => Ok(()),
            }
        });
        assert_eq!(ended.unwrap_err().message(), "enough");
        let mut seen = Vec::new();
        let replayed = replay(first, &mut |record| {
            seen.push(record);
            Ok(())
        });
        replayed.unwrap();
        assert_eq!(seen, records[first..]);
        is_read_back(&journal, &records);
        let is_block = |record: &&Record| matches!(record, Record::Block(_));
        let blocks = records.iter().filter(is_block).count();
        assert_eq!(journal.index.before(u64::MAX).count(), blocks);
    }
}

#[test]
fn a_node_that_does_not_want_it_visits_all() {
    let records = records(10);
    let (_dir, path) = with_snapshot(&records, 7);
    let journal = Journal::open(&path).unwrap();
    assert!(loaded(&journal).unwrap().is_some());
    let mut seen = Vec::new();
    let visited = journal.replay(&mut |record| {
        seen.push(record);
        Ok(())
    });
    visited.unwrap();
    assert_eq!(seen, records);
    is_read_back(&journal, &records);
}

#[test]
fn an_empty_journal_has_none_and_another_position_is_refused() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(&dir.path().join("blocks-6000.json")).unwrap();
    assert_eq!(journal.snapshot_position(), None);
    assert!(journal.save_snapshot(2, b"").is_err());
    journal.append(&records(2)).unwrap();
    let position = journal.snapshot_position().unwrap();
    assert!(journal.save_snapshot(position - 1, b"").is_err());
    journal.save_snapshot(position, b"").unwrap();
}

#[test]
fn a_snapshot_damaged_at_any_byte_or_cut_anywhere_is_ignored() {
    let records = records(8);
    let (_dir, path) = with_snapshot(&records, 6);
    let file = path.with_extension("snapshot");
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        for bytes in [&damaged[..], &whole[..at]] {
            fs::write(&file, bytes).unwrap();
            let (journal, snapshot, seen) = start(&path).unwrap();
            assert_eq!((snapshot, &seen[..]), (None, &records[..]), "byte {at}");
            is_read_back(&journal, &records);
        }
    }
    // What a kill between the writing and the naming leaves is no snapshot.
    fs::write(&file, &whole).unwrap();
    fs::write(path.with_extension("snapshot.new"), &whole[..50]).unwrap();
    assert!(start(&path).unwrap().1.is_some());
}

#[test]
fn a_journal_that_is_not_what_it_was_is_read_as_a_whole() {
    let records = records(12);
    let (_dir, path) = with_snapshot(&records, 9);
    let whole = fs::read(&path).unwrap();
    let snapshot_of = file_of_appends([&records[..9]]).len() - 3;
    // Any change before the snapshot's position is found, as a cold start finds it.
    for at in (0..snapshot_of).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let cold = {
            let journal = Journal::open(&path).unwrap();
            assert_eq!(loaded(&journal).unwrap(), None, "byte {at}");
            drop(journal);
            open(&path).map(|_| ()).map_err(|error| error.to_string())
        };
        fs::write(&path, &changed).unwrap();
        let warm = start(&path).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(warm, cold, "byte {at}");
    }
    // Shorter, and another chain of the same length.
    for text in [file_of(&records[..8]), file_of(&super::records(14)[2..])] {
        fs::write(&path, &text).unwrap();
        assert_eq!(loaded(&Journal::open(&path).unwrap()).unwrap(), None);
    }
}

#[test]
fn a_tail_torn_behind_it_is_cut_back_and_damage_is_named_as_ever() {
    let records = records(12);
    let (_dir, path) = with_snapshot(&records, 9);
    let whole = file_of_appends([&records[..9], &records[9..]]);
    let first = file_of_appends([&records[..9]]).len() - 3;
    for length in first..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let (_, snapshot, seen) = start(&path).unwrap();
        assert!(snapshot.is_some(), "cut at {length}");
        assert!(records[9..].starts_with(&seen));
        let all = file_of_appends([&records[..9], &seen]);
        assert_eq!(fs::read_to_string(&path).unwrap(), all);
    }
    let tenth = whole.find(records[9].text()).unwrap();
    let damaged = format!("{}x{}", &whole[..tenth + 5], &whole[tenth + 6..]);
    fs::write(&path, damaged).unwrap();
    let said = start(&path).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains(&format!("line 11, byte {tenth})")), "{said}");
}
