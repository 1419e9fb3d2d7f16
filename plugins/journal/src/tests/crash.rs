//! What a crash leaves at the end of the file.

use super::*;
use proptest::prelude::*;

#[test]
fn a_tail_cut_at_any_byte_of_the_last_two_records_is_cut_back_to_the_last_whole_one() {
    let records = records(5);
    let whole = file_of(&records);
    let ends: Vec<usize> = (3..=5).map(|n| file_of(&records[..n]).len() - 3).collect();
    for length in ends[0]..whole.len() {
        let kept = 2 + ends.iter().filter(|end| **end <= length).count();
        let (_dir, path, opened) = open_bytes(&whole.as_bytes()[..length]);
        let (journal, seen) = opened.unwrap_or_else(|error| panic!("{length}: {error}"));
        assert_eq!(seen, records[..kept], "cut at {length}");
        assert_eq!(fs::read_to_string(&path).unwrap(), file_of(&seen));
        journal.append(&records[kept..]).unwrap();
        is_read_back(&journal, &records);
        let appends = records[..kept].chunks(1).chain([&records[kept..]]);
        assert_eq!(fs::read_to_string(&path).unwrap(), file_of_appends(appends));
    }
}

#[test]
fn a_start_cut_at_any_byte_is_an_empty_journal() {
    for start in ["", "[", "[\n", "[\n]", "\0", "\0\0\0\0", "[\n\0\0"] {
        let (_dir, path, opened) = open_bytes(start.as_bytes());
        let (journal, seen) = opened.unwrap_or_else(|error| panic!("{start:?}: {error}"));
        assert!(seen.is_empty());
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\n]\n");
        journal.append(&records(1)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), file_of(&records(1)));
    }
}

#[test]
fn garbage_at_the_end_is_cut_off() {
    let records = records(4);
    let whole = file_of(&records);
    let open_end = &whole[..whole.len() - 3];
    let zeros = "\0".repeat(10_000);
    let huge = "x".repeat(5 << 20);
    for start in [&whole, open_end, &format!("{open_end},\n")] {
        for garbage in [
            &zeros,
            "garbage",
            "garb\nage\n",
            "{\"nr\": 7",
            &huge,
            "\n",
            "]",
        ] {
            let text = format!("{start}{garbage}");
            let (_dir, path, opened) = open_bytes(text.as_bytes());
            let (_, seen) = opened.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(seen, records);
            assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        }
    }
}

#[test]
fn pages_that_never_reached_the_disk_are_cut_off() {
    let records = records(6);
    let (before, last) = records.split_at(3);
    let whole = file_of_appends(before.chunks(1).chain([last])).into_bytes();
    // The array is closed, but there is a hole in its last record.
    let mut bytes = whole.clone();
    let hole = whole.len() - 100..whole.len() - 50;
    bytes[hole].fill(0);
    let (_dir, path, opened) = open_bytes(&bytes);
    let (_, seen) = opened.unwrap();
    assert_eq!(seen, records[..5]);
    let kept = file_of_appends(before.chunks(1).chain([&last[..2]]));
    assert_eq!(fs::read_to_string(&path).unwrap(), kept);
    // Whole records of the same append follow the hole.
    let hole = file_of(before).len() - 3..file_of(&records[..4]).len();
    let mut bytes = whole.clone();
    bytes[hole].fill(0);
    let (_dir, path, opened) = open_bytes(&bytes);
    assert_eq!(opened.unwrap().1, *before);
    assert_eq!(fs::read_to_string(&path).unwrap(), file_of(before));
    // The page with the old bracket is the old one, and a page behind it is new.
    let mut bytes = file_of(&records[..3]).into_bytes();
    let new_page = bytes.len() + 50;
    bytes.resize(new_page, 0);
    bytes.extend_from_slice(&whole[new_page..]);
    let (_, seen) = open_bytes(&bytes).2.unwrap();
    assert_eq!(seen, records[..3]);
}

/// A hole in the last append may also be a sector that the disk lost later.
#[test]
fn whole_records_of_a_torn_end_are_kept_beside_the_journal() {
    let records = records(7);
    let whole = file_of_appends([&records[..3], &records[3..]]).into_bytes();
    let kept = file_of_appends([&records[..3], &records[3..4]]);
    let end = kept.len() - 3;
    let mut bytes = whole.clone();
    bytes[end + 10..end + 60].fill(0);
    let (dir, path, opened) = open_bytes(&bytes);
    let (journal, seen) = opened.unwrap();
    assert_eq!(seen, records[..4]);
    assert_eq!(fs::read_to_string(&path).unwrap(), kept);
    let copy = |n: u32| dir.path().join(format!("blocks-6000.torn-{n}.json"));
    assert_eq!(fs::read(copy(1)).unwrap(), bytes[end..]);
    let found = Salvage::of(&bytes[end..]).found.into_iter();
    assert!(found.map(|found| found.record).eq(records[5..].to_vec()));
    // What is kept already stays.
    drop(journal);
    bytes[end + 20] = b'?';
    fs::write(&path, &bytes).unwrap();
    open(&path).unwrap();
    assert_eq!(fs::read(copy(2)).unwrap(), bytes[end..]);
    assert_ne!(fs::read(copy(1)).unwrap(), bytes[end..]);
    // Without a whole record there is nothing to keep.
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let (_, seen) = open(&path).unwrap();
    assert_eq!(seen, records[..6]);
    assert!(!copy(3).exists());
}

#[test]
fn a_torn_end_that_cant_be_kept_is_not_cut_off() {
    let records = records(7);
    let mut bytes = file_of_appends([&records[..3], &records[3..]]).into_bytes();
    let end = file_of_appends([&records[..3], &records[3..4]]).len() - 3;
    bytes[end + 10..end + 60].fill(0);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    fs::write(&path, &bytes).unwrap();
    for n in 1..=1_000 {
        fs::write(dir.path().join(format!("blocks-6000.torn-{n}.json")), "").unwrap();
    }
    let error = open(&path).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.message().contains("can't be kept"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_file_is_walked_without_lock_and_without_repair() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    let records = records(4);
    let (journal, _) = open(&path).unwrap();
    journal.append(&records).unwrap();
    let walk = || {
        let mut seen = Vec::new();
        let torn = visit_file(&path, &mut |line, record| {
            seen.push((line, record));
            Ok(())
        });
        (torn.unwrap(), seen)
    };
    let numbered: Vec<(u64, Record)> = (2..).zip(records.clone()).collect();
    assert_eq!(walk(), (None, numbered.clone()));
    drop(journal);
    let whole = file_of_appends([&records[..]]);
    let last = whole.find(records[3].text()).unwrap();
    fs::write(&path, &whole[..last + 10]).unwrap();
    let (torn, seen) = walk();
    assert_eq!(seen, numbered[..3]);
    let offset = last as u64 - 3;
    assert_eq!(torn, Some(TornTail { offset, bytes: 13 }));
    assert_eq!(fs::read_to_string(&path).unwrap(), whole[..last + 10]);
}

#[test]
fn what_is_appended_while_a_file_is_walked_is_left_for_the_next_walk() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    let records = records(6);
    let (journal, _) = open(&path).unwrap();
    journal.append(&records[..3]).unwrap();
    let mut seen = Vec::new();
    let mut more = records[3..].iter();
    let torn = visit_file(&path, &mut |_, record| {
        seen.push(record);
        more.by_ref()
            .try_for_each(|record| journal.append(std::slice::from_ref(record)))
    });
    assert_eq!((torn.unwrap(), &*seen), (None, &records[..3]));
}

#[test]
fn a_file_that_was_replaced_is_not_written_to() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    open(&path).unwrap().0.append(&records(2)).unwrap();
    let opened_before = File::open(&path).unwrap();
    fs::rename(&path, dir.path().join("damaged")).unwrap();
    for there in [false, true] {
        if there {
            open(&path).unwrap().0.append(&records(1)).unwrap();
        }
        let error = lock(&opened_before, &path, "in use").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InUse);
        assert!(error.to_string().contains("was replaced"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Any mix of appends, restarts and crashes leaves what the model says.
    #[test]
    fn it_does_what_a_list_does(
        steps in prop::collection::vec((0_usize..5, 0_u8..4, 0_usize..400), 1..20)
    ) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("blocks-6000.json");
        let mut source = records(100).into_iter();
        let mut model: Vec<Record> = Vec::new();
        let mut appends: Vec<Vec<Record>> = Vec::new();
        let mut journal = open(&path).unwrap().0;
        for (count, action, cut) in steps {
            let group: Vec<Record> = source.by_ref().take(count).collect();
            journal.append(&group).unwrap();
            let text = |appends: &[Vec<Record>]| file_of_appends(appends.iter().map(Vec::as_slice));
            let acknowledged = text(&appends).len() - 3;
            model.extend(group.clone());
            appends.push(group.clone());
            prop_assert_eq!(fs::read_to_string(&path).unwrap(), text(&appends));
            if action == 0 {
                continue;
            }
            drop(journal);
            if action == 1 {
                // A crash tore the last group somewhere.
                let length = fs::metadata(&path).unwrap().len() as usize;
                let kept = length.saturating_sub(cut).max(acknowledged);
                let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
                file.set_len(kept as u64).unwrap();
            }
            let (opened, seen) = open(&path).unwrap();
            prop_assert!(model.starts_with(&seen));
            prop_assert!(seen.len() + group.len() >= model.len());
            prop_assert!(action == 1 || seen.len() == model.len());
            let lost = model.len() - seen.len();
            appends.last_mut().unwrap().truncate(group.len() - lost);
            model = seen;
            is_read_back(&opened, &model);
            journal = opened;
        }
    }
}
