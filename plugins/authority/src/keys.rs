//! The list of keys as an option: a list, or one text with commas.

use serde::{Deserialize, Serialize};

/// Public keys in the order of their turns.
///
/// * Read from a list of texts, or from one text with commas between the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Given")]
pub struct Keys(pub Vec<String>);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a list of keys, or a text with commas between them"
)]
enum Given {
    List(Vec<String>),
    Text(String),
}

impl From<Given> for Keys {
    fn from(given: Given) -> Self {
        match given {
            Given::List(keys) => Self(keys),
            Given::Text(text) if text.trim().is_empty() => Self::default(),
            Given::Text(text) => Self(text.split(',').map(|key| key.trim().to_owned()).collect()),
        }
    }
}
