//! [`MoneyToken`]: what makes a node pay, as it is given.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// The token that makes a node pay, or where it is.
///
/// * Written `@FILE`, or as itself.
#[derive(Clone, PartialEq, Eq)]
pub enum MoneyToken {
    /// In this file.
    InFile(PathBuf),
    /// Itself.
    Itself(String),
}

impl FromStr for MoneyToken {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix('@') {
            Some(path) => Self::InFile(path.into()),
            None => Self::Itself(text.to_owned()),
        })
    }
}

impl fmt::Debug for MoneyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFile(path) => f.debug_tuple("InFile").field(path).finish(),
            Self::Itself(_) => f.write_str("Itself(..)"),
        }
    }
}

impl<'de> Deserialize<'de> for MoneyToken {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let Ok(token) = text.parse();
        Ok(token)
    }
}
