//! Blocks and transactions inside other JSON: their exact texts, for `#[serde(with = …)]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Block, Transaction};

fn raw<E: serde::ser::Error>(text: &str) -> Result<&RawValue, E> {
    serde_json::from_str(text).map_err(E::custom)
}

/// A block's exact text.
pub(crate) mod block {
    use super::{Block, Deserialize, Deserializer, RawValue, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(block: &Block, to: S) -> Result<S::Ok, S::Error> {
        super::raw(block.text())?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Block, D::Error> {
        let text = Box::<RawValue>::deserialize(from)?;
        Block::parse(text.get()).map_err(serde::de::Error::custom)
    }
}

/// A transaction's exact text.
pub(crate) mod transaction {
    use super::{Deserialize, Deserializer, RawValue, Serialize, Serializer, Transaction};

    pub(crate) fn serialize<S: Serializer>(
        transaction: &Transaction,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        super::raw(transaction.text())?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Transaction, D::Error> {
        let text = Box::<RawValue>::deserialize(from)?;
        Transaction::parse(text.get()).map_err(serde::de::Error::custom)
    }
}

/// The exact texts of some transactions.
pub(crate) mod transactions {
    use std::borrow::Cow;

    use super::{Deserialize, Deserializer, RawValue, Serializer, Transaction};

    pub(crate) fn serialize<S: Serializer>(
        transactions: &[Transaction],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let texts = transactions
            .iter()
            .map(|transaction| super::raw(transaction.text()))
            .collect::<Result<Vec<_>, S::Error>>()?;
        to.collect_seq(texts)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Cow<'static, [Transaction]>, D::Error> {
        let texts = Vec::<Box<RawValue>>::deserialize(from)?;
        let transactions = texts
            .iter()
            .map(|text| Transaction::parse(text.get()))
            .collect::<Result<Vec<_>, _>>();
        transactions
            .map(Cow::Owned)
            .map_err(serde::de::Error::custom)
    }
}
