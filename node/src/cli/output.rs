//! All printing: answers to standard output, words about them to standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write as _};

/// Prints an answer, ended by a line feed.
///
/// * A reader that has gone away is no fault of ours.
pub fn answer(text: impl fmt::Display) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints why the program ends.
pub fn failure(text: impl fmt::Display) {
    let word = match colour(&io::stderr()) {
        true => "\x1b[1;31merror:\x1b[0m",
        false => "error:",
    };
    let _ = writeln!(io::stderr().lock(), "{word} {text}");
}

/// Whether a stream takes colours: a terminal, and nobody said `NO_COLOR` (<https://no-color.org>).
pub fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Rows of cells with aligned columns, two spaces apart; the last column is as long as it is.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| format!("{cell:<width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_line() {
        let rows = [["a", "é", "x"], ["bbb", "", ""], ["", "cc", "y"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    é   x\nbbb\n     cc  y");
        assert_eq!(table(&[]), "");
    }
}
