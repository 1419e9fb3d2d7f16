//! Bad blocks, transactions and payments change nothing: not the tip, not a balance, not the pool,
//! not a byte of the journal; and the node goes on answering.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use plugcoin_sdk::ledger::{Amount, Block, Transaction, merkle};
use plugcoin_testkit::fixtures;
use program::unmoved::{Unmoved, good};
use program::world::{alice, at, block, bob, pay, resealed, sealed, set};
use serde_json::Value;

#[test]
fn what_is_no_json_or_of_another_shape() {
    let t = Unmoved::start("");
    for (path, good) in good(&t.world) {
        let first = &good[1..good.find(',').unwrap()];
        let deep = 100_000;
        for (title, body) in [
            ("empty", String::new()),
            ("white space", " \n\t".into()),
            ("words", "hello".into()),
            ("null", "null".into()),
            ("a number", "7".into()),
            ("a string", "\"{}\"".into()),
            ("no members", "{}".into()),
            ("an array", format!("[{good}]")),
            ("half", good[..good.len() / 2].into()),
            ("all but the last byte", good[..good.len() - 1].into()),
            ("one byte too many", format!("{good}x")),
            ("twice", format!("{good}{good}")),
            (
                "a comma at the end",
                format!("{},}}", &good[..good.len() - 1]),
            ),
            ("a comment", format!("/* */{good}")),
            ("single quotes", good.replace('"', "'")),
            ("an unknown key", good.replacen('{', "{\"x\": 1,", 1)),
            (
                "a repeated key",
                good.replacen('{', &format!("{{{first},"), 1),
            ),
            (
                "a repeated key, escaped",
                good.replacen('{', &format!("{{{},", first.replacen('"', "\"\\u00", 1)), 1),
            ),
            (
                "a key of another case",
                good.replacen(first, &first.to_uppercase(), 1),
            ),
            ("a byte order mark", format!("\u{feff}{good}")),
            ("a zero byte", format!("{good}\0")),
            ("nested arrays", "[".repeat(deep)),
            ("nested objects", "{\"a\":".repeat(deep)),
            (
                "nested in a member",
                good.replacen(
                    first,
                    &format!("\"x\": {}{}", "[".repeat(7000), "]".repeat(7000)),
                    1,
                ),
            ),
        ] {
            let rule = t.refused(&format!("{path}: {title}"), path, body);
            // Of the longest ones the path's bound is met first.
            assert!(
                rule == "form" || rule.is_empty() && title.starts_with("nested"),
                "{path}: {title}: {rule}"
            );
        }
        let mut bytes = good.clone().into_bytes();
        bytes[5] = 0xff;
        assert_eq!(t.refused("no UTF-8", path, bytes), "form");
    }
}

#[test]
fn members_of_wrong_types() {
    let t = Unmoved::start("");
    for (path, good) in good(&t.world) {
        let members: Value = serde_json::from_str(&good).unwrap();
        let names = |value: &Value| -> Vec<String> {
            value
                .as_object()
                .map(|o| o.keys().cloned().collect())
                .unwrap_or_default()
        };
        let inner = match path {
            "/block" => names(&members["transactions"][0]["transaction"]),
            _ => names(&members["transaction"]),
        };
        for name in names(&members).into_iter().chain(inner) {
            for value in [
                "null",
                "true",
                "[]",
                "{}",
                "-1",
                "1.5",
                "1e1",
                "\"\\ud800\"",
                "18446744073709551616",
                "\"\u{e9}\"",
            ] {
                if name == "sum" && value == "1.5" || name.starts_with("transaction") {
                    continue;
                }
                let body = set(&good, &name, value);
                let rule = t.refused(&format!("{path}: {name}: {value}"), path, body);
                assert_eq!(rule, "form", "{path}: {name}: {value}");
            }
        }
    }
}

#[test]
fn sums_that_are_none() {
    let t = Unmoved::start("");
    let long = "1".repeat(2_000);
    for sum in [
        "1e3",
        "1E3",
        "1e-3",
        "1e+3",
        "0e0",
        "1e400",
        "0.123456789",
        "0.100000000",
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "-1",
        "-0",
        "+1",
        "01",
        "00.1",
        ".5",
        "1.",
        "1.2.3",
        "1,5",
        "1_000",
        "0x10",
        "0",
        "0.0",
        "0.00000000",
        "\"1\"",
        "\"\"",
        "null",
        "true",
        "[1]",
        "{}",
        "10000000000.00000001",
        "10000000001",
        "99999999999999999999999",
        "18446744073709551617",
        "184467440737.09551617",
        "\u{661}",
        "\u{ff11}",
        "1 2",
        "",
        &long,
        &format!("0.{long}"),
    ] {
        for (path, good) in good(&t.world) {
            // The sum of a block is its reward, which alone may be 0 and then is too little.
            let body = set(&good, "sum", sum);
            let body = match (path, sum) {
                ("/block", "0" | "0.0" | "0.00000000") => resealed(&body),
                _ => body,
            };
            let rule = t.refused(&format!("{path}: {sum}"), path, body);
            let expected = match path {
                "/block"
                    if sum.starts_with('0') && sum.parse() == Ok(0.0) && !sum.contains('e') =>
                {
                    "merkle_root"
                }
                _ => "form",
            };
            assert_eq!(rule, expected, "{path}: {sum}");
        }
    }
}

#[test]
fn strings_that_are_none() {
    let t = Unmoved::start("");
    let long = "x".repeat(201);
    for text in [
        "",
        "a\\\"b",
        "a\\\\b",
        "\\u0061",
        "\\n",
        "\\u0000",
        "\\ud83d\\ude00",
        "\\x",
        "a\nb",
        "a\tb",
        "a\0b",
        "a\u{7f}b",
        "\u{1b}[31m",
        "\u{e9}",
        "\u{202e}",
        "\u{1f600}",
        "\u{ff21}",
        &long,
        "System",
    ] {
        for (path, good) in good(&t.world) {
            let names: &[&str] = match path {
                "/block" => &["creator", "from", "to", "signature", "nonce"],
                "/inv" => &["from", "to", "signature"],
                _ => &["to"],
            };
            for name in names {
                // A nonce may be longer, and these names mean something elsewhere than here.
                if *name == "nonce" && text == long || text == "System" && *name != "to" {
                    continue;
                }
                let body = set(&good, name, &format!("\"{text}\""));
                let rule = t.refused(&format!("{path}: {name}: {text}"), path, body);
                assert_eq!(rule, "form", "{path}: {name}: {text}");
            }
        }
    }
}

#[test]
fn bodies_that_are_too_long() {
    let t = Unmoved::start("");
    let bounds = [2 << 20, 16 << 10, 4 << 10];
    for ((path, good), bound) in good(&t.world).into_iter().zip(bounds) {
        let body = format!("{good}{}", " ".repeat(bound + 1 - good.len()));
        assert_eq!(t.node.ask("POST", path, &body).0, 413, "{path}");
        let chunked = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        let answer = t.node.raw(chunked.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
        // What only says that it is so long is refused before it is sent.
        let said = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9000000000000\r\n\r\n"
        );
        let answer = t.node.raw(said.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
    }
}

#[test]
fn forged_transactions() {
    let t = Unmoved::start("");
    let (alice, bob) = (alice(), bob());
    let good = pay(&alice, "carol", "0.1", 36).text().to_owned();
    let signature = |text: &str| Transaction::parse(text).unwrap().signature().to_owned();
    let of_good = signature(&good);
    let replaced = |new: &str| good.replace(&of_good, new);
    let flipped = match of_good.strip_prefix('0') {
        Some(rest) => format!("1{rest}"),
        None => format!("0{}", &of_good[1..]),
    };
    let by_bob = signature(pay(&bob, "carol", "0.1", 36).text());
    for (title, body) in [
        ("another sum", set(&good, "sum", "2")),
        ("the same amount in another text", set(&good, "sum", "0.10")),
        ("another receiver", good.replace("carol", "mallory")),
        (
            "another time",
            good.replace("09:19:46.000000", "09:19:46.000001"),
        ),
        (
            "the same time in another text",
            good.replace("09:19:46.000000", "09:19:46"),
        ),
        (
            "somebody else's coins",
            good.replace(&alice.public, &bob.public),
        ),
        ("somebody else's signature", replaced(&by_bob)),
        (
            "another transaction's signature",
            replaced(t.world.paid.signature()),
        ),
        ("a bit flipped", replaced(&flipped)),
        ("upper case", replaced(&of_good.to_uppercase())),
        ("half of it", replaced(&of_good[..64])),
        ("more than it", replaced(&format!("{of_good}00"))),
        ("zeros", replaced(&"0".repeat(128))),
        ("words", replaced("trust me")),
        ("System", replaced("System")),
        (
            "from a key that is none",
            good.replace(&alice.public, "alice"),
        ),
        (
            "from a key of zeros",
            good.replace(&alice.public, &"0".repeat(64)),
        ),
    ] {
        assert_eq!(t.refused(title, "/inv", body), "signature", "{title}");
    }
    for (title, sum) in [
        ("more than she has", "2.20000001"),
        ("more than there is", "10000000000"),
    ] {
        let body = pay(&alice, "carol", sum, 36);
        assert_eq!(t.refused(title, "/inv", body.text()), "funds");
    }
    let waits = pay(&bob, "carol", "0.30000001", 37);
    assert_eq!(
        t.refused("more than is left", "/inv", waits.text()),
        "funds"
    );
    assert_eq!(
        t.refused("no funds", "/money", "{\"to\": \"carol\",\"sum\": 3}"),
        ""
    );
}

#[test]
fn blocks_that_break_a_rule() {
    let t = Unmoved::start("");
    let (alice, bob) = (alice(), bob());
    let tip = t.world.tip();
    let good = t.world.next(Vec::new()).text().to_owned();
    let with = |transactions| t.world.next(transactions).text().to_owned();
    let exactly = |transactions| {
        let draft = fixtures::draft_of(tip, &alice.public, transactions, at(40));
        sealed(&draft).text().to_owned()
    };
    let reward = |coins| fixtures::reward(&alice.public, Amount::from_coins(coins), at(40));
    let no_work = (0..)
        .map(|n| fixtures::block(tip, &alice.public, Vec::new(), at(40), &fixtures::nonce(n)))
        .find(|block| !block.hash().to_string().starts_with('0'))
        .unwrap();
    let zeros = format!("\"{}\"", "0".repeat(64));
    // The same root of two leaves and of the last one repeated.
    let three = vec![
        pay(&alice, "carol", "0.1", 36),
        pay(&alice, "carol", "0.2", 37),
    ];
    let honest = with(three);
    let repeated = {
        let block = Block::parse(&honest).unwrap();
        let last = block.transactions().last().unwrap().text();
        let text = set(&honest, "count", "4");
        let text = format!("{},{last}]}}", &text[..text.len() - 2]);
        let block = Block::parse(&text).unwrap();
        let leaves: Vec<_> = block.transactions().iter().map(Transaction::leaf).collect();
        assert_eq!(merkle::root(&leaves), block.header().merkle_root);
        resealed(&text)
    };
    let forged = pay(&alice, "carol", "0.1", 36)
        .text()
        .replace("0.1,", "0.2,");
    let forged = vec![Transaction::parse(&forged).unwrap()];
    let paid = pay(&alice, "carol", "0.1", 36);
    for (title, rule, text) in [
        ("a lying hash", "hash", set(&good, "hash", &zeros)),
        (
            "another nonce",
            "hash",
            set(&good, "nonce", "\"01234567890123456789\""),
        ),
        (
            "another creator",
            "hash",
            set(&good, "creator", "\"mallory\""),
        ),
        ("no work", "seal", no_work.text().to_owned()),
        (
            "its own parent's height",
            "parent",
            resealed(&set(&good, "nr", "3")),
        ),
        (
            "far above",
            "parent",
            resealed(&set(&good, "nr", "18446744073709551615")),
        ),
        ("height 0", "form", set(&good, "nr", "0")),
        ("no parent", "form", set(&good, "previous_hash", "\"\"")),
        (
            "before its parent",
            "time",
            block(tip, &alice.public, Vec::new(), 30).text().to_owned(),
        ),
        (
            "tomorrow",
            "time",
            block(tip, &alice.public, Vec::new(), 1 << 32)
                .text()
                .to_owned(),
        ),
        (
            "a lying root",
            "merkle_root",
            resealed(&set(&good, "merkle_root", &zeros)),
        ),
        (
            "a lying count",
            "count",
            resealed(&set(&good, "count", "18446744073709551615")),
        ),
        (
            "a lying count of none",
            "count",
            resealed(&set(&good, "count", "0")),
        ),
        ("the last leaf twice", "reward", repeated),
        ("no transactions", "reward", exactly(Vec::new())),
        ("no reward", "reward", exactly(vec![paid.clone()])),
        ("too great a reward", "reward", exactly(vec![reward(2)])),
        ("too small a reward", "reward", exactly(vec![reward(0)])),
        ("two rewards", "reward", exactly(vec![reward(1), reward(1)])),
        (
            "a reward first",
            "reward",
            exactly(vec![reward(1), paid.clone()]),
        ),
        (
            "somebody else's reward",
            "reward",
            exactly(vec![fixtures::reward(
                &bob.public,
                Amount::from_coins(1),
                at(40),
            )]),
        ),
        ("a forged payment", "signature", with(forged)),
        (
            "a payment again",
            "transactions",
            with(vec![t.world.paid.clone()]),
        ),
        (
            "a payment twice",
            "transactions",
            with(vec![paid.clone(), paid]),
        ),
        (
            "more than there is",
            "funds",
            with(vec![pay(&bob, "carol", "0.81", 36)]),
        ),
        (
            "the coin of this very block",
            "funds",
            with(vec![pay(&alice, "carol", "3.2", 36)]),
        ),
    ] {
        assert_eq!(t.refused(title, "/block", &text), rule, "{title}");
        assert_eq!(t.refused(title, "/block", &text), rule, "{title}, again");
    }
    // What alice has on the best chain she has not on the branch that lost.
    let rich = vec![pay(&alice, "carol", "2.2", 36)];
    let side = block(&t.world.side, &bob.public, rich, 31);
    assert_eq!(t.refused("another branch", "/block", side.text()), "funds");
}
