//! `node plugins check`: every plugin of this workspace as a loaded library, and bad ones.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use insta::assert_snapshot;
use program::running::until;
use program::{Run, libraries, node};
use serde_json::Value;
use tempfile::tempdir;

/// What a plugin needs to be made at all.
const NEEDED: [(&str, &str); 1] = [("authority", "--set authority.keys=alice,miner,bob")];

/// The packages of the plugins that are libraries too.
fn packages() -> Vec<String> {
    let folders = fs::read_dir(libraries::workspace().join("plugins")).unwrap();
    let package = |manifest: String| {
        let name = manifest.split("name = \"").nth(1)?.split('"').next()?;
        manifest.contains("\"cdylib\"").then(|| name.to_owned())
    };
    folders
        .filter_map(|folder| {
            let manifest = folder.unwrap().path().join("Cargo.toml");
            fs::read_to_string(manifest).ok().and_then(package)
        })
        .collect()
}

/// Checks each plugin; as many at a time as there are processors, and some for those that sleep.
fn check_all(dir: &Path, plugins: &[String]) -> BTreeMap<String, Run> {
    let left = Mutex::new(plugins.iter());
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let Some(plugin) = left.lock().unwrap().next() else {
                return;
            };
            let run = node(dir, &format!("plugins check {plugin}"));
            done.lock().unwrap().insert(plugin.clone(), run);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap()
}

#[test]
fn every_plugin_of_the_workspace_keeps_all_laws_as_a_loaded_library() {
    let dir = tempdir().unwrap();
    let packages = packages();
    assert!(packages.len() >= 20, "{packages:?}");
    let libraries = libraries::in_workspace(&packages, &[]);
    assert_eq!(libraries.len(), packages.len());
    let arguments = |(name, path): (&String, &PathBuf)| {
        let needed = NEEDED.iter().find(|(plugin, _)| plugin == name);
        format!(
            "{} {}",
            path.display(),
            needed.map_or("", |(_, needed)| needed)
        )
    };
    let plugins: Vec<String> = libraries.iter().map(arguments).collect();
    for (plugin, run) in check_all(dir.path(), &plugins) {
        assert_eq!(run.code, 0, "{plugin}\n{}", run.text());
        assert!(run.out.contains(", loaded, SHA-256 "), "{}", run.text());
    }
}

/// A report without what differs from run to run.
fn report(run: &Run) -> String {
    let lines = run.out.lines().map(|line| {
        if let Some((call, _)) = line
            .split_once(" ns")
            .and_then(|(time, _)| time.rsplit_once("  "))
        {
            return format!("{} … ns", call.trim_end());
        }
        let is_number = |c: char| c.is_ascii_digit();
        match ["ms apart", "KiB", "SHA-256", "ms later"]
            .iter()
            .any(|word| line.contains(word))
        {
            true => {
                let words = line
                    .split(' ')
                    .map(|word| match word.starts_with(is_number) {
                        true => "…",
                        false => word,
                    });
                words.collect::<Vec<_>>().join(" ")
            }
            false => line.to_owned(),
        }
    });
    let lines: Vec<String> = lines.collect();
    format!(
        "exit {}\n{}\n--- err\n{}",
        run.code,
        lines.join("\n"),
        run.err
    )
}

#[test]
fn what_is_compiled_in_is_checked_by_its_name() {
    let dir = tempdir().unwrap();
    assert_snapshot!(
        "check_name",
        report(&node(dir.path(), "plugins check difficulty5"))
    );
    // A storage is opened again in the same place, if it has one.
    for plugin in ["journal", "memory", "http", "zeros --set zeros.zeros=7"] {
        let run = node(dir.path(), &format!("plugins check {plugin}"));
        assert_eq!(run.code, 0, "{}", run.text());
    }
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "it leaves nothing"
    );
}

#[test]
fn the_report_is_json_too() {
    let dir = tempdir().unwrap();
    let run = node(dir.path(), "plugins check halving --json");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &report["kept"]), (0, &true.into()));
    let plugin = &report["plugins"][0];
    assert_eq!(plugin["name"], "halving");
    assert_eq!(plugin["form"], "compiled in");
    assert_eq!(
        plugin["hooks"][0]["laws"][0]["law"],
        "it_depends_on_the_height_alone"
    );
    assert_eq!(plugin["two_processes"]["kept"], true);
    assert_eq!(plugin["times"][0]["method"], "reward");
}

#[test]
fn what_can_not_be_checked_is_refused() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("no.so"), "no library").unwrap();
    for (name, args) in [
        ("check_unknown", "zeross --plugin-dir ."),
        ("check_no_library", "./no.so"),
        ("check_height", "zeros@7"),
        ("check_stranger", "zeros --set time.drift_s=1"),
        ("check_option", "zeros --set zeros.zeros=65"),
    ] {
        assert_snapshot!(
            name,
            node(dir.path(), &format!("plugins check {args}")).text()
        );
    }
}

/// Plugins that are wrong in a way of their own, all in one library.
const BAD: &str = r#"
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::Reward;
use plugcoin_sdk::ledger::Amount;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub struct BadRule(fn(u64) -> u64);

impl Reward for BadRule {
    fn reward(&self, nr: u64) -> Result<Amount, Error> {
        Ok(Amount::from_units((self.0)(nr).into()))
    }
}

static CALLS: AtomicU64 = AtomicU64::new(0);

fn clock_s(_: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn leak(nr: u64) -> u64 {
    std::mem::forget(vec![nr; 32]);
    1
}

fn abort_above(nr: u64) -> u64 {
    if nr == u64::MAX {
        std::process::abort();
    }
    1
}

plugcoin_sdk::register!(Reward, "counts", |_| Ok(BadRule(|_| CALLS.fetch_add(1, Ordering::Relaxed))));
plugcoin_sdk::register!(Reward, "remembers", |_| Ok(BadRule(|nr| CALLS.fetch_max(nr, Ordering::Relaxed))));
plugcoin_sdk::register!(Reward, "looks-at-the-clock", |_| Ok(BadRule(clock_s)));
plugcoin_sdk::register!(Reward, "looks-at-the-process", |_| Ok(BadRule(|_| std::process::id().into())));
plugcoin_sdk::register!(Reward, "leaks", |_| Ok(BadRule(leak)));
plugcoin_sdk::register!(Reward, "aborts", |_| Ok(BadRule(abort_above)));
plugcoin_sdk::register!(Reward, "panics", |_| Ok(BadRule(|nr| 1_000 / (nr - 7))));
"#;

#[test]
fn each_fault_is_found_and_named() {
    let dir = tempdir().unwrap();
    let made = node(dir.path(), "plugins new bad-rule --hook reward");
    assert_eq!(made.code, 0, "{}", made.text());
    let of_crate = dir.path().join("bad-rule");
    fs::write(of_crate.join("src/lib.rs"), BAD).unwrap();
    let library = libraries::built(&mut libraries::outside(&of_crate, "build"))["bad-rule"].clone();
    let found = node(
        dir.path(),
        &format!("plugins check {} --json", library.display()),
    );
    assert_eq!(found.code, 8, "{}", found.text());
    let report: Value = serde_json::from_str(&found.out).unwrap();
    let plugins = report["plugins"].as_array().unwrap();
    let broken: Vec<String> = plugins.iter().map(broken).collect();
    assert_snapshot!("check_faults", broken.join("\n"));
}

/// A reward that never comes back for the highest block, once it has written down its process.
const STUCK: &str = r#"
#include <plugcoin_plugin.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
PLUGCOIN_NOTE;
static int32_t tell(const plugcoin_sink *sink, const char *text) {
    return sink->write(sink->context, (const uint8_t *)text, strlen(text));
}
static int32_t create(const uint8_t *setup, size_t setup_len, void **instance,
                      const plugcoin_sink *sink) {
    (void)setup, (void)setup_len, (void)sink;
    *instance = "one";
    return PLUGCOIN_OK;
}
static int32_t call(void *instance, const uint8_t *method, size_t method_len, const uint8_t *input,
                    size_t input_len, const plugcoin_sink *sink) {
    (void)instance;
    if (method_len == 13 && !memcmp(method, "library.about", 13))
        return tell(sink, "[{\"name\":\"stuck\",\"version\":\"1.0.0\",\"rules_version\":1,\"hooks\":[\"reward\"]}]");
    if (method_len == 15 && !memcmp(method, "library.resolve", 15)) return tell(sink, "{}");
    if (method_len != 13 || memcmp(method, "reward.reward", 13)) return PLUGCOIN_UNKNOWN;
    if (memmem(input, input_len, "18446744073709551615", 20)) {
        dprintf(creat(FILE_NAME, 0600), "%d\n", getpid());
        for (;;) pause();
    }
    return tell(sink, "\"1\"");
}
static void destroy(void *instance) { (void)instance; }
static const plugcoin_table table = {sizeof(plugcoin_table), 1, 0, 0, create, call, destroy};
const plugcoin_table *plugcoin_plugin(const plugcoin_host *host) { (void)host; return &table; }
"#;

#[test]
fn a_check_that_is_ended_leaves_no_process() {
    let dir = tempdir().unwrap();
    let written = dir.path().join("process");
    let name = format!(
        "#define _GNU_SOURCE\n#define FILE_NAME {:?}\n{STUCK}",
        written.to_str().unwrap()
    );
    libraries::c_library(dir.path(), "stuck", &name);
    libraries::mode(dir.path(), "stuck.so", 0o755);
    let mut check = Command::new(env!("CARGO_BIN_EXE_node"))
        .args(["plugins", "check", "./stuck.so"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child: u32 = until("the child to be stuck", || {
        fs::read_to_string(&written)
            .ok()?
            .strip_suffix('\n')?
            .parse()
            .ok()
    });
    assert_ne!(child, check.id());
    check.kill().unwrap();
    check.wait().unwrap();
    until("the child's end", || {
        // Gone, or ended and waited for by nobody.
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        matches!(state, None | Some('Z' | 'X')).then_some(())
    });
}

/// What a plugin does not keep.
fn broken(plugin: &Value) -> String {
    let name = plugin["name"].as_str().unwrap();
    let laws = plugin["hooks"][0]["laws"].as_array().unwrap().iter();
    let laws = laws.filter(|law| law["kept"] == false).map(|law| {
        let why = law["why"].as_str().unwrap().lines().next().unwrap();
        format!("  {}: {why}", law["law"].as_str().unwrap())
    });
    let grades = ["same_answers", "two_processes", "memory"].into_iter();
    let grades = grades.filter(|grade| plugin[grade]["kept"] == false);
    let broken = laws.chain(grades.map(|grade| format!("  {grade}")));
    // Whether a second passes between two calls is chance; between two processes it must.
    let always = broken.filter(|law| name != "looks-at-the-clock" || law == "  two_processes");
    let lines: Vec<String> = std::iter::once(name.to_owned()).chain(always).collect();
    lines.join("\n")
}
