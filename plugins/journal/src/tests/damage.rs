//! Damage that no crash leaves: named to the byte, never passed over.

use super::*;

/// What is said of damage, without the name of the folder.
fn damage(text: &str) -> String {
    let (dir, path, opened) = open_bytes(text.as_bytes());
    let error = opened.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        text,
        "it is left as it is"
    );
    error
        .to_string()
        .replace(&format!("{}/", dir.path().display()), "")
}

#[test]
fn damage_in_the_middle_is_named_to_the_byte() {
    let records = records(5);
    let whole = file_of(&records);
    let lines: Vec<usize> = (0..5)
        .map(|n| whole.find(records[n].text()).unwrap())
        .collect();
    let second = records[1].text();
    assert_eq!(
        damage(&whole.replace(second, "nonsense")),
        format!(
            "the journal is damaged: not a signed transaction: expected ident at line 1 column 2; \
             restore the file from a copy, or let `node chain repair`, with this node's other options, save what can be saved \
             (whoever cuts it off at this byte loses what follows) \
             (file blocks-6000.json, line 3, byte {})",
            lines[1]
        )
    );
    let named = |text: &str, line: usize, byte: usize, why: &str| {
        let said = damage(text);
        let place = format!("line {line}, byte {byte})");
        assert!(
            said.contains(&place) && said.contains(why),
            "{place}: {said}"
        );
    };
    let cut = |at: usize, with: &str| format!("{}{with}{}", &whole[..at], &whole[at + 1..]);
    named(
        &cut(lines[2] + 5, ""),
        4,
        lines[2],
        "not a signed transaction",
    );
    named(&cut(lines[2] + 5, "\0"), 4, lines[2], "zero bytes");
    named(&cut(lines[2] - 2, ""), 4, lines[2] - 1, "comma");
    named(&cut(lines[2] - 2, ";"), 3, lines[2] - 2, "behind a record");
    named(&cut(lines[2] - 1, "x"), 3, lines[2] - 2, "behind a record");
    named(&format!(" {whole}"), 1, 0, "does not begin with `[`");
    named("something else\n", 1, 0, "does not begin with `[`");
    named(&whole.replacen("[\n", "[\n\n", 1), 2, 2, "");
    let early = whole.replace(&format!(",\n{second}"), &format!("\n]\n{second}"));
    named(&early, 4, lines[1] + 1, "closed already");
}

#[test]
fn the_last_record_is_not_given_up_when_the_array_is_closed_behind_it() {
    let records = records(5);
    let whole = file_of(&records);
    let last = whole.find(records[4].text()).unwrap();
    let said = damage(&format!("{}x{}", &whole[..last + 5], &whole[last + 6..]));
    assert!(said.contains(&format!("line 6, byte {last})")), "{said}");
}

#[test]
fn a_block_with_another_hash_than_it_says_is_damage_wherever_it_stands() {
    let records = records(4);
    let whole = file_of(&records);
    let block = whole.find(records[3].text()).unwrap();
    let lie = whole.replace("\"creator\": \"miner\"", "\"creator\": \"thief\"");
    for text in [&lie, &lie[..lie.len() - 3]] {
        let said = damage(text);
        assert!(said.contains("says that its hash is"), "{said}");
        assert!(said.contains(&format!("line 5, byte {block})")), "{said}");
    }
}

#[test]
fn a_hole_in_an_append_that_another_one_follows_is_damage() {
    let records = records(8);
    let whole = file_of_appends(records.chunks(3));
    for (line, at) in [(5, 3), (6, 4), (7, 5)] {
        let at = whole.find(records[at].text()).unwrap();
        let text = format!("{}{}{}", &whole[..at], "\0".repeat(60), &whole[at + 60..]);
        let said = damage(&text);
        let start = at - usize::from(line != 5);
        assert!(
            said.contains(&format!("line {line}, byte {start})")),
            "{said}"
        );
    }
    // In the last append what no crash leaves is damage, too.
    let at = whole.find(records[6].text()).unwrap();
    let text = format!("{}x{}", &whole[..at + 5], &whole[at + 6..]);
    let said = damage(&text);
    assert!(said.contains(&format!("line 8, byte {at})")), "{said}");
    // A bracket that stands where it did before the second append.
    let at = whole.find(records[3].text()).unwrap() - 2;
    let zeros = "\0".repeat(60);
    let text = format!("{}\n]\n{zeros}{}", &whole[..at], &whole[at + 63..]);
    let said = damage(&text);
    assert!(
        said.contains(&format!("line 6, byte {})", at + 3)),
        "{said}"
    );
}

/// What an append leaves behind an empty line or a bracket is a record without its first byte, or the
/// append's first record; a whole further one has lost nothing but the signs before it.
#[test]
fn a_further_record_directly_behind_an_empty_line_or_a_bracket_is_damage() {
    let records = records(8);
    let whole = file_of_appends([&records[..3], &records[3..]]);
    let end = whole.find(records[5].text()).unwrap() - 3;
    for (signs, line, from_end) in [
        (",\n\n ", 7, 2),
        (",\n\n\n ", 7, 2),
        ("\n\n ", 7, 1),
        (",]\n ", 6, 0),
        ("\n]\n ", 8, 3),
        ("\n]\n\n ", 8, 3),
    ] {
        let said = damage(&format!("{}{signs}{}", &whole[..end], &whole[end + 3..]));
        let place = format!("line {line}, byte {})", end + from_end);
        assert!(said.contains(&place), "{signs:?}: {said}");
    }
}

#[test]
fn a_hole_with_whole_records_behind_it_is_damage() {
    let records = records(6);
    let whole = file_of(&records);
    let at = file_of(&records[..3]).len() - 3;
    let text = format!("{}{}{}", &whole[..at], "\0".repeat(100), &whole[at + 100..]);
    let said = damage(&text);
    assert!(said.contains(&format!("line 4, byte {at})")), "{said}");
}

/// In a file without spaces every record begins an append, also where a power cut left them.
#[test]
fn records_behind_the_old_bracket_of_an_older_nodes_file_are_saved_by_a_repair() {
    let records = records(6);
    let whole = file_of(&records);
    let mut text = file_of(&records[..3]);
    let bracket = text.len();
    text.push_str(&"\0".repeat(50));
    text.push_str(&whole[text.len()..]);
    let said = damage(&text);
    assert!(said.contains(&format!("line 6, byte {bracket})")), "{said}");
    let found = Salvage::of(text.as_bytes()).found.into_iter();
    let found: Vec<Record> = found.map(|found| found.record).collect();
    assert_eq!(found, [&records[..3], &records[4..]].concat());
}
