//! [`Amount`]: money in whole units of 1e-8; [`Sum`]: an amount with the text that was signed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

use crate::Invalid;

/// How many units make one coin.
const UNITS: u128 = 100_000_000;

/// The greatest sum that a transaction may carry: 10 000 000 000 coins.
pub const SUM_MAX: Amount = Amount(10_000_000_000 * UNITS);

/// Money in whole units of 1e-8 of a coin.
///
/// * Never a float. The width holds 3·10²⁰ greatest sums, so that balances can't overflow.
/// * Written in its shortest decimal form: `1`, `0.5`, `0.00000001`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of whole units of 1e-8.
    pub const fn from_units(units: u128) -> Self {
        Self(units)
    }

    /// An amount of whole coins.
    pub const fn from_coins(coins: u64) -> Self {
        Self(coins as u128 * UNITS)
    }

    /// The whole units of 1e-8.
    pub const fn units(self) -> u128 {
        self.0
    }

    /// The sum, unless it would overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The difference, unless it would be below zero.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (coins, units) = (self.0 / UNITS, self.0 % UNITS);
        if units == 0 {
            return write!(f, "{coins}");
        }
        let fraction = format!("{units:08}");
        write!(f, "{coins}.{}", fraction.trim_end_matches('0'))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A sum as a transaction carries it: the amount, and the decimal text that was signed.
///
/// * `0` or digits without a leading zero, optionally `.` and 1 to 8 digits; no sign, no exponent.
/// * At most [`SUM_MAX`]. Zero is a form that only rewards may use; the transaction checks that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    text: Box<str>,
    amount: Amount,
}

impl Sum {
    /// Reads the decimal text of a sum.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form` if the text is not a plain decimal, or is above the bound.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let amount = parse(text)?;
        if amount > SUM_MAX {
            return Err(refuse(text, "is too large").required(format_args!("at most {SUM_MAX}")));
        }
        Ok(Self {
            amount,
            text: text.into(),
        })
    }

    /// The amount in units.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// The text as it came.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl From<Amount> for Sum {
    fn from(amount: Amount) -> Self {
        Self {
            text: amount.to_string().into(),
            amount,
        }
    }
}

fn refuse(text: &str, why: &str) -> Invalid {
    let observed: String = text.chars().take(40).collect();
    Invalid::new("form", format!("`sum` {why}"))
        .observed(observed)
        .required("a plain decimal with at most 8 decimals, as 2 or 0.8")
}

/// Reads a plain decimal as an amount.
fn parse(text: &str) -> Result<Amount, Invalid> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(refuse(text, "ends in a point")),
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(refuse(text, "is not a plain decimal number"));
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(refuse(text, "has a leading zero"));
    }
    if fraction.len() > 8 {
        return Err(refuse(text, "has more than 8 decimals"));
    }
    // Thirty digits of coins are 10^38 units, the most that the type holds.
    if whole.len() > 30 {
        return Err(refuse(text, "is too large"));
    }
    let number = |part: &str| {
        part.bytes()
            .fold(0u128, |n, b| n * 10 + u128::from(b - b'0'))
    };
    let scale = 10u128.pow(8 - fraction.len() as u32);
    Ok(Amount(number(whole) * UNITS + number(fraction) * scale))
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A string, since a JSON number of this size loses digits in many readers.
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimals_are_exact() {
        let units = |text| Sum::parse(text).unwrap().amount().units();
        assert_eq!(units("2"), units("2.0"));
        assert_eq!(units("2.0"), 200_000_000);
        assert_eq!(units("0.00000001"), 1);
        assert_eq!(units("0.10000000"), 10_000_000);
        assert_eq!(units("10000000000"), SUM_MAX.units());
        assert_eq!(units("0"), 0);
        assert_eq!(Sum::parse("2.0").unwrap().text(), "2.0");
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "01",
            "00",
            "1e2",
            "1E2",
            "0x1",
            " 1",
            "1 ",
            "1.000000001",
            "10000000000.00000001",
            "10000000001",
            "99999999999999999999999999",
            "1.5.5",
            "NaN",
            "١",
        ] {
            assert!(Sum::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_shortest_form() {
        for (units, text) in [
            (0, "0"),
            (100_000_000, "1"),
            (50_000_000, "0.5"),
            (1, "0.00000001"),
            (1_230_000_000, "12.3"),
        ] {
            assert_eq!(Amount::from_units(units).to_string(), text);
        }
    }

    #[test]
    fn arithmetic_says_when_it_does_not_fit() {
        let one = Amount::from_coins(1);
        assert_eq!(Amount::ZERO.checked_sub(one), None);
        assert_eq!(one.checked_sub(one), Some(Amount::ZERO));
        assert_eq!(Amount::from_units(u128::MAX).checked_add(one), None);
    }
}
