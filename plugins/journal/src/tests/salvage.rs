//! What is saved of a damaged journal, and that no damage is passed over.

use super::*;
use proptest::prelude::*;

/// Some records, among them a block with two payments in it.
fn mixed() -> Vec<Record> {
    let mut all = records(7);
    let Some(Record::Block(parent)) = all.last().cloned() else {
        panic!("the seventh record is the second block");
    };
    let paid = ["0.2", "0.3"].map(|sum| pay("alice", "bob", sum, START_US + 500));
    let time_us = parent.header().timestamp.us() + 1;
    let next = plugcoin_testkit::fixtures::block(&parent, "miner", paid.into(), time_us, "n");
    all.push(Record::Block(next));
    all.push(Record::Transaction(pay(
        "bob",
        "carol",
        "0.7",
        START_US + 600,
    )));
    all
}

fn found(salvage: &Salvage) -> Vec<Record> {
    salvage
        .found
        .iter()
        .map(|found| found.record.clone())
        .collect()
}

/// The damages as `LINE BYTE+LENGTH: WHAT`, and `!` before those in which a record may have been.
fn told(text: impl AsRef<[u8]>) -> Vec<String> {
    let damaged = Salvage::of(text.as_ref()).damaged.into_iter();
    damaged
        .map(|damaged| {
            let mark = if damaged.record { "!" } else { "" };
            let (line, offset, bytes) = (damaged.line, damaged.offset, damaged.bytes);
            format!("{mark}{line} {offset}+{bytes}: {}", damaged.what)
        })
        .collect()
}

/// Where each record begins and ends.
fn places(records: &[Record], whole: &str) -> Vec<std::ops::Range<usize>> {
    let place = |record: &Record| {
        let start = whole.find(record.text()).unwrap();
        start..start + record.text().len()
    };
    records.iter().map(place).collect()
}

#[test]
fn a_journal_that_is_whole_has_no_damage() {
    for count in [0, 1, 2, 5] {
        let records = records(count);
        let salvage = Salvage::of(file_of(&records).as_bytes());
        assert_eq!(found(&salvage), records);
        assert_eq!((salvage.damaged, salvage.payments), (vec![], vec![]));
    }
    let mixed = mixed();
    let salvage = Salvage::of(file_of_appends([&mixed[..1], &mixed[1..]]).as_bytes());
    assert_eq!(found(&salvage), mixed);
    assert_eq!((salvage.damaged, salvage.payments), (vec![], vec![]));
    let lines: Vec<u64> = salvage.found.iter().map(|found| found.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_bit_that_flips_in_any_byte_is_told_of_and_costs_one_record_at_most() {
    let records = mixed();
    let whole = file_of_appends(records.chunks(3));
    let places = places(&records, &whole);
    for (at, bit) in (0..whole.len()).flat_map(|at| [at % 8, 4].map(|bit| (at, bit))) {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] ^= 1 << bit;
        let salvage = Salvage::of(&bytes);
        let found = found(&salvage);
        for (record, place) in records.iter().zip(&places) {
            assert!(
                place.contains(&at) || found.contains(record),
                "byte {at}, bit {bit}"
            );
        }
        let named = salvage.damaged.iter().any(|damaged| {
            (damaged.offset..=damaged.offset + damaged.bytes).contains(&(at as u64))
        });
        // Another payment, or another one in a block, is told by its signature or by the root.
        let other = found.len() == records.len() && found != records;
        assert!(
            named || other,
            "byte {at}, bit {bit}: {:?}",
            salvage.damaged
        );
    }
}

#[test]
fn each_kind_of_damage_is_named() {
    let records = records(4);
    let whole = file_of(&records);
    let place = &places(&records, &whole)[1];
    let (start, end, length) = (place.start, place.end, place.len());
    let with = |range: std::ops::Range<usize>, text: &str| {
        let mut changed = whole.clone();
        changed.replace_range(range, text);
        changed
    };
    for (text, wanted) in [
        (
            with(end..end + 1, ""),
            format!("3 {end}+0: the sign behind a record is not a comma"),
        ),
        (
            with(end + 1..end + 2, ""),
            format!("3 {end}+1: the line feed before a record is not there"),
        ),
        (
            with(end + 1..end + 2, "J"),
            format!("3 {end}+2: the line feed before a record is not there"),
        ),
        (
            with(start..start, "  "),
            format!("3 {start}+2: something stands before a record"),
        ),
        (
            with(start..start, "\n"),
            format!("3 {start}+0: an empty line"),
        ),
        (
            with(start..start, "]\n"),
            format!("3 {start}+1: a bracket where a record should stand"),
        ),
        (
            with(start..start, &"\0".repeat(9)),
            format!("!3 {start}+9: nothing but zeros"),
        ),
        (
            with(start..end, "nonsense"),
            format!(
                "!3 {start}+9: no record can be read: not a signed transaction: expected ident at line 1 column 2"
            ),
        ),
        (
            with(start + 9..start + 20, &"\0".repeat(11)),
            format!(
                "!3 {start}+{}: no record can be read: the line has zero bytes in it",
                length + 1
            ),
        ),
        (
            with(0..1, ""),
            "1 0+0: the opening bracket is not as it must be".into(),
        ),
        (
            with(0..2, ""),
            "1 0+0: the line feed before a record is not there".into(),
        ),
        (
            with(whole.len() - 2..whole.len(), ""),
            format!("6 {}+0: the closing bracket is not there", whole.len() - 2),
        ),
    ] {
        assert_eq!(told(&text), [wanted], "{text}");
    }
    assert_eq!(
        told("Dear diary,\ntoday it rained.\n"),
        [
            "!1 0+11: no record can be read: not a signed transaction: expected value at line 1 column 1",
            "!2 12+16: no record can be read: not a signed transaction: expected ident at line 1 column 2",
            "3 29+0: the closing bracket is not there",
        ]
    );
    assert_eq!(
        told([0; 5000]),
        [
            "!1 0+5000: nothing but zeros",
            "1 5000+0: the closing bracket is not there"
        ]
    );
    assert_eq!(told("").len(), 2);
}

#[test]
fn a_block_that_lies_gives_its_payments() {
    let records = mixed();
    let whole = file_of(&records);
    let nonce = whole.find("\"nonce\": \"n\"").unwrap() + 10;
    let mut lie = whole.clone();
    lie.replace_range(nonce..=nonce, "m");
    let salvage = Salvage::of(lie.as_bytes());
    assert_eq!(salvage.found.len(), records.len() - 1);
    assert!(salvage.damaged[0].what.contains("says that its hash is"));
    let Record::Block(block) = &records[7] else {
        panic!("the eighth record is the block");
    };
    assert_eq!(salvage.payments, block.transactions()[..2]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is cut out, put in or put over: the records beside it are saved, and it is told of.
    #[test]
    fn what_was_not_touched_is_saved(
        from in any::<prop::sample::Index>(),
        length in 0_usize..700,
        text in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "[\\[\\]{}\",:a-z\n]{0,80}".prop_map(String::into_bytes),
            (0_usize..600).prop_map(|zeros| vec![0; zeros]),
        ],
    ) {
        let records = mixed();
        let whole = file_of_appends(records.chunks(3));
        let start = from.index(whole.len());
        let end = (start + length).min(whole.len());
        let mut bytes = whole.clone().into_bytes();
        bytes.splice(start..end, text);
        let salvage = Salvage::of(&bytes);
        let found = found(&salvage);
        let saved = records.iter().zip(places(&records, &whole));
        for (record, _) in saved.filter(|(_, place)| place.end <= start || place.start >= end) {
            let payment = match record {
                Record::Transaction(payment) => salvage.payments.contains(payment),
                Record::Block(_) => false,
            };
            prop_assert!(payment || found.contains(record), "{}", record.text());
        }
        // A space before a record says how it was appended, and is none that may be missed.
        let plain = |text: &[u8]| String::from_utf8_lossy(text).replace("\n {", "\n{");
        let same = plain(&bytes) == plain(whole.as_bytes());
        prop_assert!(same || !salvage.damaged.is_empty() || found != records);
    }
}
