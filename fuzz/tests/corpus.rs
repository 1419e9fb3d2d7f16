//! What a fuzzer has found is tried again.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use plugcoin_fuzz::TARGETS;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// A test for each target, of its name.
macro_rules! targets {
    ($($name:ident),*) => { $(
        #[test]
        fn $name() {
            holds(stringify!($name));
        }
    )* };
}

targets!(answers, batch, border, core, elf, journal, requests, texts);

/// Tries what lies in the target's corpus.
fn holds(name: &str) {
    let hold = plugcoin_fuzz::target(name).unwrap();
    let files = fs::read_dir(corpus().join(name)).unwrap();
    let files: BTreeSet<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    assert!(files.len() > 3, "too small a corpus to say anything");
    let is_broken = |file: &&PathBuf| {
        let bytes = fs::read(file).unwrap();
        catch_unwind(|| hold(&bytes)).is_err()
    };
    let broken: Vec<&PathBuf> = files.iter().filter(is_broken).collect();
    assert!(broken.is_empty(), "what {broken:?} broke is said above");
}

#[test]
fn every_corpus_belongs_to_a_target() {
    let folders = fs::read_dir(corpus()).unwrap();
    let folders = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(folders.collect::<BTreeSet<_>>(), names);
}
