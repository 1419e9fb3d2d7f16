//! Any text, read as everything that the ledger and the command line have texts for.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use plugcoin_host::{Named, Pin, Setting};
use plugcoin_sdk::ledger::{
    Address, Amount, Block, Hash, SUM_MAX, Sum, Target, Timestamp, Transaction, Work, merkle,
};
use serde_json::Value;

/// * What is read is written again, and read as the same.
/// * What is read as a block or a transaction is JSON, as another parser sees it.
/// * What is refused is refused in words.
pub(crate) fn hold(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    round::<Hash>(text);
    round::<Address>(text);
    round::<Target>(text);
    round::<Work>(text);
    round::<Timestamp>(text);
    refused::<Named>(text);
    refused::<Setting>(text);
    refused::<Pin>(text);
    sum(text);
    transaction(text);
    block(text);
}

fn round<T: FromStr<Err: Display> + Display + PartialEq + Debug>(text: &str) {
    if let Some(value) = refused::<T>(text) {
        let written = value.to_string();
        let again = written.parse().ok();
        assert_eq!(
            again.as_ref(),
            Some(&value),
            "{text:?} was written {written:?}"
        );
    }
}

fn refused<T: FromStr<Err: Display>>(text: &str) -> Option<T> {
    let read = text.parse().map_err(|error: T::Err| error.to_string());
    read.inspect_err(|words| assert!(!words.is_empty(), "{text:?}"))
        .ok()
}

fn sum(text: &str) {
    let Ok(sum) = Sum::parse(text) else {
        return;
    };
    assert_eq!(sum.text(), text);
    assert!((Amount::ZERO..=SUM_MAX).contains(&sum.amount()));
    let written = sum.amount().to_string();
    assert_eq!(Sum::parse(&written).unwrap().amount(), sum.amount());
}

fn transaction(text: &str) {
    let Ok(transaction) = Transaction::parse(text) else {
        return;
    };
    is_json(text);
    let again = Transaction::parse(transaction.text()).unwrap();
    assert_eq!(again, transaction);
    assert_eq!(again.text(), transaction.text());
    assert_eq!(
        (again.id(), again.leaf()),
        (transaction.id(), transaction.leaf())
    );
    assert!(transaction.text().contains(transaction.unsigned_text()));
    assert!(transaction.is_reward() || transaction.amount() > Amount::ZERO);
}

fn block(text: &str) {
    let Ok(block) = Block::parse(text) else {
        return;
    };
    is_json(text);
    let again = Block::parse(block.text()).unwrap();
    assert_eq!(again, block);
    assert_eq!(again.text(), block.text());
    assert_eq!(again.computed_hash(), block.computed_hash());
    assert_eq!(Hash::of_parts(&block.preimage()), block.computed_hash());
    for transaction in block.transactions() {
        assert!(block.text().contains(transaction.text()));
    }
    let leaves: Vec<Hash> = block.transactions().iter().map(|one| one.leaf()).collect();
    assert_eq!(merkle::root(&leaves), merkle::root(&leaves));
}

fn is_json(text: &str) {
    let read = serde_json::from_str::<Value>(text);
    assert!(read.is_ok_and(|value| value.is_object()), "{text}");
}
