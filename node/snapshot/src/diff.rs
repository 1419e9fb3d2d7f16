//! What changed from one text of answers to another, for people.
//!
//! One changed sum changes every hash from there on, and with the hashes nonces and signatures.
//! Such a line is no news; what the rule changes itself is.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

/// How many lines around a change are shown.
const CONTEXT_LINES: usize = 3;

/// The shortest text that counts as a hash, a nonce, a key or a signature.
const NAME_CHARACTERS_MIN: usize = 20;

/// Which hashes, nonces, keys and signatures may be others without being news.
pub(crate) enum Unnoticed<'a> {
    /// None.
    None,
    /// All but these; but not if the new one has another length.
    AllBut(HashSet<&'a str>),
}

/// A unified diff without its two lines of header; empty if there is nothing to be noticed.
pub(crate) fn hunks(old: &str, new: &str, unnoticed: &Unnoticed<'_>) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let keys =
        |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| unnoticed.key(line)).collect() };
    let ops = capture_diff_slices(Algorithm::Myers, &keys(&old), &keys(&new));
    let mut text = String::new();
    for group in group_diff_ops(ops, CONTEXT_LINES) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let (a, b) = (
            first.old_range().start..last.old_range().end,
            first.new_range().start..last.new_range().end,
        );
        if group.iter().all(|op| matches!(op, DiffOp::Equal { .. })) {
            continue;
        }
        let _ = writeln!(text, "@@ -{} +{} @@", lines(&a), lines(&b));
        for op in group {
            if let DiffOp::Equal { .. } = op {
                write(&mut text, ' ', &new[op.new_range()]);
            } else {
                write(&mut text, '-', &old[op.old_range()]);
                write(&mut text, '+', &new[op.new_range()]);
            }
        }
    }
    text
}

/// What names something in a text: a block, a transaction, a person. Nonces and roots name nothing,
/// and are the same in two texts by chance.
pub(crate) fn names(text: &str) -> HashSet<&str> {
    let names_something =
        |line: &&str| !line.contains("\"nonce\": ") && !line.contains("\"merkle_root\": ");
    let lines = text.lines().filter(names_something);
    lines
        .flat_map(|line| of_line(line).into_iter().map(|range| &line[range]))
        .collect()
}

impl Unnoticed<'_> {
    /// The line as it is compared.
    fn key(&self, line: &str) -> String {
        let Self::AllBut(noticed) = self else {
            return line.to_owned();
        };
        let mut key = line.to_owned();
        for range in of_line(line).into_iter().rev() {
            if !noticed.contains(&line[range.clone()]) {
                let length = range.len();
                key.replace_range(range, &format!("<{length}>"));
            }
        }
        key
    }
}

/// Where a line has hashes, nonces, keys and signatures: whole values of JSON, of a query, of `Tip`.
fn of_line(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let ends = line
        .char_indices()
        .filter(|(_, c)| !c.is_ascii_alphanumeric());
    for (end, after) in ends.chain([(line.len(), '\n')]) {
        let before = line[..start].chars().next_back();
        let is_whole =
            matches!(before, Some('"' | '=')) || before == Some(' ') && line.starts_with("Tip: ");
        if is_whole && matches!(after, '"' | '&' | '\n') && end - start >= NAME_CHARACTERS_MIN {
            found.push(start..end);
        }
        start = end + after.len_utf8();
    }
    found
}

fn write(text: &mut String, sign: char, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "{sign}{line}");
    }
}

/// Lines as a unified diff names them: the first one, and how many; the one before if there are none.
fn lines(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        count => format!("{},{count}", range.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_hashes_are_no_news_and_other_lengths_are() {
        let [a, b] = ["a".repeat(64), "b".repeat(64)];
        let unnoticed = Unnoticed::AllBut(HashSet::new());
        for (old, new) in [
            (format!("\"hash\": \"{a}\","), format!("\"hash\": \"{b}\",")),
            (format!("Tip: 3 {a}"), format!("Tip: 3 {b}")),
            (
                format!("> GET /getblocks?id={a}&limit=2"),
                format!("> GET /getblocks?id={b}&limit=2"),
            ),
        ] {
            assert_eq!(hunks(&old, &new, &unnoticed), "");
            let noticed = Unnoticed::AllBut(HashSet::from([a.as_str()]));
            for noticing in [Unnoticed::None, noticed] {
                assert_eq!(
                    hunks(&old, &new, &noticing),
                    format!("@@ -1 +1 @@\n-{old}\n+{new}\n")
                );
            }
            let longer = new.replace('b', "bb");
            assert_ne!(hunks(&old, &longer, &unnoticed), "");
        }
        for (old, new) in [
            (
                format!("\"required\": \"at most {a}\""),
                format!("\"required\": \"at most {b}\""),
            ),
            (
                "\"nonce\": \"short\"".to_owned(),
                "\"nonce\": \"other\"".to_owned(),
            ),
            (format!("Tip: 3 {a}"), format!("Tip: 4 {a}")),
        ] {
            assert_ne!(hunks(&old, &new, &unnoticed), "");
        }
    }

    #[test]
    fn hunks_are_those_of_a_unified_diff() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n";
        let new = old.replace("b\n", "").replace("m\n", "m\nn\n");
        assert_eq!(
            hunks(old, &new, &Unnoticed::None),
            "@@ -1,5 +1,4 @@\n a\n-b\n c\n d\n e\n@@ -11,3 +10,4 @@\n k\n l\n m\n+n\n"
        );
        assert_eq!(hunks("", "a\n", &Unnoticed::None), "@@ -0,0 +1 @@\n+a\n");
        assert_eq!(hunks(old, old, &Unnoticed::None), "");
    }
}
