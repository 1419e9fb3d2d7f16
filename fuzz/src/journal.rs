//! A journal with any damage: what is read of it is what a simple reader finds, or it is refused.

use std::fs;
use std::path::Path;

use arbitrary::{Result, Unstructured};
use journal::{Journal, visit_file};
use plugcoin_sdk::hooks::{Record, Storage as _};
use plugcoin_sdk::ledger::{Block, Transaction, genesis};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::fixtures::{START_US, chain, pay};

/// How often the file is changed at most.
const CHANGES_MAX: usize = 12;

/// * What is read is what stands whole at the start of the file; a file that is only cut is never
///   refused.
/// * Behind it nothing stands that was acknowledged for certain, and whole records that are cut off are
///   kept beside it.
/// * The file is then as if nothing else had ever been in it, and takes further records.
/// * A file that is refused stays as it is.
pub(crate) fn hold(bytes: &[u8]) {
    let whole = file_of(&lines());
    let mut spoiled = whole.clone().into_bytes();
    let is_cut = spoil(&mut spoiled, &mut Unstructured::new(bytes)).unwrap_or(false);
    // In memory where there is such a place: what a disk's sync promises is not tried here.
    let shared = Path::new("/dev/shm");
    let dir = match shared.is_dir() {
        true => tempfile::tempdir_in(shared),
        false => tempfile::tempdir(),
    };
    let dir = dir.unwrap();
    let path = dir.path().join("blocks.json");
    fs::write(&path, &spoiled).unwrap();
    let walked = walk(&path);
    match open(&path) {
        Ok((journal, seen)) => {
            let kept = model(&spoiled);
            assert!(kept.iter().map(|line| &line.record).eq(&seen));
            let behind = Behind::of(&spoiled, &kept);
            assert!(!behind.is_acknowledged(), "an append begins there");
            let copy = path.with_extension("torn-1.json");
            if behind.holds_record() {
                let end = file_of(&kept).len() - if kept.is_empty() { 2 } else { 3 };
                assert_eq!(fs::read(&copy).unwrap(), spoiled[end..]);
            }
            assert_eq!(walked.unwrap(), seen);
            assert_eq!(fs::read_to_string(&path).unwrap(), file_of(&kept));
            let more = [Record::Transaction(pay("bob", "carol", "0.1", START_US))];
            journal.append(&more).unwrap();
            drop(journal);
            let (_, again) = open(&path).unwrap();
            assert_eq!(again, [&*seen, &more].concat());
        }
        Err(error) => {
            assert!(!is_cut, "a crash can leave this: {error}");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            assert!(walked.is_err());
            assert_eq!(fs::read(&path).unwrap(), spoiled);
            let words = format!("{error:?}");
            assert!(words.contains("line") && words.contains("byte"), "{words}");
        }
    }
}

/// A record on its line.
struct Line {
    /// Whether a space before it says that it was appended together with the one before.
    further: bool,
    record: Record,
}

/// The genesis block, and then payments and blocks; each block but the first was appended with its
/// payment.
fn lines() -> Vec<Line> {
    let line = |further, record| Line { further, record };
    let mut lines = vec![line(false, Record::Block(genesis()))];
    for (n, block) in (0..).zip(chain(3)) {
        let payment = pay("alice", "bob", "0.5", START_US + n);
        lines.push(line(false, Record::Transaction(payment)));
        lines.push(line(n > 0, Record::Block(block)));
    }
    lines
}

fn file_of(lines: &[Line]) -> String {
    let text = |line: &Line| match line.further {
        true => format!(" {}", line.record.text()),
        false => line.record.text().to_owned(),
    };
    let texts: Vec<String> = lines.iter().map(text).collect();
    match texts.len() {
        0 => "[\n]\n".to_owned(),
        _ => format!("[\n{}\n]\n", texts.join(",\n")),
    }
}

/// Changes the file; whether it was only cut at its end, behind its first line.
fn spoil(file: &mut Vec<u8>, from: &mut Unstructured<'_>) -> Result<bool> {
    if from.ratio(1, 4)? {
        file.truncate(from.int_in_range(0..=file.len())?);
        return Ok(true);
    }
    for _ in 0..CHANGES_MAX {
        if from.is_empty() || file.is_empty() {
            break;
        }
        let at = from.choose_index(file.len())?;
        let length = from.int_in_range(0..=1_500)?;
        let end = file.len().min(at + length);
        match from.int_in_range(0..=7)? {
            0 => file[at] ^= from.int_in_range(1..=255)?,
            1 => file.truncate(at),
            2 => drop(file.drain(at..end)),
            3 => file[at..end].fill(0),
            4 => file.extend_from_within(at..end),
            5 => {
                let more = from.arbitrary::<&[u8]>()?.to_vec();
                file.splice(at..at, more);
            }
            6 => {
                let (from_line, to_line) = (line(file, at), line(file, end.saturating_sub(1)));
                let copied = file[from_line].to_vec();
                file.splice(to_line.start..to_line.start, copied);
            }
            _ => drop(file.drain(line(file, at))),
        }
    }
    Ok(false)
}

/// The line that this byte is in, with its line feed.
fn line(file: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = file[..at]
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let end = file[at..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(file.len(), |n| at + n + 1);
    start..end
}

fn open(path: &Path) -> std::result::Result<(Journal, Vec<Record>), Error> {
    let journal = Journal::open(path)?;
    let mut seen = Vec::new();
    journal.replay(&mut |record| {
        seen.push(record);
        Ok(())
    })?;
    Ok((journal, seen))
}

fn walk(path: &Path) -> std::result::Result<Vec<Record>, Error> {
    let mut seen = Vec::new();
    visit_file(path, &mut |_, record| {
        seen.push(record);
        Ok(())
    })?;
    Ok(seen)
}

/// The records that stand whole at the start of the file, each behind the comma of the one before.
fn model(file: &[u8]) -> Vec<Line> {
    let mut lines = file.split(|byte| *byte == b'\n');
    let mut seen = Vec::new();
    if lines.next() != Some(b"[") {
        return seen;
    }
    for line in lines {
        let text = line.strip_prefix(b" ");
        let (further, text) = (text.is_some(), text.unwrap_or(line));
        let Some(record) = record_at_start(text) else {
            return seen;
        };
        let goes_on = &text[record.text().len()..] == b",";
        seen.push(Line { further, record });
        if !goes_on {
            return seen;
        }
    }
    seen
}

/// What stands behind the records that are kept.
struct Behind<'a> {
    /// The line of the last that is kept.
    last: &'a [u8],
    lines: Vec<&'a [u8]>,
}

impl<'a> Behind<'a> {
    fn of(file: &'a [u8], kept: &[Line]) -> Self {
        let mut lines = file.split(|byte| *byte == b'\n');
        // The opening bracket's line comes first.
        let last = lines.nth(kept.len()).unwrap_or_default();
        Self {
            last,
            lines: lines.collect(),
        }
    }

    /// Whether an append begins here, or the damage can't be a crash's.
    fn is_acknowledged(&self) -> bool {
        let lost_comma = record_at_start(without_space(self.last)).is_some()
            && self.last.ends_with(b"}")
            && self.lines.first().is_some_and(|line| line.is_empty());
        let begins =
            |(n, line): (usize, &&[u8])| record_at_start(line).is_some() && !(lost_comma && n == 1);
        self.lines.iter().enumerate().any(begins) || self.goes_on_unharmed()
    }

    /// Whether a further record follows, and between there are only empty lines and a bracket.
    fn goes_on_unharmed(&self) -> bool {
        let bracket = usize::from(self.lines.first() == Some(&&b"]"[..]));
        let mut rest = self.lines[bracket..].iter().filter(|line| !line.is_empty());
        let next = rest.next().and_then(|line| line.strip_prefix(b" "));
        next.is_some_and(|text| record_at_start(text).is_some()) && !self.last.contains(&0)
    }

    fn holds_record(&self) -> bool {
        let records = self
            .lines
            .iter()
            .map(|line| record_at_start(without_space(line)));
        // A block with another hash than it says is not whole, and a reward stands in a block only.
        { records }.flatten().any(|record| match record {
            Record::Transaction(payment) => !payment.is_reward(),
            Record::Block(block) => block.computed_hash() == block.hash(),
        })
    }
}

fn without_space(line: &[u8]) -> &[u8] {
    line.strip_prefix(b" ").unwrap_or(line)
}

/// The record that a line begins with.
fn record_at_start(line: &[u8]) -> Option<Record> {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).ok()?,
    };
    let ends = text.match_indices('}').map(|(at, _)| &text[..=at]);
    let record = |text: &str| {
        let block = Block::parse(text).map(Record::Block);
        let record = block.or_else(|_| Transaction::parse(text).map(Record::Transaction));
        record.ok().filter(|record| record.text() == text)
    };
    { ends }.find_map(record)
}
