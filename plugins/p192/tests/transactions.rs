//! The transactions of a legacy network: which are accepted, and which are refused.

#![allow(clippy::unwrap_used, reason = "a test")]

use p192::P192;
use plugcoin_sdk::hooks::Signer as _;
use plugcoin_sdk::ledger::Transaction;
use serde_json::Value;

/// The entries of one of the file's lists.
fn entries(list: &str) -> Vec<Value> {
    let text = include_str!("../data/p192-transactions.json");
    let file: Value = serde_json::from_str(text).unwrap();
    file[list].as_array().unwrap().clone()
}

/// The transaction, if it has the right form and its signature holds.
fn accepted(entry: &Value) -> Option<Transaction> {
    let transaction = Transaction::parse(entry["wire"].as_str()?).ok()?;
    let (key, signature) = (transaction.from(), transaction.signature());
    let holds = P192.verify(key, transaction.unsigned_text(), signature);
    holds.unwrap().then_some(transaction)
}

#[test]
fn the_valid_are_accepted() {
    let valid = entries("valid");
    assert_eq!(valid.len(), 5);
    for entry in valid {
        let transaction = accepted(&entry).unwrap_or_else(|| panic!("{}", entry["name"]));
        assert_eq!(entry["signed_text"], transaction.unsigned_text());
    }
}

#[test]
fn the_others_are_refused() {
    let refused = entries("refused");
    assert_eq!(refused.len(), 16);
    for entry in refused {
        assert_eq!(accepted(&entry), None, "{}", entry["name"]);
    }
}

#[test]
fn two_signatures_of_one_payment_are_one_transaction() {
    let twins: Vec<Transaction> = entries("twins").iter().filter_map(accepted).collect();
    assert_eq!(twins.len(), 2);
    assert_ne!(twins[0].signature(), twins[1].signature());
    assert_eq!(twins[0].id(), twins[1].id());
}
