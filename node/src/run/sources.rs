//! [`Sources`]: how much each source address may push in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::limits::{PUSH_BURST, PUSH_LOOPBACK_FACTOR, PUSH_PER_S, SOURCES_MAX};

/// A bucket for each source address: every push takes one from it, and time fills it again.
///
/// * A source is an IPv4 address, or the first 64 bits of an IPv6 address, which one user has.
/// * When there are too many sources, those whose bucket is full are forgotten, which changes
///   nothing for them; while there are only others, newcomers are refused.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<HashMap<IpAddr, Bucket>>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// What is left, in thousandths of a push.
    left_milli: i64,
    since_us: i64,
    /// How much more than others its source may.
    factor: i64,
}

impl Sources {
    /// Whether this source may push one thing more now.
    pub(crate) fn allow(&self, ip: IpAddr, now_us: i64) -> bool {
        let factor = if ip.to_canonical().is_loopback() {
            PUSH_LOOPBACK_FACTOR
        } else {
            1
        };
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let source = source(ip);
        if sources.len() >= SOURCES_MAX && !sources.contains_key(&source) {
            sources.retain(|_, bucket| bucket.filled_milli(now_us) < bucket.full_milli());
            if sources.len() >= SOURCES_MAX {
                return false;
            }
        }
        let bucket = sources.entry(source).or_insert(Bucket {
            left_milli: PUSH_BURST * factor * 1_000,
            since_us: now_us,
            factor,
        });
        bucket.left_milli = bucket.filled_milli(now_us);
        bucket.since_us = now_us;
        let allowed = bucket.left_milli >= 1_000;
        if allowed {
            bucket.left_milli -= 1_000;
        }
        allowed
    }
}

impl Bucket {
    fn full_milli(&self) -> i64 {
        PUSH_BURST * self.factor * 1_000
    }

    /// What is left by now.
    fn filled_milli(&self, now_us: i64) -> i64 {
        // A clock that went back fills nothing.
        let passed_us = now_us.saturating_sub(self.since_us).max(0);
        self.left_milli
            .saturating_add(passed_us.saturating_mul(PUSH_PER_S * self.factor) / 1_000)
            .min(self.full_milli())
    }
}

/// The source that an address belongs to.
pub(super) fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => IpAddr::from((u128::from(ip) >> 64 << 64).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn nth(n: usize) -> IpAddr {
        IpAddr::from((n as u32 + (1 << 24)).to_be_bytes())
    }

    fn burst(sources: &Sources, source: IpAddr, now_us: i64) -> i64 {
        (0..1_000_000)
            .take_while(|_| sources.allow(source, now_us))
            .count() as i64
    }

    #[test]
    fn a_burst_is_taken_and_then_so_many_a_second() {
        let sources = Sources::default();
        assert_eq!(burst(&sources, ip("8.8.8.8"), 0), PUSH_BURST);
        assert_eq!(burst(&sources, ip("8.8.8.8"), 1_000_000), PUSH_PER_S);
        assert_eq!(burst(&sources, ip("8.8.8.8"), 0), 0, "the clock went back");
        assert_eq!(
            burst(&sources, ip("9.9.9.9"), 0),
            PUSH_BURST,
            "another source is not to blame"
        );
        let forever_us = 1_000_000_000_000;
        assert_eq!(burst(&sources, ip("8.8.8.8"), forever_us), PUSH_BURST);
    }

    #[test]
    fn loopback_has_more_and_a_user_of_version_6_is_one_source() {
        let sources = Sources::default();
        let local = burst(&sources, ip("127.0.0.1"), 0);
        assert_eq!(local, PUSH_BURST * PUSH_LOOPBACK_FACTOR);
        assert_eq!(burst(&sources, ip("2001:db8::1"), 0), PUSH_BURST);
        assert_eq!(burst(&sources, ip("2001:db8::2"), 0), 0);
    }

    #[test]
    fn loopback_is_not_forgotten_before_it_has_all_that_it_may() {
        for local in [ip("127.0.0.1"), ip("::1")] {
            let sources = Sources::default();
            let spent = PUSH_BURST * (PUSH_LOOPBACK_FACTOR - 1);
            for _ in 0..spent {
                assert!(sources.allow(local, 0));
            }
            for n in 1..SOURCES_MAX {
                assert!(sources.allow(nth(n), 0));
            }
            assert!(!sources.allow(nth(SOURCES_MAX), 0));
            assert_eq!(burst(&sources, local, 0), PUSH_BURST);
        }
    }

    #[test]
    fn the_number_of_sources_is_bounded_and_the_idle_ones_give_way() {
        let sources = Sources::default();
        for n in 0..SOURCES_MAX {
            assert!(sources.allow(nth(n), 0));
        }
        assert!(!sources.allow(nth(SOURCES_MAX), 0));
        assert!(sources.allow(nth(SOURCES_MAX), 1_000_000));
        assert!(sources.0.lock().unwrap().len() <= SOURCES_MAX);
    }
}
