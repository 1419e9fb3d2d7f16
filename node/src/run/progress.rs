//! [`Progress`]: how far a sync is, as a bar for who watches a terminal, as lines in a log otherwise.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use plugcoin_sdk::hooks::Event;

use super::limits::{PROGRESS_BAR_US, PROGRESS_BLOCKS_MIN, PROGRESS_LINE_US};

/// The sync under way, if it is one of many blocks.
#[derive(Default)]
pub(crate) struct Progress(Option<Sync>);

struct Sync {
    far: Far,
    /// The height of the first block that came; none yet.
    first_nr: Option<u64>,
    begun_us: i64,
    told_us: i64,
    /// Whether somebody watches a terminal. The system is asked once, and not for each block.
    watched: bool,
    /// None: nobody watches.
    bar: Option<ProgressBar>,
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Far {
    /// How many blocks it has brought.
    blocks: u64,
    /// The height of the last of them; none yet.
    nr: Option<u64>,
    /// The height where it ends.
    target_nr: u64,
}

impl Progress {
    /// Takes note of an event; whether it is told hereby, so that it needs no line of its own.
    pub(crate) fn tells(&mut self, event: &Event, now_us: i64) -> bool {
        match event {
            Event::SyncStarted { nr, .. } => {
                self.0 = Some(Sync::begin(*nr, now_us));
                false
            }
            Event::SyncEnded { .. } => {
                if let Some(bar) = self.0.take().and_then(|sync| sync.bar) {
                    bar.finish_and_clear();
                }
                false
            }
            Event::BlockAccepted { nr, own: false, .. } => {
                self.0.as_mut().is_some_and(|sync| sync.came(*nr, now_us))
            }
            _ => false,
        }
    }

    /// Writes a line of the log, above the bar if there is one.
    pub(crate) fn beside(&self, log: impl FnOnce()) {
        match self.0.as_ref().and_then(|sync| sync.bar.as_ref()) {
            Some(bar) => bar.suspend(log),
            None => log(),
        }
    }
}

impl Sync {
    fn begin(target_nr: u64, now_us: i64) -> Self {
        Self {
            far: Far {
                blocks: 0,
                nr: None,
                target_nr,
            },
            first_nr: None,
            begun_us: now_us,
            told_us: now_us,
            watched: io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// A block came; whether its coming is told by how far the sync is.
    fn came(&mut self, nr: u64, now_us: i64) -> bool {
        let first_nr = *self.first_nr.get_or_insert(nr);
        self.far.blocks += 1;
        // Side blocks that others push come in between, of any height.
        self.far.nr = self.far.nr.max(Some(nr));
        let whole = self.far.target_nr.saturating_sub(first_nr);
        if whole < PROGRESS_BLOCKS_MIN {
            return false;
        }
        if self.watched && self.bar.is_none() {
            self.bar = Some(bar(whole + 1));
        }
        let each_us = match self.bar {
            Some(_) => PROGRESS_BAR_US,
            None => PROGRESS_LINE_US,
        };
        if now_us - self.told_us >= each_us {
            self.told_us = now_us;
            let words = self.far.words(now_us - self.begun_us);
            match &self.bar {
                Some(bar) => {
                    bar.set_message(words);
                    bar.set_position(self.far.blocks);
                }
                None => tracing::info!("fetching the chain: {words}"),
            }
        }
        true
    }
}

impl Far {
    /// How far, how fast and how long yet, in words.
    fn words(&self, elapsed_us: i64) -> String {
        let nr = self.nr.unwrap_or(0);
        let elapsed_s = elapsed_us.max(1) as f64 / 1e6;
        let per_s = self.blocks as f64 / elapsed_s;
        let left = self.target_nr.saturating_sub(nr);
        let left_s = (left as f64 / per_s.max(1e-9)).ceil() as u64;
        let of = self.target_nr;
        format!(
            "block {nr} of {of}, {per_s:.0} blocks/s, {} left",
            time(left_s)
        )
    }
}

/// A time as people say it.
fn time(s: u64) -> String {
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3_600, s % 3_600 / 60),
    }
}

fn bar(blocks: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(blocks), ProgressDrawTarget::stderr());
    // The template is known to be one; the usual bar would do as well.
    if let Ok(style) = ProgressStyle::with_template("[{bar:30}] {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN_US: i64 = 1_000_000_000;

    fn came(progress: &mut Progress, nr: u64, us: i64, own: bool) -> bool {
        let event = Event::BlockAccepted {
            hash: Default::default(),
            nr,
            transactions: 1,
            own,
            best: true,
        };
        progress.tells(&event, BEGUN_US + us)
    }

    fn begun(target_nr: u64) -> Progress {
        let mut progress = Progress::default();
        let started = Event::SyncStarted {
            address: "127.0.0.1:6000".parse().unwrap(),
            nr: target_nr,
        };
        assert!(!progress.tells(&started, BEGUN_US), "it has its own line");
        progress
    }

    #[test]
    fn it_says_how_far_how_fast_and_how_long_yet() {
        let words = |blocks, nr, target_nr, elapsed_us| {
            let nr = Some(nr);
            Far {
                blocks,
                nr,
                target_nr,
            }
            .words(elapsed_us)
        };
        assert_eq!(
            words(50_000, 50_000, 100_000, 2_000_000),
            "block 50000 of 100000, 25000 blocks/s, 2 s left"
        );
        assert_eq!(
            words(10, 1_010, 1_810, 1_000_000),
            "block 1010 of 1810, 10 blocks/s, 1 min 20 s left"
        );
        assert_eq!(
            words(1, 1, 36_061, 10_000_000),
            "block 1 of 36061, 0 blocks/s, 100 h 10 min left"
        );
        assert_eq!(
            words(7, 7, 7, 0),
            "block 7 of 7, 7000000 blocks/s, 0 s left"
        );
    }

    #[test]
    fn of_a_long_sync_the_blocks_have_no_line_each() {
        let mut progress = begun(1_000);
        assert!(came(&mut progress, 1, 10, false));
        assert!(came(&mut progress, 2, 20, false));
        assert!(!came(&mut progress, 3, 30, true), "an own block has");
        let ended = Event::SyncEnded {
            nr: 2,
            reason: None,
        };
        assert!(!progress.tells(&ended, BEGUN_US + 40));
        assert!(!came(&mut progress, 3, 50, false), "it is over");
    }

    #[test]
    fn side_blocks_in_between_take_a_sync_neither_back_nor_down() {
        let mut progress = begun(1_000);
        for nr in [5, 4, 6, 1, 7, 2_000] {
            assert!(came(&mut progress, nr, 10, false));
        }
        let sync = progress.0.unwrap();
        assert_eq!((sync.far.blocks, sync.far.nr), (6, Some(2_000)));
        assert_eq!(
            sync.far.words(1_000_000),
            "block 2000 of 1000, 6 blocks/s, 0 s left"
        );
    }

    #[test]
    fn of_a_short_sync_each_block_has_a_line() {
        let mut progress = begun(1_000);
        assert!(!came(&mut progress, 901, 10, false), "100 blocks are few");
        assert!(!came(&mut progress, 1_000, 20, false));
        assert!(
            !came(&mut Progress::default(), 5, 0, false),
            "there is none"
        );
    }
}
