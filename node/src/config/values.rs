//! The options' values: how a text is read as each, for the command line and the file alike.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::ledger::{Address, FIELD_CHARACTERS_MAX, SYSTEM, Sum, check_field};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The most threads that mine: beyond any machine's cores, and within what a system gives.
const THREADS_MAX: usize = 1_024;

/// Reads an address to listen on: an IP address, or `localhost`.
///
/// # Errors
/// What is wrong, for people.
pub fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| {
            format!(
                "`{text}` is no IP address; write 127.0.0.1 for this machine, 0.0.0.0 for all networks"
            )
        }),
    }
}

/// Reads a length of time: `500ms`, `1s`, `10m`, `1h`, or `0`.
///
/// # Errors
/// What is wrong, for people.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if number == "0" => 0,
        _ => {
            return Err(format!(
                "`{text}` is no length of time; write 1s, 500ms, 2m or 0"
            ));
        }
    };
    number
        .parse::<u32>()
        .map(|number| Duration::from_millis(u64::from(number) * unit_ms))
        .map_err(|_| {
            format!("`{text}` is no length of time, or too long; write 1s, 500ms, 2m or 0")
        })
}

/// Reads the name of a hook.
pub(crate) fn hook() -> impl TypedValueParser<Value = HookKind> {
    PossibleValuesParser::new(HookKind::ALL.map(HookKind::name)).try_map(|name| {
        let mut all = HookKind::ALL.into_iter();
        all.find(|hook| hook.name() == name)
            .ok_or("there is no such hook")
    })
}

/// Reads a key that can be paid to.
///
/// # Errors
/// What is wrong, for people.
pub fn key(text: &str) -> Result<String, String> {
    if text == SYSTEM {
        return Err("nobody can pay to `System`".to_owned());
    }
    check_field("key", text, FIELD_CHARACTERS_MAX).map_err(|invalid| invalid.to_string())?;
    Ok(text.to_owned())
}

/// Reads a peer's address.
///
/// # Errors
/// What is wrong, for people.
pub fn address(text: &str) -> Result<Address, String> {
    text.parse()
        .map_err(|invalid: plugcoin_sdk::Invalid| format!("{}; write HOST:PORT", invalid.message))
}

/// Reads a sum of coins.
///
/// # Errors
/// What is wrong, for people.
pub fn sum(text: &str) -> Result<Sum, String> {
    Sum::parse(text).map_err(|invalid| invalid.to_string())
}

/// Reads how many threads mine.
///
/// # Errors
/// What is wrong, for people.
pub fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|threads: &NonZeroUsize| threads.get() <= THREADS_MAX)
        .ok_or_else(|| format!("`{text}` is no number of threads; write 1 to {THREADS_MAX}"))
}

/// Checks a log filter.
///
/// * A word alone is a level: a mistyped one would be the name of a target that there is not, and
///   nothing would be logged.
///
/// # Errors
/// What is wrong, for people.
pub fn log_filter(text: &str) -> Result<String, String> {
    let words = text.split(',').map(str::trim);
    if let Some(word) = words
        .filter(|word| !word.is_empty() && !word.contains(['=', '[', ']', '{', '}', '"']))
        .find(|word| word.parse::<LevelFilter>().is_err())
    {
        return Err(format!(
            "`{word}` is no level; write off, error, warn, info, debug or trace, or TARGET=LEVEL,…"
        ));
    }
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|error| {
            format!(
                "`{text}` is no log filter ({error}); write a level, as debug, or TARGET=LEVEL,…"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_or_are_zero() {
        for (text, ms) in [
            ("0", 0),
            ("0s", 0),
            ("1s", 1_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "",
            "1",
            "s",
            "-1s",
            "1.5s",
            "1 s",
            "1S",
            "1d",
            "99999999999s",
            "١s",
        ] {
            assert!(duration(text).unwrap_err().contains("write 1s"), "{text}");
        }
    }

    #[test]
    fn hosts_are_addresses() {
        assert_eq!(host("localhost"), Ok(Ipv4Addr::LOCALHOST.into()));
        assert!(host("::1").unwrap().is_loopback());
        assert!(host("example.org").is_err() && host("127.0.0.1:6000").is_err());
    }

    #[test]
    fn keys_can_be_paid_to() {
        assert!(key("ab").is_ok());
        for text in ["", "System", "a\"b", "é", &"k".repeat(201)] {
            assert!(key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn filters_are_checked_before_they_are_used() {
        assert!(log_filter("info,hyper=warn").is_ok());
        assert!(log_filter("warn,plugcoin_core=debug").is_ok() && log_filter("OFF").is_ok());
        assert!(log_filter("hyper=loud").is_err());
        for text in ["inof", "info,plugcoin_core", "debug;hyper"] {
            assert!(log_filter(text).unwrap_err().contains("no level"), "{text}");
        }
    }

    #[test]
    fn threads_are_some_and_not_too_many() {
        assert_eq!(threads("1024").map(NonZeroUsize::get), Ok(1_024));
        for text in ["0", "1025", "-1", "two", ""] {
            assert!(threads(text).unwrap_err().contains("1 to 1024"), "{text}");
        }
    }
}
