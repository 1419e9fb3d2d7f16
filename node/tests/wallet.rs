//! `node wallet`: keys are made, shown, paid with; and never told.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::path::Path;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use plugcoin_sdk::ledger::{Block, Transaction, genesis};
use plugcoin_testkit::fixtures;
use program::{node, serve};
use serde_json::Value;

fn wallet(dir: &Path) -> Value {
    let text = std::fs::read_to_string(dir.join("wallet-6000.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn new_and_show() {
    let dir = tempfile::tempdir().unwrap();
    let made = node(dir.path(), "wallet new");
    let wallet = wallet(dir.path());
    let (public, secret) = (text(&wallet["public"]), text(&wallet["secret"]));
    assert_eq!(
        made.text(),
        format!(
            "exit 0\n--- out\npublic key  {public}\nscheme      ed25519\nfile        ./wallet-6000.json\n"
        )
    );
    let shown = node(dir.path(), "wallet show");
    assert_eq!(shown.text(), made.text());
    let json = node(dir.path(), "wallet show --json");
    let json_value: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json_value["public"], public);
    assert_eq!(json_value["file"], "./wallet-6000.json");
    for run in [made, shown, json] {
        assert!(!run.text().contains(secret));
    }
    assert_snapshot!("wallet_new_twice", node(dir.path(), "wallet new").text());
    assert_eq!(text(&self::wallet(dir.path())["secret"]), secret);
}

#[test]
fn a_wallet_that_is_none() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    let path = dir.path().join("wallet-6000.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let public = text(&wallet(dir.path())["public"]).to_owned();
    for (name, content) in [
        ("wallet_damaged", good[..40].to_owned()),
        ("wallet_scheme", good.replace("ed25519", "p192")),
        ("wallet_public", good.replace(&public, "00")),
    ] {
        std::fs::write(&path, content).unwrap();
        assert_snapshot!(name, node(dir.path(), "wallet show").text());
    }
}

#[test]
fn a_wallet_that_others_could_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    let path = dir.path().join("wallet-6000.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = node(dir.path(), "wallet show");
    assert_eq!(run.code, 0);
    assert!(
        run.err.contains("WARN") && run.err.contains("others could read"),
        "{}",
        run.err
    );
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(node(dir.path(), "wallet show").err.is_empty());
}

#[test]
fn send() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    let posted = Arc::new(Mutex::new(String::new()));
    let address = {
        let posted = posted.clone();
        serve(move |request, body| {
            assert_eq!(request, "POST /inv");
            *posted.lock().unwrap() = body.to_owned();
            let id = Transaction::parse(body).unwrap().id();
            (200, format!("{{\"accepted\": \"{id}\"}}"))
        })
    };
    for (url, sum) in [
        (address.clone(), "0.80"),
        (format!("http://{address}"), "2"),
    ] {
        let run = node(
            dir.path(),
            &format!("wallet send --to KEY --sum {sum} --node {url}"),
        );
        assert_eq!(run.code, 0, "{}", run.err);
        let text = posted.lock().unwrap().clone();
        let transaction = Transaction::parse(&text).unwrap();
        assert_eq!(transaction.text(), text, "the exact text is posted");
        assert_eq!(run.out, format!("{}\n", transaction.id()));
        assert_eq!(
            transaction.from(),
            self::text(&wallet(dir.path())["public"])
        );
        assert_eq!((transaction.to(), transaction.sum_text()), ("KEY", sum));
        assert_eq!(transaction.timestamp().to_string().len(), 26, "six digits");
    }
    let run = node(
        dir.path(),
        &format!("wallet send --to KEY --sum 1 --node {address} --json"),
    );
    assert!(run.out.starts_with("{\"accepted\":\""), "{}", run.out);
    let run = node(
        dir.path(),
        &format!("wallet send --to KEY --sum 0 --node {address}"),
    );
    assert_snapshot!("send_nothing", run.text());
}

#[test]
fn refusals_are_in_the_node_s_words() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    for (name, status, body) in [
        (
            "send_refused",
            400,
            r#"{"errcode": 400,"errmsg": "The sender has too little","rule": "funds","observed": "0","required": "1"}"#,
        ),
        ("send_busy", 503, r#"{"errcode": 503,"errmsg": "too busy"}"#),
        ("send_no_words", 500, "<html>"),
        ("send_strange", 200, "<html>\u{1b}[31m"),
    ] {
        let address = serve(move |_, _| (status, body.to_owned()));
        let run = node(
            dir.path(),
            &format!("wallet send --to KEY --sum 1 --node {address}"),
        );
        assert_snapshot!(name, run.text().replace(&address, "NODE"));
    }
}

#[test]
fn nobody_answers() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    // Port 1 belongs to a service that nobody has run for decades.
    let run = node(
        dir.path(),
        "wallet send --to KEY --sum 1 --node 127.0.0.1:1",
    );
    assert_snapshot!("send_nobody", run.text());
    assert_eq!(
        node(dir.path(), "wallet balance --node 127.0.0.1:1").code,
        1
    );
}

/// The genesis block and so many on it.
fn chain(length: u64) -> Vec<Block> {
    std::iter::once(genesis())
        .chain(fixtures::chain(length))
        .collect()
}

/// Serves these blocks as a node would, so many on a page.
fn serve_chain(blocks: Vec<Block>, levels: usize) -> String {
    serve(move |request, _| {
        let nr = request.strip_prefix("GET /getblocks?nr=").unwrap();
        let nr: usize = nr.split('&').next().unwrap().parse().unwrap();
        let page: Vec<String> = blocks
            .iter()
            .skip(nr)
            .take(levels)
            .map(|block| format!("[{}]", block.text()))
            .collect();
        (200, format!("{{\"chain\": [{}]}}", page.join(",")))
    })
}

#[test]
fn balance() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    let blocks = chain(7);
    let tip = blocks.last().unwrap().clone();
    let address = serve_chain(blocks, 3);
    let run = node(dir.path(), &format!("wallet balance --node {address}"));
    assert_eq!(run.text(), "exit 0\n--- out\n0\n");
    let run = node(
        dir.path(),
        &format!(
            "wallet balance --of {} --node {address} --json",
            fixtures::MINER
        ),
    );
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(answer["balance"], "7");
    assert_eq!(answer["nr"], tip.nr());
    assert_eq!(answer["hash"], tip.hash().to_string());
}

#[test]
fn a_chain_that_does_not_hang_together_has_no_balance() {
    let dir = tempfile::tempdir().unwrap();
    let mut blocks = chain(4);
    blocks.remove(2);
    let address = serve_chain(blocks, 10);
    let run = node(
        dir.path(),
        &format!("wallet balance --of K --node {address}"),
    );
    assert_snapshot!("balance_torn", run.text().replace(&address, "NODE"));
    let address = serve_chain(Vec::new(), 10);
    let run = node(
        dir.path(),
        &format!("wallet balance --of K --node {address}"),
    );
    assert_snapshot!("balance_empty", run.text().replace(&address, "NODE"));
}

/// Writes a passphrase's file.
fn passphrase(dir: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let file = dir.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_wallet_under_a_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    passphrase(dir.path(), "right", "correct horse\n");
    passphrase(dir.path(), "wrong", "correct mule!\n");
    passphrase(dir.path(), "short", "horse\n");
    assert_snapshot!(
        "passphrase_short",
        node(dir.path(), "wallet new --passphrase-file short").text()
    );
    let made = node(dir.path(), "wallet new --passphrase-file right");
    assert_eq!(made.code, 0, "{}", made.err);
    let stored = wallet(dir.path());
    assert_eq!(stored["kdf"], "scrypt");
    assert_eq!(stored["n"], 131_072);
    // The public key is for all; to sign, the passphrase must be known.
    assert_eq!(node(dir.path(), "wallet show").text(), made.text());
    let address = serve(|_, body| {
        let id = Transaction::parse(body).unwrap().id();
        (200, format!("{{\"accepted\": \"{id}\"}}"))
    });
    let send = format!("wallet send --to KEY --sum 1 --node {address}");
    let right = node(dir.path(), &format!("{send} --passphrase-file right"));
    assert_eq!(right.code, 0, "{}", right.err);
    for (name, more) in [
        ("passphrase_wrong", "--passphrase-file wrong"),
        ("passphrase_none", ""),
    ] {
        assert_snapshot!(name, node(dir.path(), &format!("{send} {more}")).text());
    }
}

#[test]
fn a_passphrase_is_put_on_changed_and_taken_off() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wallet-6000.json");
    passphrase(dir.path(), "first", "correct horse\n");
    passphrase(dir.path(), "second", "battery staple\n");
    passphrase(dir.path(), "short", "horse\n");
    let change = |args: &str| node(dir.path(), &format!("wallet passphrase {args}"));
    assert_snapshot!(
        "change_no_wallet",
        change("--new-passphrase-file first").text()
    );
    let made = node(dir.path(), "wallet new");
    assert_eq!(made.code, 0, "{}", made.err);
    let open = wallet(dir.path());
    let refused = |name: &str, args: &str| {
        let before = std::fs::read(&file).unwrap();
        assert_snapshot!(name, change(args).text());
        assert_eq!(std::fs::read(&file).unwrap(), before, "{name}");
    };
    refused("change_remove_none", "--remove");
    refused("change_nobody_to_ask", "--passphrase-file first");
    refused("change_short", "--new-passphrase-file short");
    let accepted = |args: &str, locked: bool| {
        let run = change(args);
        assert_eq!(run.code, 0, "{}", run.err);
        assert_eq!(run.out.contains("by a passphrase"), locked, "{}", run.out);
        let wallet = wallet(dir.path());
        assert_eq!(wallet["public"], open["public"]);
        assert_eq!(wallet["secret"] == open["secret"], !locked);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    };
    accepted("--new-passphrase-file first", true);
    refused("change_unknown", "--new-passphrase-file second");
    refused(
        "change_wrong",
        "--passphrase-file second --new-passphrase-file first",
    );
    refused("change_remove_wrong", "--passphrase-file second --remove");
    accepted("--passphrase-file first --new-passphrase-file second", true);
    accepted("--passphrase-file second --remove", false);
    assert_eq!(wallet(dir.path()), open);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 4, "nothing is left beside it: {left:?}");
}

#[test]
fn a_wallet_that_is_there_is_refused_before_a_passphrase_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(node(dir.path(), "wallet new").code, 0);
    let plain = node(dir.path(), "wallet new");
    // Neither a terminal nor this file is there to be asked.
    for args in ["--passphrase", "--passphrase-file gone"] {
        let run = node(dir.path(), &format!("wallet new {args}"));
        assert_eq!(run.text(), plain.text());
    }
}

#[test]
fn a_node_under_a_passphrase_pays_with_it_and_does_not_start_without() {
    use program::running::Running;
    let dir = tempfile::tempdir().unwrap();
    passphrase(dir.path(), "right", "correct horse\n");
    let file = dir.path().join("right").display().to_string();
    let args = format!("--port 0 --set zeros.zeros=0 --passphrase-file {file}");
    let running = Running::start(dir.path(), &args);
    running.wait("the first coin", |status| status["height"] == 1);
    running.pay("bob", "0.5");
    let port = running.port().to_owned();
    assert!(!running.log().contains("correct horse"));
    drop(running);
    let run = node(dir.path(), &format!("--port {port} --set zeros.zeros=0"));
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("--passphrase-file"), "{}", run.err);
}
