//! Line breaks and indents between the members of JSON; nothing else of the text changes.

/// The text with a line for each member of its lists and objects.
///
/// * Without those breaks and indents it is the same, byte for byte; what is no JSON gets breaks
///   too, wherever it has brackets and commas outside quotes.
pub(crate) fn lay_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if quoted {
            out.push(character);
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                depth += 1;
                if !matches!(characters.peek(), Some('}' | ']')) {
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    line(&mut out, depth);
                }
                out.push(character);
            }
            ',' => {
                out.push(character);
                // Where a space follows, it stays, at the end of the line.
                if characters.peek() == Some(&' ') {
                    characters.next();
                    out.push(' ');
                }
                line(&mut out, depth);
            }
            _ => {
                quoted = character == '"';
                out.push(character);
            }
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_lines_of_their_own() {
        let text = r#"{"chain": [[{"nr": 0,"list": [],"to": "a,\"{b"}],[]]}"#;
        let shown = lay_out(text);
        assert_eq!(
            shown,
            "{\n  \"chain\": [\n    [\n      {\n        \"nr\": 0,\n        \"list\": [],\n        \
             \"to\": \"a,\\\"{b\"\n      }\n    ],\n    []\n  ]\n}"
        );
        let back: String = shown.lines().map(str::trim_start).collect();
        assert_eq!(back, text);
    }

    #[test]
    fn other_texts_stay_readable() {
        for text in ["", "hello", "\"open", "]]"] {
            let back: String = lay_out(text).lines().map(str::trim_start).collect();
            assert_eq!(back, text);
        }
    }
}
