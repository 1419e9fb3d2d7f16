//! [`Report`]: what was found, saved and lost, in words and in JSON.

use std::path::{Path, PathBuf};

use journal::Damaged;
use plugcoin_sdk::hooks::Tip;
use plugcoin_sdk::ledger::Hash;
use serde_json::{Value, json};

use super::candidates::{Chosen, Lost};
use crate::cli::{ExitCode, Failure};

/// How many rows of a kind are printed: a block that is lost takes all that stand on it with it.
const ROWS_MAX: usize = 20;

/// What was found, saved and lost.
pub(super) struct Report {
    pub(super) damaged: Vec<Damaged>,
    pub(super) lost: Vec<Lost>,
    /// The payments on record that are neither on the best chain nor wait.
    pub(super) unheld: Vec<Hash>,
    pub(super) saved: Saved,
    /// Where the damaged journal is now.
    pub(super) kept: Option<PathBuf>,
    pub(super) dry_run: bool,
}

/// What the new journal holds.
pub(super) struct Saved {
    pub(super) blocks: usize,
    /// The payments with a record of their own.
    pub(super) payments: usize,
    pub(super) waiting: usize,
    pub(super) tip: Tip,
}

impl Report {
    /// Every node knows the first block, so that it is not lost where its line is.
    pub(super) fn restore_first(&mut self, chosen: &Chosen) {
        if !chosen.first_missing {
            return;
        }
        let known = "the first block's line; every node knows what stood there";
        let before = self.damaged.iter_mut().find(|damage| damage.line == 2);
        match before {
            Some(damage) => {
                damage.record = false;
                damage.what = format!("{} ({known})", damage.what);
            }
            None => self.damaged.insert(
                0,
                Damaged {
                    line: 2,
                    offset: 2,
                    bytes: 0,
                    what: format!("missing: {known}"),
                    record: false,
                },
            ),
        }
    }

    pub(super) fn is_damaged(&self) -> bool {
        !self.damaged.is_empty() || !self.lost.is_empty()
    }

    /// In how many places something could not be saved.
    fn losses(&self) -> usize {
        let damaged = self.damaged.iter().filter(|damage| damage.record);
        damaged.count() + self.lost.len()
    }

    /// How it ends: badly, if something could not be saved.
    pub(super) fn result(&self, file: &Path) -> Result<(), Failure> {
        let where_now = match &self.kept {
            Some(kept) => format!("it is still in {}", kept.display()),
            None => format!("nothing was written, and {} is as it was", file.display()),
        };
        match self.losses() {
            0 => Ok(()),
            count => Err(Failure::new(
                ExitCode::Chain,
                format!(
                    "in {count} {} something could not be saved; {where_now}",
                    if count == 1 { "place" } else { "places" }
                ),
            )),
        }
    }

    pub(super) fn text(&self, file: &Path) -> String {
        let name = file.display();
        let saved = &self.saved;
        let holds = format!(
            "height {}, tip {}\n{} blocks, {} payments on record, {} waiting",
            saved.tip.nr, saved.tip.hash, saved.blocks, saved.payments, saved.waiting
        );
        if !self.is_damaged() {
            return format!(
                "{name} is whole, and every rule is kept; nothing was changed.\n{holds}"
            );
        }
        let mut lines = Vec::new();
        let damages = [(false, "Mended:"), (true, "Could not be read:")];
        for (record, title) in damages {
            let of_kind = self.damaged.iter().filter(|damage| damage.record == record);
            titled(&mut lines, title, of_kind.map(told));
        }
        let lost = self.lost.iter();
        titled(
            &mut lines,
            "Whole, and could not be kept:",
            lost.map(|lost| format!("  line {}, byte {}: {}", lost.line, lost.offset, lost.what)),
        );
        lines.push(format!("Saved:\n{holds}"));
        if self.losses() > 0 {
            titled(
                &mut lines,
                "On record, and neither on this chain nor waiting, since what they spend is not there \
                 or is spent:",
                self.unheld.iter().map(|id| format!("  payment {id}")),
            );
        }
        lines.push(match &self.kept {
            Some(kept) => format!(
                "{name} is whole now; the damaged one is {}.",
                kept.display()
            ),
            None => "Nothing was written (--dry-run).".to_owned(),
        });
        lines.join("\n")
    }

    pub(super) fn json(&self, file: &Path) -> Value {
        let saved = &self.saved;
        let damaged = self.damaged.iter().map(|damage| {
            json!({
                "line": damage.line,
                "byte": damage.offset,
                "bytes": damage.bytes,
                "what": damage.what,
                "lost": damage.record,
            })
        });
        let lost = self
            .lost
            .iter()
            .map(|lost| json!({"line": lost.line, "byte": lost.offset, "what": lost.what}));
        json!({
            "file": file.display().to_string(),
            "damaged": damaged.collect::<Vec<_>>(),
            "not_kept": lost.collect::<Vec<_>>(),
            "no_longer_held": self.unheld,
            "height": saved.tip.nr,
            "tip": saved.tip.hash,
            "blocks": saved.blocks,
            "payments": saved.payments,
            "waiting": saved.waiting,
            "damaged_file": self.kept.as_ref().map(|kept| kept.display().to_string()),
            "dry_run": self.dry_run,
        })
    }
}

fn titled(lines: &mut Vec<String>, title: &str, rows: impl Iterator<Item = String>) {
    let rows = first_of(rows, ", which --json names");
    if !rows.is_empty() {
        lines.push(title.to_owned());
        lines.extend(rows);
    }
}

/// The first rows, and how many more there are; `where_named` says where those are.
pub(super) fn first_of(mut rows: impl Iterator<Item = String>, where_named: &str) -> Vec<String> {
    let mut first: Vec<String> = rows.by_ref().take(ROWS_MAX).collect();
    match rows.count() {
        0 => {}
        more => first.push(format!("  and {more} more{where_named}")),
    }
    first
}

/// A damage in a line.
pub(super) fn told(damage: &Damaged) -> String {
    let from = damage.offset;
    let place = match damage.bytes {
        0 | 1 => format!("byte {from}"),
        bytes => format!("bytes {from} to {}", from + bytes - 1),
    };
    format!("  line {}, {place}: {}", damage.line, damage.what)
}
