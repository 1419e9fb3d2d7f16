//! [`Transaction`]: a signed payment with its exact text; [`Payment`]: the same before it is signed.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::{self, Write as _};
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
    places: Places,
    amount: Amount,
    timestamp: Timestamp,
}

/// Where the fields lie in a payment's text: where each ends, counted from the text's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Places {
    from_end: usize,
    to_end: usize,
    sum_end: usize,
}

// What stands before the fields in the texts.
const SIGNATURE: &str = r#"{"signature": ""#;
const TRANSACTION: &str = r#"","transaction": "#;
const FROM: &str = r#"{"from": ""#;
const TO: &str = r#"","to": ""#;
const SUM: &str = r#"","sum": "#;
const TIMESTAMP: &str = r#","timestamp": ""#;
const END: &str = r#""}"#;

/// The bytes of the longest text of a timestamp.
const TIMESTAMP_BYTES_MAX: usize = 26;

/// The bytes of a payment's text with fields of these lengths together, or a few more.
const fn payment_bytes(fields: usize) -> usize {
    FROM.len() + TO.len() + SUM.len() + TIMESTAMP.len() + TIMESTAMP_BYTES_MAX + END.len() + fields
}

/// Checks a payment's fields and writes its text.
fn write_payment(
    text: &mut String,
    from: &str,
    to: &str,
    sum: &Sum,
    timestamp: Timestamp,
) -> Result<Places, Invalid> {
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
    let from_end = FROM.len() + from.len();
    let to_end = from_end + TO.len() + to.len();
    let sum_end = to_end + SUM.len() + sum.text().len();
    for part in [FROM, from, TO, to, SUM, sum.text(), TIMESTAMP] {
        text.push_str(part);
    }
    // Writing to a text can't fail.
    let _ = write!(text, "{timestamp}{END}");
    Ok(Places {
        from_end,
        to_end,
        sum_end,
    })
}

/// A text with room for a payment of so many bytes, and what stands before it in a transaction's text.
fn signed_text(signature: &str, payment_bytes: usize) -> String {
    let frame = SIGNATURE.len() + signature.len() + TRANSACTION.len() + 1;
    let mut text = String::with_capacity(frame + payment_bytes);
    for part in [SIGNATURE, signature, TRANSACTION] {
        text.push_str(part);
    }
    text
}

impl Payment {
    /// Makes a payment.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form`: a name outside the alphabet or the length, a payment to
    /// `System`, a sum of zero that is no reward.
    pub fn new(from: &str, to: &str, sum: Sum, timestamp: Timestamp) -> Result<Self, Invalid> {
        let fields = from.len() + to.len() + sum.text().len();
        let mut text = String::with_capacity(payment_bytes(fields));
        let places = write_payment(&mut text, from, to, &sum, timestamp)?;
        Ok(Self {
            text,
            places,
            amount: sum.amount(),
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
        let mut text = signed_text(signature, self.text.len());
        let unsigned_at = text.len();
        text.push_str(&self.text);
        let Self {
            places,
            amount,
            timestamp,
            ..
        } = self;
        Ok(Transaction::of(
            text,
            unsigned_at,
            places,
            amount,
            timestamp,
        ))
    }
}

/// A signed transaction, structurally right and no more: nothing says yet that it is valid.
///
/// * Its text is `{"signature": "SIG","transaction": PAYMENT}`, byte for byte as the hashes take it.
/// * Cheap to clone.
#[derive(Clone)]
pub struct Transaction(Arc<Inner>);

/// The fields that are texts are not kept beside the text: they lie in it.
struct Inner {
    text: Box<str>,
    unsigned_at: usize,
    places: Places,
    amount: Amount,
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
        let (signature, from, to) = (raw.signature.0, payment.from.0, payment.to.0);
        // Straight into one text: a chain has many of them.
        let fields = from.len() + to.len() + sum.text().len();
        let mut text = signed_text(signature, payment_bytes(fields));
        let unsigned_at = text.len();
        let places = write_payment(&mut text, from, to, &sum, timestamp)?;
        check_field("signature", signature, FIELD_CHARACTERS_MAX)?;
        Ok(Self::of(text, unsigned_at, places, sum.amount(), timestamp))
    }

    /// The transaction whose text lacks its last brace alone.
    fn of(
        mut text: String,
        unsigned_at: usize,
        places: Places,
        amount: Amount,
        timestamp: Timestamp,
    ) -> Self {
        let id = Hash::of(&text[unsigned_at..]);
        text.push('}');
        Self(Arc::new(Inner {
            text: text.into(),
            unsigned_at,
            places,
            amount,
            timestamp,
            id,
            leaf: OnceLock::new(),
        }))
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
        &self.0.text[SIGNATURE.len()..self.0.unsigned_at - TRANSACTION.len()]
    }

    /// Who pays: a public key, or `System`.
    pub fn from(&self) -> &str {
        &self.unsigned_text()[FROM.len()..self.0.places.from_end]
    }

    /// Who is paid.
    pub fn to(&self) -> &str {
        let Places {
            from_end, to_end, ..
        } = self.0.places;
        &self.unsigned_text()[from_end + TO.len()..to_end]
    }

    /// How much, exactly.
    pub fn amount(&self) -> Amount {
        self.0.amount
    }

    /// How much, as the text that was signed.
    pub fn sum_text(&self) -> &str {
        let Places {
            to_end, sum_end, ..
        } = self.0.places;
        &self.unsigned_text()[to_end + SUM.len()..sum_end]
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
        self.from() == SYSTEM && self.signature() == SYSTEM
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
            assert_eq!((transaction.signature(), transaction.from()), ("S", "A"));
            assert_eq!((transaction.to(), transaction.sum_text()), ("B", "2.0"));
            assert_eq!(transaction.amount(), Amount::from_coins(2));
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
        assert_eq!(half.sum_text(), "0.5");
        assert_eq!(Transaction::parse(half.text()).unwrap(), half);
    }
}
