//! [`Target`] and [`Work`]: 256-bit numbers, written as 64 hex digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

use super::Hash;
use super::from_text::from_text;
use crate::Invalid;

/// An unsigned number of 256 bits.
pub type U256 = ruint::aliases::U256;

/// The greatest hash, read as a number, that a block may have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(pub U256);

/// The expected number of tries that a seal cost, or the sum of many such.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Work(pub U256);

impl Target {
    /// The target that every hash meets.
    pub const MAX: Self = Self(U256::MAX);

    /// The target that a hash with this many leading zero hex digits meets.
    ///
    /// * 0 is [`Target::MAX`]; 64 and more is the target zero.
    pub fn from_leading_zeros(zeros: u32) -> Self {
        if zeros >= 64 {
            return Self(U256::ZERO);
        }
        Self(U256::MAX >> (4 * zeros as usize))
    }

    /// Whether a hash, read as a 256-bit number, is at most this target.
    pub fn is_met_by(&self, hash: &Hash) -> bool {
        U256::from_be_bytes(*hash.as_bytes()) <= self.0
    }
}

impl Work {
    /// No work.
    pub const ZERO: Self = Self(U256::ZERO);

    /// The expected number of tries for a target: ⌊2²⁵⁶ / (target + 1)⌋.
    ///
    /// Written as ⌊(2²⁵⁶ − 1 − t) / (t + 1)⌋ + 1, which is the same and stays within 256 bits
    /// (as in Bitcoin Core's `GetBlockProof`); only t = 0 would need 2²⁵⁶ and gives 2²⁵⁶ − 1.
    pub fn of_target(target: &Target) -> Self {
        let Some(divisor) = target.0.checked_add(U256::ONE) else {
            return Self(U256::ONE);
        };
        Self((!target.0 / divisor).saturating_add(U256::ONE))
    }

    /// The sum; 2²⁵⁶ − 1 if it were more.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; zero if it were less.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

macro_rules! as_hex {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&Hash::from_bytes(self.0.to_be_bytes()), f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                match text.parse::<Hash>() {
                    Ok(hash) => Ok(Self(U256::from_be_bytes(*hash.as_bytes()))),
                    Err(_) => Err(Invalid::new(
                        "form",
                        concat!($what, " is 64 lower-case hex digits"),
                    )),
                }
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // The digits of a hash are those of a number.
                Hash::from_bytes(self.0.to_be_bytes()).serialize(serializer)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }
    };
}
as_hex!(Target, "a target");
as_hex!(Work, "work");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_hex_digits() {
        let four = Target::from_leading_zeros(4);
        assert_eq!(four.to_string(), format!("0000{}", "f".repeat(60)));
        assert_eq!(Target::from_leading_zeros(0), Target::MAX);
        assert_eq!(Target::from_leading_zeros(64).0, U256::ZERO);
        assert!(four.is_met_by(&format!("0000{}", "f".repeat(60)).parse().unwrap()));
        assert!(!four.is_met_by(&format!("0001{}", "0".repeat(60)).parse().unwrap()));
    }

    #[test]
    fn work_is_the_expected_number_of_tries() {
        let tries = |zeros| Work::of_target(&Target::from_leading_zeros(zeros)).0;
        assert_eq!(tries(0), U256::from(1));
        assert_eq!(tries(1), U256::from(16));
        assert_eq!(tries(4), U256::from(65_536));
        assert_eq!(tries(64), U256::MAX);
        let third = Target(U256::MAX / U256::from(3));
        assert_eq!(
            Work::of_target(&third).0,
            U256::from(2),
            "2^256 / (2^256/3 + 1), rounded down"
        );
    }
}
