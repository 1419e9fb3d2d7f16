//! The nearest of some names, for "did you mean".

/// The name nearest to what was typed, if any is near enough to be what was meant.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong, two in a short name.
    let far = (typed.chars().count() / 3).max(2);
    names
        .into_iter()
        .map(|name| (distance(typed, name), name))
        .filter(|&(distance, name)| distance <= far && distance < name.len())
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be inserted, left out or replaced to make one text the other
/// (V. Levenshtein, 1966).
fn distance(a: &str, b: &str) -> usize {
    // Nobody's typing error is longer, and the time grows with the square.
    let letters = |text: &str| text.to_lowercase().chars().take(64).collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_letters() {
        for (a, b, letters) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("zeros", "zeroes", 1),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(distance(a, b), letters);
            assert_eq!(distance(b, a), letters);
        }
    }

    #[test]
    fn only_what_is_near_is_meant() {
        let names = ["difficulty5", "zeros", "time", "fifo"];
        assert_eq!(nearest("dificulty5", names), Some("difficulty5"));
        assert_eq!(nearest("Zero", names), Some("zeros"));
        assert_eq!(nearest("blockchain", names), None);
        assert_eq!(nearest("x", ["y", "ab"]), None);
    }
}
