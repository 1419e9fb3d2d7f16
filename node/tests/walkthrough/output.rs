//! Comparing what a command printed with what the page says.

use std::collections::BTreeMap;

/// How many characters of a hash or key tell it from the others.
const NAME_CHARACTERS: usize = 8;

/// What the page's hashes and keys are called in this run, by their first characters.
///
/// * Equal ones on the page are equal in the run, different ones differ.
#[derive(Clone, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// The names after this output, if it is the page's.
    ///
    /// * `…` stands for anything within a line, and on a line of its own for any number of lines.
    /// * A hash or key (eight hex digits or more) stands for another that is as long, with `…` after
    ///   it for a longer one.
    /// * A time stands for any other.
    pub(crate) fn agree(&self, page: &[&str], printed: &str) -> Option<Self> {
        let printed: Vec<&str> = printed.lines().collect();
        self.lines(page, &printed)
    }

    fn lines(&self, page: &[&str], printed: &[&str]) -> Option<Self> {
        match (page, printed) {
            ([], []) => Some(self.clone()),
            (["…", rest @ ..], _) => {
                (0..=printed.len()).find_map(|skipped| self.lines(rest, &printed[skipped..]))
            }
            ([page, pages @ ..], [line, lines @ ..]) => self.line(page, line)?.lines(pages, lines),
            _ => None,
        }
    }

    fn line(&self, page: &str, printed: &str) -> Option<Self> {
        if let Some(rest) = page.strip_prefix('…') {
            let mut starts = printed.char_indices().map(|(at, _)| at);
            return starts
                .find_map(|at| self.line(rest, &printed[at..]))
                .or_else(|| self.line(rest, ""));
        }
        let (time, hex) = (time(page), hex(page));
        if time > 0 {
            let other = self::time(printed);
            return (other > 0)
                .then(|| self.line(&page[time..], &printed[other..]))
                .flatten();
        }
        if hex >= NAME_CHARACTERS {
            let other = self::hex(printed);
            let cut = page[hex..].strip_prefix('…').filter(|_| other > hex);
            let rest = cut.or_else(|| (other == hex).then_some(&page[hex..]))?;
            let name = (&page[..NAME_CHARACTERS], &printed[..NAME_CHARACTERS]);
            return self.with(name)?.line(rest, &printed[other..]);
        }
        match (page.chars().next(), printed.chars().next()) {
            (None, None) => Some(self.clone()),
            // A run of hex digits that is no hash is taken whole, so that its end isn't one.
            (Some(a), Some(b)) if a == b => {
                let whole = hex.max(a.len_utf8());
                (page.get(..whole) == printed.get(..whole))
                    .then(|| self.line(&page[whole..], &printed[whole..]))
                    .flatten()
            }
            _ => None,
        }
    }

    fn with(&self, (page, run): (&str, &str)) -> Option<Self> {
        let mut names = self.clone();
        let known = names.0.iter().find(|(a, b)| *a == page || *b == run);
        match known {
            Some((a, b)) => (a == page && b == run).then_some(names),
            None => {
                names.0.insert(page.to_owned(), run.to_owned());
                Some(names)
            }
        }
    }
}

/// How many hex digits a text begins with.
fn hex(text: &str) -> usize {
    text.find(|c: char| !matches!(c, '0'..='9' | 'a'..='f'))
        .unwrap_or(text.len())
}

/// How long the time is that a text begins with, as `2020-05-14T09:19:10.338111Z`; 0 if it is none.
fn time(text: &str) -> usize {
    let form = text.get(..11).unwrap_or_default().bytes();
    let is_time = form.len() == 11
        && form.zip(b"0000-00-00T").all(|(c, form)| match form {
            b'0' => c.is_ascii_digit(),
            form => c == *form,
        });
    let end = || text.find(|c: char| !matches!(c, '0'..='9' | '-' | 'T' | ':' | '.' | 'Z'));
    if is_time {
        end().unwrap_or(text.len())
    } else {
        0
    }
}

#[test]
fn what_differs_from_run_to_run_may_differ_and_nothing_else() {
    let agree = |page: &str, printed: &str| {
        let page: Vec<&str> = page.lines().collect();
        Names::default().agree(&page, printed).is_some()
    };
    let (a, b, c) = ("aaaaaaaa", "bbbbbbbb", "cccccccc0");
    for (page, printed) in [
        ("", ""),
        ("sum 0.25, abc", "sum 0.25, abc"),
        ("x … z", "x y y z"),
        ("{…\"pool\": 1,…}", "{\"a\": 2,\"pool\": 1,\"b\": 3}"),
        ("1\n…\n2", "1\nx\ny\n2"),
        ("…\n2\n…", "2"),
        ("aaaaaaaa bbbbbbbb aaaaaaaa…", &format!("{b} {a} {b}0")),
        ("aaaaaaaa…, aaaaaaaa", "123456789abc, 12345678"),
        (
            "at 2020-05-14T09:19:10.338111Z x",
            "at 2026-01-02T00:00:00Z x",
        ),
    ] {
        assert!(agree(page, printed), "{page} / {printed}");
    }
    for (page, printed) in [
        ("", "x"),
        ("x", ""),
        ("sum 0.25", "sum 0.26"),
        ("x … z", "x z z y"),
        ("…\n2", "2\n3"),
        ("aaaaaaaa bbbbbbbb", &format!("{a} {a}")),
        ("aaaaaaaa aaaaaaaa", &format!("{a} {b}")),
        ("aaaaaaaa", c),
        ("aaaaaaaa…", "bbbbbbb"),
        ("at 2020-05-14T09:19:10", "at 14.5.2020"),
    ] {
        assert!(!agree(page, printed), "{page} / {printed}");
    }
}
