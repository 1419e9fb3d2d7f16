//! What follows when a plugin fails, for the whole program.

use plugcoin_sdk::hooks::KeyPair;
use plugcoin_sdk::ledger::genesis;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::live::{Live, PLUGIN, acquainted, agreed, live, live_with};
use crate::program::libraries::{c_library, library, mode};
use crate::program::running::{Running, until};
use crate::program::world::{alice, block, pay};

fn brittle(part: &str) -> String {
    format!("--plugin {}:brittle-{part}", library("brittle").display())
}

/// What made plugins fail on this node.
fn faults(dir: &TempDir) -> Vec<Value> {
    let mut files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap());
    let file = files.find(|file| file.file_name().to_string_lossy().starts_with("faults-"));
    serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap()
}

#[test]
fn a_rule_that_panics_stops_the_node_once_for_each_thing() {
    let rules = "--set zeros.zeros=1 --set fifo.n_transactions=9";
    let brittle = format!("{rules} {}", brittle("rule"));
    let blocks = [block(&genesis(), &alice().public, Vec::new(), 10)];
    let plain = live_with(rules, &alice(), &blocks);
    let a = live_with(
        format!("{brittle} --peer {}", plain.address),
        &alice(),
        &blocks,
    );
    acquainted(&[&a, &plain]);
    let port = a.port().to_owned();
    let bad = pay(&alice(), "bob", "0.13", 100);
    // Another node tells of it, which has no such rule.
    plain.takes("/inv", bad.text());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    for words in ["brittle-rule", "it is afraid of 0.13", "will be refused"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let written = faults(&dir);
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["hash"], bad.leaf().to_string());
    assert!(
        written[0]["reason"]
            .to_string()
            .contains("it is afraid of 0.13")
    );

    // It is sent again, and refused; everything else goes on.
    let again = format!("--port {port} {brittle} --peer {}", plain.address);
    let a = Live::start_in(dir, &again);
    let refused = a.refuses("/inv", bad.text());
    assert_eq!(refused["rule"], "fault", "{refused}");
    assert!(
        refused["errmsg"].to_string().contains("made a plugin fail"),
        "{refused}"
    );
    acquainted(&[&a, &plain]);
    let good = pay(&alice(), "bob", "0.25", 101);
    plain.takes("/inv", good.text());
    a.wait("the other payment", |status| status["pool"] == 1);
    // Nobody stops it anew by putting it into a block, or another one.
    for second in [200, 201] {
        let with_bad = block(&blocks[0], &alice().public, vec![bad.clone()], second);
        assert_eq!(a.refuses("/block", with_bad.text())["rule"], "fault");
    }
    assert_eq!(a.status()["pool"], 1, "what waited still does");
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_rule_that_does_not_come_back_stops_the_node_once_for_each_thing() {
    let rules = format!(
        "--set zeros.zeros=1 --set fifo.n_transactions=9 --stuck-after 300ms {}",
        brittle("rule")
    );
    let first = block(&genesis(), &alice().public, Vec::new(), 10);
    let a = live_with(&rules, &alice(), std::slice::from_ref(&first));
    let port = a.port().to_owned();
    let bad = pay(&alice(), "bob", "0.19", 100);
    // It comes in a block, and the block is not to blame.
    let with_bad = block(&first, &alice().public, vec![bad.clone()], 200);
    a.posts("/block", with_bad.text());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    for words in [
        "brittle-rule",
        "has not come back for 0.3 s",
        "will be refused",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let written = faults(&dir);
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(written[0]["hash"], bad.leaf().to_string());
    let a = Live::start_in(dir, &format!("--port {port} {rules}"));
    for (path, text) in [("/inv", bad.text()), ("/block", with_bad.text())] {
        assert_eq!(a.refuses(path, text)["rule"], "fault");
    }
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_pool_that_does_not_come_back_stops_the_node_and_nothing_is_refused_for_it() {
    let rules = format!(
        "--set zeros.zeros=1 --stuck-after 300ms {}",
        brittle("pool")
    );
    let first = block(&genesis(), &alice().public, Vec::new(), 10);
    let a = live_with(&rules, &alice(), std::slice::from_ref(&first));
    let port = a.port().to_owned();
    let bad = pay(&alice(), "bob", "0.21", 100);
    a.posts("/inv", bad.text());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    for words in ["brittle-pool", "has not come back for 0.3 s"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    // Others have no such pool, and their blocks are valid.
    let with_bad = block(&first, &alice().public, vec![bad], 200);
    let a = Live::start_in(dir, &format!("--port {port} {rules}"));
    a.takes("/block", with_bad.text());
}

#[test]
fn a_signer_that_hangs_ahead_of_the_node_stops_it_until_the_payment_is_found() {
    let rules = format!(
        "--set zeros.zeros=1 --set fifo.n_transactions=9 --stuck-after 300ms {}",
        brittle("signer")
    );
    let first = block(&genesis(), &alice().public, Vec::new(), 10);
    let its_wallet = KeyPair {
        public: "own".to_owned(),
        secret: "own".to_owned(),
    };
    let a = live_with(&rules, &its_wallet, std::slice::from_ref(&first));
    let args = format!("--port {} {rules}", a.port());
    let good = pay(&alice(), "bob", "0.25", 100);
    let bad = pay(&alice(), "forever", "0.25", 101);
    let with_both = block(
        &first,
        &alice().public,
        vec![good.clone(), bad.clone()],
        200,
    );
    // First it hangs over both, and then over the one.
    let mut dir = a.posts_and_ends("/block", with_both.text(), "is verified by itself");
    assert_eq!(faults(&dir).len(), 1);
    let a = Live::start_in(dir, &args);
    dir = a.posts_and_ends("/block", with_both.text(), "will be refused");
    let written = faults(&dir);
    assert_eq!(written.len(), 2, "{written:?}");
    assert_eq!(written[1]["hash"], bad.leaf().to_string());
    let a = Live::start_in(dir, &args);
    for (path, text) in [("/inv", bad.text()), ("/block", with_both.text())] {
        assert_eq!(a.refuses(path, text)["rule"], "fault");
    }
    a.takes("/inv", good.text());
    let with_good = block(&first, &alice().public, vec![good], 200);
    a.takes("/block", with_good.text());
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_consensus_that_hangs_ahead_of_the_node_stops_it_once_for_each_block() {
    let rules = format!("--stuck-after 300ms {}", brittle("seal"));
    let first = block(&genesis(), &alice().public, Vec::new(), 10);
    let a = live_with(&rules, &alice(), std::slice::from_ref(&first));
    let args = format!("--port {} {rules}", a.port());
    let bad = block(&first, "forever", Vec::new(), 20);
    // A hash that is not the block's own poisons nobody else's block.
    let good = block(&first, &alice().public, Vec::new(), 20);
    let lie = bad
        .text()
        .replace(&bad.hash().to_string(), &good.hash().to_string());
    assert_eq!(a.refuses("/block", &lie)["rule"], "hash");
    let dir = a.posts_and_ends("/block", bad.text(), "will be refused");
    assert_eq!(faults(&dir)[0]["hash"], bad.hash().to_string());
    let a = Live::start_in(dir, &args);
    assert_eq!(a.refuses("/block", bad.text())["rule"], "fault");
    a.takes("/block", good.text());
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_consensus_that_breaks_its_own_seal_stops_the_node_once_for_a_tip() {
    let rules = format!("--mine {}", brittle("seal"));
    let a = live(&rules);
    let args = format!("--port {} {rules}", a.port());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    for words in [
        "brittle-seal",
        "a nonce that does not hold",
        "it does not like x",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let a = Live::start_in(dir, &args);
    assert_eq!(a.status()["mining"], false);
    assert_eq!(a.status()["height"], 0);
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_consensus_that_hangs_in_a_miners_thread_stops_the_node_once_for_a_tip() {
    let rules = format!(
        "--mine --threads 2 --reward-to forever --stuck-after 300ms {}",
        brittle("seal")
    );
    let a = live(&rules);
    let args = format!("--port {} {rules}", a.port());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    let written = faults(&dir);
    assert_eq!(written.len(), 1, "{written:?}");
    let draft = plugcoin_core::draft_on(&genesis().hash());
    assert_eq!(written[0]["hash"], draft.to_string());
    let a = Live::start_in(dir, &args);
    assert_eq!(a.status()["mining"], false);
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_journal_over_which_a_rule_hangs_is_told_in_words_and_nothing_of_it_is_refused() {
    let plain = "--set zeros.zeros=1 --set fifo.n_transactions=9";
    let first = block(&genesis(), &alice().public, Vec::new(), 10);
    let bad = pay(&alice(), "bob", "0.19", 100);
    let with_bad = block(&first, &alice().public, vec![bad], 200);
    let a = live_with(plain, &alice(), &[first, with_bad.clone()]);
    let port = a.port().to_owned();
    let (_, dir) = a.stop(Signal::TERM);
    let args = format!(
        "--port {port} {plain} --stuck-after 300ms {}",
        brittle("rule")
    );
    let (code, said) = Running::try_start(dir.path(), &args).err().unwrap();
    assert_eq!(code, PLUGIN, "{said}");
    let hash = with_bad.hash().to_string();
    for words in ["brittle-rule", &hash, "run it without this plugin"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let names = std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap());
    let written = { names }.any(|file| file.file_name().to_string_lossy().starts_with("faults-"));
    assert!(!written, "there is nothing to refuse");
}

#[test]
fn a_journal_over_which_a_rule_fails_is_told_in_words() {
    let plain = "--set zeros.zeros=1 --set fifo.n_transactions=9";
    let rules = format!("{plain} {}", brittle("rule"));
    let first = block(&genesis(), &alice().public, Vec::new(), 10);
    let a = live_with(plain, &alice(), std::slice::from_ref(&first));
    let port = a.port().to_owned();
    let bad = pay(&alice(), "bob", "0.13", 100);
    a.takes("/inv", bad.text());
    let (_, dir) = a.stop(Signal::TERM);
    // What waits is dropped when the node is started again.
    let args = format!("--port {port} {rules}");
    let (code, said) = Running::try_start(dir.path(), &args).err().unwrap();
    assert_eq!(code, PLUGIN, "{said}");
    assert_eq!(faults(&dir)[0]["hash"], bad.leaf().to_string());
    let a = Live::start_in(dir, &args);
    assert_eq!(a.status()["pool"], 0);
    assert_eq!(a.refuses("/inv", bad.text())["rule"], "fault");
    let (_, dir) = a.stop(Signal::TERM);
    // Without the rule it is as good as any, and comes into a block.
    let a = Live::start_in(dir, &format!("--port {port} {plain}"));
    let with_bad = block(&first, &alice().public, vec![bad.clone()], 200);
    a.takes("/block", with_bad.text());
    let (_, dir) = a.stop(Signal::TERM);
    for _ in 0..2 {
        let (code, said) = Running::try_start(dir.path(), &args).err().unwrap();
        assert_eq!(code, PLUGIN, "{said}");
        let (hash, id) = (with_bad.hash().to_string(), bad.id().to_string());
        for words in ["brittle-rule", &hash, &id, "run it without this plugin"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!(faults(&dir).len(), 1, "there is nothing more to refuse");
    }
}

#[test]
fn a_rule_that_fails_over_the_nodes_own_draft_stops_it_once_for_a_tip() {
    let rules = format!("--set zeros.zeros=1 --mine {}", brittle("reward"));
    let a = live(&rules);
    let port = a.port().to_owned();
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    assert!(log.contains("it is afraid of block 2"), "{log}");
    let a = Live::start_in(dir, &format!("--port {port} {rules}"));
    assert_eq!(a.status()["height"], 1);
    assert_eq!(a.status()["mining"], false);
    assert_eq!(a.stop(Signal::TERM).0, 0);
}

#[test]
fn a_payment_that_waits_for_a_rule_it_breaks_costs_nobody_the_chain() {
    let rules = format!(
        "--set zeros.zeros=1 --set fifo.n_transactions=9 {}@3",
        brittle("rule")
    );
    let keys = alice();
    let first = block(&genesis(), &keys.public, Vec::new(), 10);
    let second = block(&first, &keys.public, Vec::new(), 20);
    let third = block(&second, &keys.public, Vec::new(), 30);
    let a = live_with(&rules, &keys, &[first]);
    let bad = pay(&keys, "bob", "0.13", 100);
    // It may still be in block 2, and after that the rule has to judge it.
    a.takes("/inv", bad.text());
    let port = a.port().to_owned();
    a.posts("/block", second.text());
    let (code, log, dir) = a.ended();
    assert_eq!(code, PLUGIN, "{log}");
    let written = faults(&dir);
    assert_eq!(
        written.len(),
        1,
        "the block is as good as ever: {written:?}"
    );
    assert_eq!(written[0]["hash"], bad.leaf().to_string());
    let a = Live::start_in(dir, &format!("--port {port} {rules}"));
    assert_eq!(a.status()["pool"], 0);
    for block in [&second, &third] {
        a.takes("/block", block.text());
    }
    assert_eq!(a.tip(), third.hash().to_string());
    assert_eq!(a.refuses("/inv", bad.text())["rule"], "fault");
}

#[test]
fn a_pool_that_panics_gives_way_to_the_default() {
    let rules = "--set zeros.zeros=1";
    let a = live(format!("{rules} {}", brittle("pool")));
    a.reach(1);
    let b = live(format!("{rules} --peer {}", a.address));
    acquainted(&[&a, &b]);
    // A block for each payment is its own way; two are due by the default.
    a.pay("bob", "0.125");
    agreed(&[&a, &b], 2);
    let health = a.plugin("brittle-pool");
    assert_eq!(
        (&health["state"], &health["failed"]),
        (&"active".into(), &false.into())
    );
    a.pay("bob", "0.17");
    let health = a.plugin("brittle-pool");
    assert_eq!(
        (&health["state"], &health["failed"]),
        (&"replaced".into(), &true.into())
    );
    assert!(
        health["last_fault"]
            .to_string()
            .contains("it is afraid of 0.17"),
        "{health}"
    );
    assert_eq!(a.status()["pool"], 1);
    a.pay("bob", "0.25");
    agreed(&[&a, &b], 3);
    assert_eq!(
        a.log().matches("the default takes over").count(),
        1,
        "{}",
        a.log()
    );
}

#[test]
fn an_observer_that_panics_is_off() {
    let a = live(format!("--set zeros.zeros=1 {}", brittle("observer")));
    a.reach(1);
    let health = until("its end", || {
        Some(a.plugin("brittle-observer")).filter(|health| health["failed"] == true)
    });
    assert_eq!(health["state"], "off", "{health}");
    assert!(
        health["last_fault"]
            .to_string()
            .contains("it is afraid of blocks")
    );
    for height in 2..4 {
        a.pay("bob", "0.125");
        a.pay("bob", "0.0625");
        a.reach(height);
    }
    assert_eq!(a.log().matches("it is off").count(), 1, "{}", a.log());
}

/// A plugin in C for one hook, which answers whatever it is asked by more bytes than a node takes.
const TALKER: &str = r#"
#include <plugcoin_plugin.h>
#include <string.h>
PLUGCOIN_NOTE;
static char long_answer[(4 << 20) + 1];
static int32_t tell(const plugcoin_sink *sink, const char *text) {
    return sink->write(sink->context, (const uint8_t *)text, strlen(text));
}
static int is(const uint8_t *method, size_t len, const char *name) {
    return len == strlen(name) && !memcmp(method, name, len);
}
static int32_t create(const uint8_t *setup, size_t setup_len, void **instance,
                      const plugcoin_sink *sink) {
    (void)setup, (void)setup_len, (void)sink;
    *instance = "one";
    return PLUGCOIN_OK;
}
static int32_t call(void *instance, const uint8_t *method, size_t len, const uint8_t *input,
                    size_t input_len, const plugcoin_sink *sink) {
    (void)instance, (void)input, (void)input_len;
    if (is(method, len, "library.about")) return tell(sink, ABOUT);
    if (is(method, len, "library.resolve")) return tell(sink, "{}");
    if (is(method, len, "signer.scheme")) return tell(sink, "\"ed25519\"");
    if (is(method, len, "difficulty.easiest")) return tell(sink, EASIEST);
    for (size_t n = 0; n < sizeof ASKED / sizeof *ASKED; n++)
        if (is(method, len, ASKED[n])) {
            memset(long_answer, '1', sizeof long_answer);
            sink->write(sink->context, (const uint8_t *)long_answer, sizeof long_answer);
            return PLUGCOIN_OK;
        }
    return PLUGCOIN_UNKNOWN;
}
static void destroy(void *instance) { (void)instance; }
static const plugcoin_table table = {sizeof(plugcoin_table), 1, 0, 0, create, call, destroy};
const plugcoin_table *plugcoin_plugin(const plugcoin_host *host) { (void)host; return &table; }
"#;

/// The option by which a node takes such a plugin of this hook.
fn talker(dir: &TempDir, hook: &str, methods: &str) -> String {
    let name = format!("long-{hook}");
    let about =
        format!(r#"[{{"name":"{name}","version":"1.0.0","rules_version":1,"hooks":["{hook}"]}}]"#);
    let methods: Vec<String> = { methods.split(' ') }
        .map(|method| format!("\"{hook}.{method}\""))
        .collect();
    let definitions = format!(
        "#define ABOUT {about:?}\n#define EASIEST \"\\\"{}\\\"\"\n\
         static const char *const ASKED[] = {{{}}};\n",
        "f".repeat(64),
        methods.join(", "),
    );
    let file = c_library(dir.path(), &name, &format!("{definitions}{TALKER}"));
    mode(dir.path(), &file, 0o755);
    format!("--plugin {}", dir.path().join(file).display())
}

#[test]
fn a_deciding_plugin_that_answers_too_much_stops_the_node() {
    let dir = tempfile::tempdir().unwrap();
    for (hook, methods) in [
        ("consensus", "seal check_seal"),
        ("signer", "verify verify_batch generate public_key sign"),
        ("difficulty", "target wants"),
        ("fork-choice", "prefer"),
        ("reward", "reward"),
        ("merkle", "root"),
        ("validity", "check_block check_transaction earliest_us"),
        ("storage", "append replay read"),
    ] {
        let plugin = talker(&dir, hook, methods);
        let zeros = if hook == "difficulty" {
            ""
        } else {
            "--set zeros.zeros=0"
        };
        let args = format!("--port 0 --mine --mine-interval 1s {zeros} {plugin}");
        let data = tempfile::tempdir().unwrap();
        let (code, log) = match Running::try_start(data.path(), &args) {
            Err(ended) => ended,
            Ok(running) => {
                let running = Live::of(running, data);
                // A branch that is as good as the other has to be chosen from: its block is here before,
                // and not so far above that the rival is too deep.
                if hook == "fork-choice" {
                    running.reach(1);
                }
                let rival = block(&genesis(), "rival", Vec::new(), 10);
                running.posts("/block", rival.text());
                let (code, log, _dir) = running.ended();
                (code, log)
            }
        };
        for words in [&*format!("long-{hook}"), "more than 4194304 bytes"] {
            assert!(log.contains(words), "{hook}, {words}: {log}");
        }
        assert_eq!(code, PLUGIN, "{hook}: {log}");
    }
}

#[test]
fn the_default_takes_over_from_one_that_answers_too_much_and_an_observer_is_off() {
    let dir = tempfile::tempdir().unwrap();
    // The peer has the same chain: one of its own would win by chance, and take the coin away.
    let coin = [block(&genesis(), &alice().public, Vec::new(), 10)];
    let peer = live_with("--set zeros.zeros=1", &alice(), &coin);
    let state = |hook, methods, state: &str| {
        let plugin = talker(&dir, hook, methods);
        let node = live_with(
            format!("--set zeros.zeros=1 --peer {} {plugin}", peer.address),
            &alice(),
            &coin,
        );
        let name = format!("long-{hook}");
        node.pay("bob", "0.25");
        let told = until("its end", || {
            let told = node.plugin(&name);
            (told["state"] == state).then_some(told)
        });
        let fault = told["last_fault"].to_string();
        assert!(fault.contains("more than 4194304 bytes"), "{told}");
        node.pay("bob", "0.25");
    };
    state("mempool", "admit due", "replaced");
    state("gossip", "targets on_event ask", "replaced");
    state("transport", "call", "replaced");
    state("observer", "on_event", "off");
}
