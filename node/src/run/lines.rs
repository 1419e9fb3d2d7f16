//! [`Lines`]: how many lines of the log others may cause.

use plugcoin_sdk::hooks::Event;

use super::limits::{LINES_BURST, LINES_PER_S};

/// A bucket of lines for what anybody can make happen: no flood fills a disk by what is said of it.
///
/// * What goes beyond is counted, and the count told with the next line that there is room for.
pub(crate) struct Lines {
    /// What is left, in millionths of a line.
    left_micro: i64,
    since_us: i64,
    left_out: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            left_micro: LINES_BURST * 1_000_000,
            since_us: i64::MIN,
            left_out: 0,
        }
    }
}

impl Lines {
    /// Whether this event has its line, and how many had none since the last that had.
    pub(crate) fn allow(&mut self, event: &Event, now_us: i64) -> Option<u64> {
        if !anybody_causes(event) {
            return Some(0);
        }
        // A clock that went back fills nothing.
        let passed_us = now_us.saturating_sub(self.since_us).max(0);
        let filled = passed_us.saturating_mul(LINES_PER_S);
        let full = LINES_BURST * 1_000_000;
        self.left_micro = self.left_micro.saturating_add(filled).min(full);
        self.since_us = now_us;
        if self.left_micro < 1_000_000 {
            self.left_out += 1;
            return None;
        }
        self.left_micro -= 1_000_000;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Whether it costs nothing to make this happen.
fn anybody_causes(event: &Event) -> bool {
    matches!(
        event,
        Event::BlockRefused { .. }
            | Event::BlockWaiting { .. }
            | Event::TransactionRefused { .. }
            | Event::TransactionDropped { .. }
            | Event::PeerAdded { .. }
            | Event::PeerDropped { .. }
    )
}

#[cfg(test)]
mod tests {
    use plugcoin_sdk::Invalid;
    use plugcoin_sdk::ledger::Hash;

    use super::*;

    #[test]
    fn a_flood_has_so_many_lines_and_the_rest_is_counted() {
        let mut lines = Lines::default();
        let event = Event::TransactionRefused {
            id: Hash::of("a"),
            reason: Invalid::new("funds", "no"),
        };
        let mut told = |now_us| {
            let lines = (0..1_000).map(|_| lines.allow(&event, now_us));
            let told: Vec<u64> = lines.flatten().collect();
            (told.len() as i64, told.iter().sum::<u64>())
        };
        assert_eq!(told(0), (LINES_BURST, 0));
        let left_out = 1_000 - LINES_BURST as u64;
        assert_eq!(told(1_000_000), (LINES_PER_S, left_out));
        assert_eq!(told(0), (0, 0), "the clock went back");
        // What nobody causes for nothing always has its line.
        let ended = Event::SyncEnded {
            nr: 1,
            reason: None,
        };
        assert_eq!(lines.allow(&ended, 0), Some(0));
    }
}
