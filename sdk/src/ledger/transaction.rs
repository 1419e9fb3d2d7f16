//! [`Transaction`]: a signed payment with its exact text; [`Payment`]: the same before it is signed.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::json::{self, Object, Plain};
use super::text::{FIELD_CHARACTERS_MAX, SYSTEM, check_field};
use super::timestamp::GENESIS_TIMESTAMP;
use super::{Amount, Hash, Sum, Timestamp};
use crate::Invalid;

/// The longest text that a signed transaction can have: three fields, a sum, a timestamp, the form.
pub const TRANSACTION_TEXT_BYTES_MAX: usize = 3 * FIELD_CHARACTERS_MAX + 200;

/// What is signed: who pays whom how much, and when it was written.
///
/// Its text is `{"from": "F","to": "T","sum": S,"timestamp": "TS"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    text: String,
    from: String,
    to: String,
    sum: Sum,
    timestamp: Timestamp,
}

impl Payment {
    /// Makes a payment.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form`: a name outside the alphabet or the length, a payment to
    /// `System`, a sum of zero that is no reward.
    pub fn new(from: &str, to: &str, sum: Sum, timestamp: Timestamp) -> Result<Self, Invalid> {
        check_field("from", from, FIELD_CHARACTERS_MAX)?;
        check_field("to", to, FIELD_CHARACTERS_MAX)?;
        if to == SYSTEM {
            return Err(Invalid::new("form", "nobody can pay to `System`"));
        }
        if sum.amount() == Amount::ZERO && from != SYSTEM {
            return Err(Invalid::new("form", "`sum` is zero")
                .observed("0")
                .required("above 0"));
        }
        let text = format!(
            r#"{{"from": "{from}","to": "{to}","sum": {},"timestamp": "{timestamp}"}}"#,
            sum.text()
        );
        Ok(Self {
            text,
            from: from.to_owned(),
            to: to.to_owned(),
            sum,
            timestamp,
        })
    }

    /// The exact text that is signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Makes the transaction with this signature over [`Payment::text`].
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form` if the signature is outside the alphabet or the length.
    pub fn signed(self, signature: &str) -> Result<Transaction, Invalid> {
        check_field("signature", signature, FIELD_CHARACTERS_MAX)?;
        let id = Hash::of(&self.text);
        let mut text = String::with_capacity(self.text.len() + signature.len() + 35);
        text.push_str(r#"{"signature": ""#);
        text.push_str(signature);
        text.push_str(r#"","transaction": "#);
        let unsigned_at = text.len();
        text.push_str(&self.text);
        text.push('}');
        Ok(Transaction(Arc::new(Inner {
            text: text.into(),
            unsigned_at,
            signature: signature.to_owned(),
            from: self.from,
            to: self.to,
            sum: self.sum,
            timestamp: self.timestamp,
            id,
            leaf: OnceLock::new(),
        })))
    }
}

/// A signed transaction, structurally right and no more: nothing says yet that it is valid.
///
/// * Its text is `{"signature": "SIG","transaction": PAYMENT}`, byte for byte as the hashes take it.
/// * Cheap to clone.
#[derive(Clone)]
pub struct Transaction(Arc<Inner>);

struct Inner {
    text: Box<str>,
    unsigned_at: usize,
    signature: String,
    from: String,
    to: String,
    sum: Sum,
    timestamp: Timestamp,
    id: Hash,
    /// Computed when it is first asked for.
    leaf: OnceLock<Hash>,
}

impl PartialEq for Transaction {
    fn eq(&self, other: &Self) -> bool {
        // All that it has was read from its text.
        Arc::ptr_eq(&self.0, &other.0) || self.0.text == other.0.text
    }
}

impl Eq for Transaction {}

/// A signed transaction as the JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTransaction<'a> {
    #[serde(borrow)]
    signature: Plain<'a>,
    #[serde(borrow)]
    transaction: Object<RawPayment<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPayment<'a> {
    #[serde(borrow)]
    from: Plain<'a>,
    #[serde(borrow)]
    to: Plain<'a>,
    #[serde(borrow)]
    sum: &'a RawValue,
    #[serde(borrow)]
    timestamp: Plain<'a>,
}

impl Transaction {
    /// Reads a signed transaction from JSON in any key order and white space.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form`: unknown, missing and repeated keys, wrong types, escapes,
    /// characters outside the alphabet, a sum or a timestamp that is none.
    pub fn parse(json: &str) -> Result<Self, Invalid> {
        Self::from_raw(&json::read("signed transaction", json)?, false)
    }

    pub(super) fn from_raw(raw: &RawTransaction<'_>, genesis: bool) -> Result<Self, Invalid> {
        let payment = &raw.transaction.0;
        let timestamp = match payment.timestamp.0 {
            GENESIS_TIMESTAMP if genesis => Timestamp::GENESIS,
            text => Timestamp::parse(text)?,
        };
        let sum = Sum::parse(payment.sum.get())?;
        Payment::new(payment.from.0, payment.to.0, sum, timestamp)?.signed(raw.signature.0)
    }

    /// The reward of a block: from and signed by `System`, in its shortest form.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form` if the creator's key is no field of a transaction.
    pub fn reward(creator: &str, amount: Amount, timestamp: Timestamp) -> Result<Self, Invalid> {
        Payment::new(SYSTEM, creator, amount.into(), timestamp)?.signed(SYSTEM)
    }

    /// The exact text of the signed transaction, a leaf of the merkle tree.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The exact text that was signed.
    pub fn unsigned_text(&self) -> &str {
        &self.0.text[self.0.unsigned_at..self.0.text.len() - 1]
    }

    /// The signature.
    pub fn signature(&self) -> &str {
        &self.0.signature
    }

    /// Who pays: a public key, or `System`.
    pub fn from(&self) -> &str {
        &self.0.from
    }

    /// Who is paid.
    pub fn to(&self) -> &str {
        &self.0.to
    }

    /// How much, exactly.
    pub fn amount(&self) -> Amount {
        self.0.sum.amount()
    }

    /// How much, as the text that was signed.
    pub fn sum(&self) -> &Sum {
        &self.0.sum
    }

    /// When it was written.
    pub fn timestamp(&self) -> Timestamp {
        self.0.timestamp
    }

    /// The transaction id: the hash of the *unsigned* text.
    ///
    /// * Another spelling of a signature is not another transaction.
    pub fn id(&self) -> Hash {
        self.0.id
    }

    /// The leaf hash: the hash of the signed text.
    ///
    /// * It is computed once, for all clones.
    pub fn leaf(&self) -> Hash {
        *self.0.leaf.get_or_init(|| Hash::of(&self.0.text))
    }

    /// Whether it has the form of a reward: from and signed by `System`.
    pub fn is_reward(&self) -> bool {
        self.0.from == SYSTEM && self.0.signature == SYSTEM
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"signature": "S","transaction": {"from": "A","to": "B","sum": 2.0,"timestamp": "2020-05-14T09:19:10.338111"}}"#;

    #[test]
    fn the_text_is_exact_whatever_the_order_and_white_space() {
        let shuffled = r#" { "transaction":{"timestamp":"2020-05-14T09:19:10.338111",
            "sum":2.0, "to":"B","from":"A"} ,"signature" : "S" } "#;
        for json in [TEXT, shuffled] {
            let transaction = Transaction::parse(json).unwrap();
            assert_eq!(transaction.text(), TEXT);
            assert_eq!(
                transaction.unsigned_text(),
                r#"{"from": "A","to": "B","sum": 2.0,"timestamp": "2020-05-14T09:19:10.338111"}"#
            );
            assert_eq!(transaction.id(), Hash::of(transaction.unsigned_text()));
            assert_eq!(transaction.leaf(), Hash::of(TEXT));
        }
    }

    #[test]
    fn what_is_not_exactly_the_object_is_refused() {
        let cases = [
            (r#""S","#, r#""S","extra": 1,"#, "unknown"),
            (r#""to": "B","#, "", "missing"),
            (r#""to": "B","#, r#""to": "B","to": "B","#, "duplicate"),
            ("2.0", r#""2.0""#, "plain decimal"),
            ("2.0", "null", "plain decimal"),
            ("2.0", "2e0", "plain decimal"),
            ("2.0", "-2.0", "plain decimal"),
            ("2.0", "0", "zero"),
            ("2.0", "02", ""),
            (r#""B""#, "7", "string"),
            (r#""B""#, r#""System""#, "System"),
            (r#""B""#, r#""""#, "too short"),
            (r#""B""#, r#""\u0042""#, "escape"),
            (r#""B""#, "\"\u{e9}\"", "not allowed"),
            (r#""B""#, "\"B\u{7f}\"", "not allowed"),
            ("2020-05-14T09:19:10.338111", "01/01/2009", "moment"),
        ];
        for (from, to, word) in cases {
            let json = TEXT.replacen(from, to, 1);
            assert_ne!(json, TEXT);
            let invalid = Transaction::parse(&json).unwrap_err();
            assert_eq!(invalid.rule, "form");
            assert!(invalid.message.contains(word), "{json}: {invalid}");
        }
        for json in [
            r#"["S",["A","B",2,"2020-05-14T09:19:10"]]"#,
            "null",
            "",
            "{}",
            "[]",
            "1",
        ] {
            assert!(Transaction::parse(json).is_err(), "{json}");
        }
        assert!(
            Transaction::parse(&format!("{TEXT}x")).is_err(),
            "trailing text"
        );
        let long = "k".repeat(FIELD_CHARACTERS_MAX + 1);
        assert!(Transaction::parse(&TEXT.replace("\"A\"", &format!("\"{long}\""))).is_err());
        assert!(Transaction::parse(&TEXT.replace("\"A\"", &format!("\"{}\"", &long[1..]))).is_ok());
    }

    #[test]
    fn a_reward_alone_may_be_zero_and_is_short() {
        let at = Timestamp::from_us(0);
        let reward = Transaction::reward("C", Amount::ZERO, at).unwrap();
        assert!(reward.is_reward());
        assert!(reward.text().contains(r#""sum": 0,"#));
        let half = Transaction::reward("C", Amount::from_units(50_000_000), at).unwrap();
        assert_eq!(half.sum().text(), "0.5");
        assert_eq!(Transaction::parse(half.text()).unwrap(), half);
    }
}
