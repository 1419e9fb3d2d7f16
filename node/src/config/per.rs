//! [`Per`]: so much in a length of time.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use plugcoin_sdk::ledger::{Amount, Sum};

use super::values;

/// So much in a length of time, as `2/1h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Per<T> {
    /// How much at most.
    pub most: T,
    /// In how long.
    pub time: Duration,
    /// The time as it was written.
    written: String,
}

impl<T> Per<T> {
    /// Reads it by what reads a number, and says which one is above zero.
    fn read<N>(
        text: &str,
        example: &str,
        number: impl FnOnce(&str) -> Option<N>,
        above_zero: impl FnOnce(N) -> Option<T>,
    ) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(most, written)| {
            Some((number(most)?, values::duration(written).ok()?, written))
        });
        let (number, time, written) =
            parts.ok_or_else(|| format!("`{text}` is no number and a time; write {example}"))?;
        match above_zero(number) {
            Some(most) if !time.is_zero() => Ok(Self {
                most,
                time,
                written: written.to_owned(),
            }),
            _ => Err(format!(
                "`{text}` has a zero, but the number and the time must be more than 0; write {example}"
            )),
        }
    }
}

impl Per<Amount> {
    /// Reads so many coins in a length of time: `2/1h`, `0.5/10m`.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn coins(text: &str) -> Result<Self, String> {
        Self::read(
            text,
            "2/1h for two coins an hour, 0.5/10m",
            |coins| Some(Sum::parse(coins).ok()?.amount()),
            |amount| (amount > Amount::ZERO).then_some(amount),
        )
    }
}

impl Per<NonZeroU32> {
    /// Reads so many times in a length of time: `10/1m`.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn times(text: &str) -> Result<Self, String> {
        Self::read(
            text,
            "10/1m for ten a minute",
            |times| times.parse().ok(),
            NonZeroU32::new,
        )
    }
}

impl<T> Per<T> {
    /// The time as it was written.
    pub fn written(&self) -> &str {
        &self.written
    }
}

impl<T: fmt::Display> fmt::Display for Per<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.most, self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_time() {
        let two = Per::coins("2/1h").unwrap();
        assert_eq!(
            (two.most, two.time.as_secs()),
            (Amount::from_coins(2), 3_600)
        );
        assert_eq!(two.to_string(), "2 in 1h");
        assert_eq!(Per::coins("0.50/10m").unwrap().to_string(), "0.5 in 10m");
        let ten = Per::times("10/1m").unwrap();
        assert_eq!((ten.most.get(), ten.time.as_secs()), (10, 60));
        let none = "is no number and a time; write";
        for text in [
            "", "/", "2", "2/", "/1h", "-1/1h", "2/1", "2/1h/1h", "1e3/1h", "2 /1h", "0/x", "x/0s",
        ] {
            let told = Per::coins(text).unwrap_err();
            assert!(told.contains(&format!("{none} 2/1h")), "{told}");
        }
        for text in ["", "10", "1.5/1m", "-1/1m", "5000000000/1m"] {
            let told = Per::times(text).unwrap_err();
            assert!(told.contains(&format!("{none} 10/1m")), "{told}");
        }
    }

    #[test]
    fn a_zero_is_called_so() {
        let zero = "has a zero, but the number and the time must be more than 0; write";
        for text in ["0/1h", "0.0/1h", "2/0", "2/0s", "0/0s"] {
            let told = Per::coins(text).unwrap_err();
            assert!(told.contains(&format!("`{text}` {zero} 2/1h")), "{told}");
        }
        for text in ["0/1m", "10/0", "00/1m"] {
            let told = Per::times(text).unwrap_err();
            assert!(told.contains(&format!("`{text}` {zero} 10/1m")), "{told}");
        }
    }
}
