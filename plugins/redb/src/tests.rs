//! What the database's file holds, and what it survives.

use super::*;
use plugcoin_sdk::ledger::genesis;
use plugcoin_sdk::plugin::{Setup, compiled_in};
use plugcoin_testkit::fixtures::{START_US, chain, pay};
use std::fs;
use tempfile::TempDir;

/// A genesis block, and then in turn a payment and a block.
fn records(count: usize) -> Vec<Record> {
    let mut all = vec![Record::Block(genesis())];
    for (block, n) in chain(count as u64).into_iter().zip(1_i64..) {
        all.push(Record::Transaction(pay(
            "alice",
            "bob",
            "1.50",
            START_US + n,
        )));
        all.push(Record::Block(block));
    }
    all.truncate(count);
    all
}

/// A database and what its replay showed.
fn open(path: &Path) -> Result<(Redb, Vec<Record>), Error> {
    let redb = Redb::open(path)?;
    let mut seen = Vec::new();
    redb.replay(&mut |record| {
        seen.push(record);
        Ok(())
    })?;
    Ok((redb, seen))
}

fn at(dir: &TempDir) -> PathBuf {
    dir.path().join("blocks-6000.redb")
}

#[test]
fn a_process_that_is_killed_leaves_all_that_was_acknowledged() {
    let dir = TempDir::new().unwrap();
    let path = at(&dir);
    let (redb, _) = open(&path).unwrap();
    let records = records(12);
    for n in 0..records.len() {
        redb.append(&records[n..=n]).unwrap();
        // The file as it lies on the disk while the database is open.
        let left = dir.path().join(format!("left-{n}.redb"));
        fs::copy(&path, &left).unwrap();
        assert_eq!(open(&left).unwrap().1, records[..=n]);
    }
}

#[test]
fn a_second_opener_is_told_what_to_do() {
    let dir = TempDir::new().unwrap();
    let first = Redb::open(at(&dir)).unwrap();
    let error = Redb::open(at(&dir)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert_eq!(
        error.to_string(),
        format!(
            "another node has this database open; stop that node, or start this one with another \
             --port or --data-dir (file {})",
            at(&dir).display()
        )
    );
    drop(first);
    assert!(Redb::open(at(&dir)).is_ok());
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    let dir = TempDir::new().unwrap();
    for bytes in ["[\n]\n".to_owned(), "x".repeat(100_000)] {
        fs::write(at(&dir), &bytes).unwrap();
        let error = Redb::open(at(&dir)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("blocks-6000.redb"), "{error}");
        assert_eq!(fs::read_to_string(at(&dir)).unwrap(), bytes);
    }
}

/// A database that was closed, and the same as a crash leaves it, after appends of seven records.
fn closed_and_left(path: &Path, records: &[Record]) -> [Vec<u8>; 2] {
    let (redb, _) = open(path).unwrap();
    for part in records.chunks(7) {
        redb.append(part).unwrap();
    }
    let left = fs::read(path).unwrap();
    drop(redb);
    [fs::read(path).unwrap(), left]
}

#[test]
fn damage_is_an_error_and_never_passed_over() {
    let dir = TempDir::new().unwrap();
    let path = at(&dir);
    let records = records(42);
    let [closed, left] = closed_and_left(&path, &records);
    let mut errors = 0;
    // A crash may have torn the last append, and damage there looks the same.
    for (bytes, least) in [(closed, 42), (left, 35)] {
        for place in (0..bytes.len()).step_by(1_021) {
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x55;
            fs::write(&path, &bytes).unwrap();
            match open(&path) {
                Ok((_, seen)) => {
                    assert!(
                        seen.len() >= least && records.starts_with(&seen),
                        "{place} {}",
                        seen.len()
                    );
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
                    errors += 1;
                }
            }
        }
    }
    assert!(errors > 25);
}

#[test]
fn a_file_that_was_cut_short_is_damaged() {
    let dir = TempDir::new().unwrap();
    let path = at(&dir);
    let [closed, _] = closed_and_left(&path, &records(42));
    for length in [1, 100, 4_096, closed.len() / 2, closed.len() - 1] {
        fs::write(&path, &closed[..length]).unwrap();
        let error = open(&path).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{length}: {error}");
    }
    let said = open(&path).err().unwrap().to_string();
    assert!(
        said.starts_with("the database is damaged; put a copy of it back"),
        "{said}"
    );
}

#[test]
fn what_is_no_record_is_named() {
    let dir = TempDir::new().unwrap();
    let (redb, _) = open(&at(&dir)).unwrap();
    redb.append(&records(3)).unwrap();
    let transaction = redb.database.begin_write().unwrap();
    let text: &[u8] = b"{\"nr\": 7}";
    transaction
        .open_table(RECORDS)
        .unwrap()
        .insert(1, text)
        .unwrap();
    transaction.commit().unwrap();
    drop(redb);
    let error = open(&at(&dir)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let said = error.to_string();
    assert!(
        said.starts_with("what the database holds is no record (record 1, file "),
        "{said}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let dir = TempDir::new().unwrap();
    let error = Redb::open(dir.path().join("nowhere/blocks-6000.redb"))
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn it_is_named_by_the_port_and_needs_a_folder() {
    let registration = compiled_in()[0];
    let dir = TempDir::new().unwrap();
    let mut setup = Setup {
        plugin: registration.name.into(),
        port: 6001,
        ..Setup::default()
    };
    let error = (registration.create)(&setup).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("--data-dir"));
    setup.data_dir = Some(dir.path().to_owned());
    let storage = (registration.create)(&setup).unwrap().storage.unwrap();
    let path = dir.path().join("blocks-6001.redb");
    assert_eq!(storage.location(), Some(path.display().to_string()));
    assert!(path.exists());
}
