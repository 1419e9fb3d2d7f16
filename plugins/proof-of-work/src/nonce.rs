//! The nonces, one for every number of a try.

use std::fmt;

/// How many characters a nonce has.
pub(crate) const CHARACTERS: usize = 20;

/// How many digits there are.
pub(crate) const BASE: usize = 62;

/// The digits, in the order of their values.
pub(crate) const DIGITS: &[u8; BASE] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A nonce: the number of a try in base 62, with leading zeros.
///
/// * Numbers that differ give nonces that differ: 62¹¹ is more than 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nonce([u8; CHARACTERS]);

impl Nonce {
    /// The nonce of this try.
    pub(crate) fn of_try(mut number: u64) -> Self {
        let mut characters = [DIGITS[0]; CHARACTERS];
        for character in characters.iter_mut().rev() {
            *character = DIGITS[(number % BASE as u64) as usize];
            number /= BASE as u64;
        }
        Self(characters)
    }

    /// Becomes the nonce of the next try; no division, so that it costs next to nothing.
    pub(crate) fn advance(&mut self) {
        for character in self.0.iter_mut().rev() {
            *character = match *character {
                b'9' => b'A',
                b'Z' => b'a',
                b'z' => {
                    *character = b'0';
                    continue;
                }
                other => other + 1,
            };
            return;
        }
    }

    /// Becomes the nonce of so many tries later.
    #[cfg(any(target_arch = "x86_64", test))]
    pub(crate) fn advance_by(&mut self, mut tries: usize) {
        for character in self.0.iter_mut().rev() {
            if tries == 0 {
                return;
            }
            let sum = value_of(*character) + tries;
            *character = DIGITS[sum % BASE];
            tries = sum / BASE;
        }
    }

    /// The value of its last digit.
    #[cfg(any(target_arch = "x86_64", test))]
    pub(crate) fn last_digit(&self) -> usize {
        value_of(self.0[CHARACTERS - 1])
    }

    /// Its characters.
    pub(crate) fn as_bytes(&self) -> &[u8; CHARACTERS] {
        &self.0
    }
}

/// The value of a digit.
#[cfg(any(target_arch = "x86_64", test))]
fn value_of(digit: u8) -> usize {
    usize::from(match digit {
        b'0'..=b'9' => digit - b'0',
        b'A'..=b'Z' => digit - b'A' + 10,
        _ => digit - b'a' + 36,
    })
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

/// Whether a text has the form of a nonce.
pub(crate) fn is_nonce(text: &str) -> bool {
    text.len() == CHARACTERS && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_in_order() {
        assert_eq!(Nonce::of_try(0).to_string(), "00000000000000000000");
        assert_eq!(Nonce::of_try(61).to_string(), "0000000000000000000z");
        assert_eq!(Nonce::of_try(62).to_string(), "00000000000000000010");
        assert_eq!(Nonce::of_try(u64::MAX).to_string(), "000000000LygHa16AHYF");
        assert!(is_nonce(&Nonce::of_try(u64::MAX).to_string()));
    }

    #[test]
    fn advancing_is_counting() {
        for start in [0, 61 * 62 - 3, 62 * 62 * 62 - 5, u64::MAX - 200] {
            let mut nonce = Nonce::of_try(start);
            for number in start..start + 100 {
                assert_eq!(nonce, Nonce::of_try(number), "{number}");
                nonce.advance();
            }
            for tries in [0, 1, 31, 32, 61, 62, 63, 100] {
                let mut nonce = Nonce::of_try(start);
                nonce.advance_by(tries);
                assert_eq!(
                    nonce,
                    Nonce::of_try(start + tries as u64),
                    "{start} + {tries}"
                );
                assert_eq!(DIGITS[nonce.last_digit()], nonce.as_bytes()[CHARACTERS - 1]);
            }
        }
    }

    #[test]
    fn after_the_last_number_come_nonces_that_no_number_has() {
        let mut nonce = Nonce::of_try(u64::MAX);
        nonce.advance();
        assert_eq!(nonce.to_string(), "000000000LygHa16AHYG");
    }
}
