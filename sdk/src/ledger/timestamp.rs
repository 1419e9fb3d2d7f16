//! [`Timestamp`]: a moment in UTC with the exact text that it is written as.

use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

use super::from_text::from_text;
use crate::Invalid;

/// Two hours, in microseconds.
pub const TWO_HOURS_US: i64 = 2 * 3600 * 1_000_000;

/// How the genesis block, and nothing else, writes its time.
pub(super) const GENESIS_TIMESTAMP: &str = "01/01/2009";

/// What microseconds are counted from.
const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);

/// 2009-01-01T00:00:00, in microseconds since 1970.
const GENESIS_US: i64 = 1_230_768_000_000_000;

/// What stands between the numbers of a moment's text, and where.
const MARKS: [(usize, u8); 5] = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];

/// A moment in UTC, to the microsecond, that remembers how it was written.
///
/// * `2020-05-14T09:19:10.338111`, or without the fraction; a real date and time, years 1 to 9999.
/// * The genesis block's `01/01/2009` counts as 2009-01-01T00:00:00.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    us: i64,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Genesis,
    Seconds,
    Microseconds,
}

impl Timestamp {
    /// The genesis block's.
    pub(super) const GENESIS: Self = Self {
        us: GENESIS_US,
        form: Form::Genesis,
    };

    /// A moment by its microseconds since 1970, written with six digits.
    ///
    /// * Moments outside the years 1 to 9999 are moved to the nearest end of that range.
    pub fn from_us(us: i64) -> Self {
        const FIRST: i64 = -62_135_596_800_000_000;
        const LAST: i64 = 253_402_300_799_999_999;
        Self {
            us: us.clamp(FIRST, LAST),
            form: Form::Microseconds,
        }
    }

    /// Microseconds since 1970-01-01T00:00:00 UTC.
    pub fn us(&self) -> i64 {
        self.us
    }

    /// Reads an ISO 8601 moment in UTC without zone.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form` if it is not exactly that, or no real date and time.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        read(text).ok_or_else(|| {
            let observed: String = text.chars().take(40).filter(|c| !c.is_control()).collect();
            Invalid::new("form", "`timestamp` is not a moment in UTC")
                .observed(observed)
                .required("as 2020-05-14T09:19:10.338111, or without the fraction")
        })
    }
}

fn read(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let form = match bytes.len() {
        19 => Form::Seconds,
        26 if bytes[19] == b'.' => Form::Microseconds,
        _ => return None,
    };
    if MARKS.iter().any(|&(at, mark)| bytes[at] != mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0i32, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0'))
        })
    };
    let year = number(0, 4)?;
    let part = |from, to| number(from, to).and_then(|n| i8::try_from(n).ok());
    let microseconds = if form == Form::Microseconds {
        number(20, 26)?
    } else {
        0
    };
    if year == 0 {
        return None;
    }
    let moment = DateTime::new(
        i16::try_from(year).ok()?,
        part(5, 7)?,
        part(8, 10)?,
        part(11, 13)?,
        part(14, 16)?,
        part(17, 19)?,
        microseconds * 1000,
    )
    .ok()?;
    let us = i64::try_from(moment.duration_since(EPOCH).as_micros()).ok()?;
    Some(Timestamp { us, form })
}

/// The longest text of a moment.
const TEXT_BYTES_MAX: usize = 26;

impl Timestamp {
    /// The text, in this buffer.
    fn write<'a>(&self, buffer: &'a mut [u8; TEXT_BYTES_MAX]) -> &'a str {
        let text = match self.form {
            Form::Genesis => return GENESIS_TIMESTAMP,
            Form::Seconds => &mut buffer[..19],
            Form::Microseconds => &mut buffer[..],
        };
        // In the range of every timestamp there is, so this can't fail.
        let moment = EPOCH
            .checked_add(SignedDuration::from_micros(self.us))
            .unwrap_or(EPOCH);
        let mut digits = |from: usize, to: usize, number: i32| {
            let mut rest = number.unsigned_abs();
            for at in (from..to).rev() {
                text[at] = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        };
        digits(0, 4, moment.year().into());
        digits(5, 7, moment.month().into());
        digits(8, 10, moment.day().into());
        digits(11, 13, moment.hour().into());
        digits(14, 16, moment.minute().into());
        digits(17, 19, moment.second().into());
        if self.form == Form::Microseconds {
            digits(20, 26, moment.subsec_nanosecond() / 1000);
            text[19] = b'.';
        }
        for (at, mark) in MARKS {
            text[at] = mark;
        }
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; TEXT_BYTES_MAX]))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.write(&mut [0; TEXT_BYTES_MAX]))
    }
}

impl FromStr for Timestamp {
    type Err = Invalid;

    /// Reads any timestamp that there is, the genesis block's with them.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            GENESIS_TIMESTAMP => Ok(Self::GENESIS),
            text => Self::parse(text),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_comes_back_byte_for_byte() {
        for text in [
            "2020-05-14T09:19:10.338111",
            "2020-05-14T09:19:10",
            "2020-05-14T09:19:10.000000",
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59.999999",
            "2024-02-29T00:00:00",
            "1969-12-31T23:59:59.999999",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::GENESIS.to_string(), "01/01/2009");
        assert_eq!(
            Timestamp::parse("2009-01-01T00:00:00").unwrap().us(),
            Timestamp::GENESIS.us()
        );
        assert_eq!(
            Timestamp::parse("1970-01-01T00:00:01.000002").unwrap().us(),
            1_000_002
        );
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "01/01/2009",
            "2020-05-14",
            "2020-05-14 09:19:10",
            "2020-05-14T09:19:10Z",
            "2020-05-14T09:19:10.3",
            "2020-05-14T09:19:10.33811",
            "2020-05-14T09:19:10.3381111",
            "2020-13-14T09:19:10",
            "2020-02-30T09:19:10",
            "2023-02-29T09:19:10",
            "2020-05-14T24:00:00",
            "2020-05-14T09:60:10",
            "2020-05-14T09:19:60",
            "0000-01-01T00:00:00",
            "2020-05-14T09:19:1a",
            "2020-05-14T09:19:10,338111",
            "+020-05-14T09:19:10",
            "2020-05-14T09:19:10.-38111",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn moments_far_out_are_moved_into_the_range() {
        assert_eq!(
            Timestamp::from_us(i64::MIN).to_string(),
            "0001-01-01T00:00:00.000000"
        );
        assert_eq!(
            Timestamp::from_us(i64::MAX).to_string(),
            "9999-12-31T23:59:59.999999"
        );
    }
}
