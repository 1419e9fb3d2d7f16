//! What the journal's file holds, and what it survives.

mod crash;
mod damage;
mod images;
mod salvage;
mod snapshot;

use super::*;
use plugcoin_sdk::ledger::genesis;
use plugcoin_sdk::plugin::{Setup, compiled_in};
use plugcoin_testkit::fixtures::{START_US, chain, pay};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// A genesis block, and then in turn two payments and a block.
fn records(count: usize) -> Vec<Record> {
    let mut blocks = chain(count as u64).into_iter().map(Record::Block);
    let mut all = vec![Record::Block(genesis())];
    for n in 1_i64.. {
        let sum = format!("0.{n:04}");
        let payment = |from, to| Record::Transaction(pay(from, to, &sum, START_US + n));
        all.extend([payment("alice", "bob"), payment("bob", "carol")]);
        all.extend(blocks.next());
        if all.len() >= count {
            break;
        }
    }
    all.truncate(count);
    all
}

/// The file after one append for each record; older nodes wrote every file so.
fn file_of(records: &[Record]) -> String {
    file_of_appends(records.chunks(1))
}

/// The file after these appends.
fn file_of_appends<'a>(appends: impl IntoIterator<Item = &'a [Record]>) -> String {
    let appends = appends.into_iter().filter(|records| !records.is_empty());
    let texts: Vec<String> = appends
        .map(|records| {
            let texts: Vec<&str> = records.iter().map(Record::text).collect();
            texts.join(",\n ")
        })
        .collect();
    match texts.is_empty() {
        true => "[\n]\n".into(),
        false => format!("[\n{}\n]\n", texts.join(",\n")),
    }
}

/// A journal and what its replay showed.
type Opened = Result<(Journal, Vec<Record>), Error>;

/// Opens a journal and replays it.
fn open(path: &Path) -> Opened {
    let journal = Journal::open(path)?;
    let mut seen = Vec::new();
    journal.replay(&mut |record| {
        seen.push(record);
        Ok(())
    })?;
    Ok((journal, seen))
}

/// Puts these bytes into a file and opens it.
fn open_bytes(bytes: &[u8]) -> (TempDir, PathBuf, Opened) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    fs::write(&path, bytes).unwrap();
    let opened = open(&path);
    (dir, path, opened)
}

fn is_read_back(journal: &Journal, records: &[Record]) {
    let mut hashes = Vec::new();
    for record in records {
        if let Record::Block(block) = record {
            let text = journal.read(&block.hash()).unwrap().unwrap();
            assert_eq!(text, block.text().as_bytes());
            hashes.push(block.hash());
        }
    }
    hashes.reverse();
    let mut texts = Vec::new();
    let visited = journal.read_many(&hashes, &mut |text| {
        texts.push(text.to_vec());
        true
    });
    visited.unwrap();
    assert_eq!(texts.len(), hashes.len());
    for (text, hash) in texts.iter().zip(&hashes) {
        assert_eq!(journal.read(hash).unwrap().as_ref(), Some(text));
    }
}

#[test]
fn the_bytes_of_the_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    let (journal, seen) = open(&path).unwrap();
    assert!(seen.is_empty());
    assert_eq!(fs::read_to_string(&path).unwrap(), "[\n]\n");
    let records = records(4);
    journal.append(&records[..1]).unwrap();
    journal.append(&records[1..]).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        concat!(
            "[\n",
            r#"{"nr": 0,"previous_hash": "","timestamp": "01/01/2009","nonce": "VDEODFTZ041jHIZuIyEY","hash": "00008c26fa89c80d23ce0b98afb3bff429f828253c008b562ca8599606cb60e3","creator": "Satoshi Nakamoto","merkle_root": "563826313bf3d6ae2fc191f05f3eb08b60a3fb50704e8a89c4e0827ed663fdfb","count": 1,"transactions": [{"signature": "System","transaction": {"from": "System","to": "Satoshi Nakamoto","sum": 50,"timestamp": "01/01/2009"}}]}"#,
            ",\n",
            r#"{"signature": "SIG1","transaction": {"from": "alice","to": "bob","sum": 0.0001,"timestamp": "2020-05-14T09:19:10.000001"}}"#,
            ",\n",
            r#" {"signature": "SIG2","transaction": {"from": "bob","to": "carol","sum": 0.0001,"timestamp": "2020-05-14T09:19:10.000001"}}"#,
            ",\n",
            " BLOCK1",
            "\n]\n",
        )
        .replace("SIG1", signature(&records[1]))
        .replace("SIG2", signature(&records[2]))
        .replace("BLOCK1", records[3].text())
    );
}

fn signature(record: &Record) -> &str {
    match record {
        Record::Transaction(transaction) => transaction.signature(),
        Record::Block(_) => panic!("a block has no signature"),
    }
}

#[test]
fn what_was_appended_is_there_after_reopening() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    let records = records(400);
    for (n, part) in records.chunks(50).enumerate() {
        let (journal, seen) = open(&path).unwrap();
        assert_eq!(seen, records[..n * 50]);
        for record in part {
            journal.append(std::slice::from_ref(record)).unwrap();
        }
        is_read_back(&journal, &records[..(n + 1) * 50]);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            file_of(&records[..(n + 1) * 50])
        );
    }
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 400);
}

#[test]
fn a_second_opener_is_told_what_to_do() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("blocks-6000.json");
    let first = Journal::open(&path).unwrap();
    let error = Journal::open(&path).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert_eq!(
        error.to_string(),
        format!(
            "another node has this journal open; stop that node, or start this one with another \
             --port or --data-dir (file {})",
            path.display()
        )
    );
    drop(first);
    assert!(Journal::open(&path).is_ok());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("nowhere").join("blocks-6000.json");
    let error = Journal::open(&path).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn nothing_is_appended_before_the_replay_or_after_one_that_failed() {
    let dir = TempDir::new().unwrap();
    let journal = Journal::open(dir.path().join("blocks-6000.json")).unwrap();
    let records = records(2);
    assert!(journal.append(&records).is_err());
    journal.replay(&mut |_| Ok(())).unwrap();
    journal.append(&records).unwrap();
    drop(journal);
    let journal = Journal::open(dir.path().join("blocks-6000.json")).unwrap();
    let refused = journal.replay(&mut |_| Err(Error::new(ErrorKind::Plugin, "refused")));
    assert_eq!(refused.unwrap_err().message(), "refused");
    assert!(journal.append(&records).is_err());
}

#[test]
fn a_block_that_the_file_has_twice_is_read_back() {
    let mut records = records(12);
    let again = records[3].clone();
    assert!(matches!(again, Record::Block(_)));
    records.insert(8, again);
    let (_dir, path, opened) = open_bytes(file_of(&records).as_bytes());
    let (journal, seen) = opened.unwrap();
    assert_eq!(seen, records);
    is_read_back(&journal, &records);
    let position = journal.snapshot_position().unwrap();
    journal.save_snapshot(position, b"state").unwrap();
    drop(journal);
    let journal = Journal::open(path).unwrap();
    assert!(journal.load_snapshot(&mut |_| ()).unwrap());
    is_read_back(&journal, &records);
}

/// Wherever the tests' files lie in memory, or on a disk whose system can be asked.
#[cfg(target_os = "linux")]
#[test]
fn what_was_just_appended_is_at_hand() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(&dir.path().join("blocks-6000.json")).unwrap();
    let blocks = chain(1_000);
    let records: Vec<Record> = blocks.iter().cloned().map(Record::Block).collect();
    journal.append(&records).unwrap();
    let hashes: Vec<Hash> = blocks.iter().map(|block| block.hash()).collect();
    if journal.at_hand(&hashes[0]).unwrap().is_none() {
        // Not all file systems say what is in memory.
        return;
    }
    let mut shown = Vec::new();
    let visited = journal.many_at_hand(&hashes, &mut |text| {
        shown.push(text.to_vec());
        true
    });
    visited.unwrap();
    assert!(
        shown
            .iter()
            .eq(blocks.iter().map(|block| block.text().as_bytes()))
    );
    let text = journal.at_hand(&hashes[7]).unwrap();
    assert_eq!(text.as_ref(), Some(&shown[7]));
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
    let provided = (registration.create)(&setup).unwrap();
    let path = dir.path().join("blocks-6001.json");
    assert_eq!(
        provided.storage.unwrap().location(),
        Some(path.display().to_string())
    );
    assert!(path.exists());
}

#[test]
fn many_read_while_one_appends() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(&dir.path().join("blocks-6000.json")).unwrap();
    let blocks = chain(200);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for block in &blocks {
                        let text = journal.read(&block.hash()).unwrap();
                        assert!(text.is_none_or(|text| text == block.text().as_bytes()));
                    }
                }
            });
        }
        for block in &blocks {
            journal.append(&[Record::Block(block.clone())]).unwrap();
            assert!(journal.read(&block.hash()).unwrap().is_some());
        }
        done.store(true, Ordering::Relaxed);
    });
}
