//! Text form → parse → text form is the identity, whatever the key order and white space.
#![allow(clippy::unwrap_used, reason = "tests")]

use plugcoin_sdk::ledger::{
    Block, Draft, Hash, Payment, Seed, Sum, Timestamp, Transaction, genesis,
};
use proptest::prelude::*;

fn field() -> impl Strategy<Value = String> {
    "[ !#-\\[\\]-~]{1,200}".prop_filter("nobody pays to System", |text| text != "System")
}

fn sum() -> impl Strategy<Value = String> {
    prop_oneof![
        "[1-9][0-9]{0,8}",
        "[1-9][0-9]{0,8}\\.[0-9]{1,8}",
        "0\\.[0-9]{0,7}[1-9]",
        Just("10000000000".to_owned()),
    ]
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (
        -62_135_596_800i64..253_402_300_799,
        any::<bool>(),
        0i64..1_000_000,
    )
        .prop_map(|(s, whole, us)| {
            let full = Timestamp::from_us(s * 1_000_000 + us);
            if whole {
                Timestamp::parse(&full.to_string()[..19]).unwrap()
            } else {
                full
            }
        })
}

fn transaction() -> impl Strategy<Value = Transaction> {
    (field(), field(), sum(), moment(), field()).prop_map(|(from, to, sum, at, signature)| {
        let sum = Sum::parse(&sum).unwrap();
        Payment::new(&from, &to, sum, at)
            .unwrap()
            .signed(&signature)
            .unwrap()
    })
}

fn block() -> impl Strategy<Value = Block> {
    (
        1u64..,
        moment(),
        field(),
        any::<[u8; 32]>(),
        prop::collection::vec(transaction(), 0..5),
        field(),
    )
        .prop_map(|(nr, timestamp, creator, root, transactions, nonce)| {
            let seed = Seed {
                nr,
                previous_hash: Some(genesis().hash()),
                timestamp,
                creator,
                merkle_root: Hash::from_bytes(root),
            };
            Draft::new(seed, transactions)
                .unwrap()
                .sealed(&nonce)
                .unwrap()
        })
}

/// The same JSON with its keys sorted and spaces in between.
fn respaced(text: &str) -> String {
    fn walk(value: &serde_json::Value, sums: &mut std::vec::IntoIter<String>, out: &mut String) {
        match value {
            serde_json::Value::Object(map) => {
                out.push_str(" {\n");
                for (n, (key, value)) in map.iter().enumerate() {
                    out.push_str(if n > 0 { " ,\t" } else { "" });
                    out.push_str(&format!("\"{key}\" :"));
                    if key == "sum" {
                        out.push_str(&sums.next().unwrap());
                    } else {
                        walk(value, sums, out);
                    }
                }
                out.push_str("} ");
            }
            serde_json::Value::Array(list) => {
                out.push('[');
                for (n, value) in list.iter().enumerate() {
                    out.push_str(if n > 0 { " , " } else { " " });
                    walk(value, sums, out);
                }
                out.push_str(" ]");
            }
            other => out.push_str(&format!(" {other}\r\n")),
        }
    }
    // A sum's own spelling must survive, which a JSON value would not keep.
    let sums: Vec<String> = text
        .split("\"sum\": ")
        .skip(1)
        .map(|rest| rest.split(',').next().unwrap().to_owned())
        .collect();
    let mut out = String::new();
    walk(
        &serde_json::from_str(text).unwrap(),
        &mut sums.into_iter(),
        &mut out,
    );
    out
}

proptest! {
    #[test]
    fn a_transaction_reads_back_to_its_text(transaction in transaction()) {
        let read = Transaction::parse(transaction.text()).unwrap();
        prop_assert_eq!(read.text(), transaction.text());
        prop_assert_eq!(read.id(), transaction.id());
        prop_assert_eq!(read.sum_text(), transaction.sum_text());
    }

    #[test]
    fn a_block_reads_back_to_its_text_from_any_spelling(block in block()) {
        prop_assert_eq!(block.computed_hash(), block.hash());
        for json in [block.text().to_owned(), respaced(block.text())] {
            let read = Block::parse(&json).unwrap();
            prop_assert_eq!(read.text(), block.text());
            prop_assert_eq!(read.header(), block.header());
        }
    }

    #[test]
    fn no_text_at_all_brings_the_reader_down(text in ".{0,300}", cut in any::<prop::sample::Index>(), put in ".{0,3}") {
        let _ = Block::parse(&text);
        let _ = Transaction::parse(&text);
        let mut text = genesis().text().to_owned();
        let at = cut.index(text.len());
        text.replace_range(at..at + 1, &put);
        if let Ok(block) = Block::parse(&text) {
            prop_assert_eq!(block, genesis());
        }
    }
}
