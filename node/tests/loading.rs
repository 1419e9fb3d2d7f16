//! Libraries that are no plugins, or bad ones: the node does not start, and says why; it is never
//! ended by them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod program;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use plugcoin_host::Loader;
use plugcoin_node::cli::ExitCode;
use program::libraries::{
    c_library, damaged, in_workspace, library, mode, with_word, without_entry, without_note, write,
};
use program::running::Running;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

/// What a node says that does not start with these plugins.
fn refusal(dir: &Path, args: &str) -> String {
    match Running::try_start(dir, &format!("--port 0 {args}")) {
        Ok(running) => panic!("it started: {}", running.summary),
        Err((code, log)) => {
            assert_eq!(code, ExitCode::Configuration as i32, "{log}");
            log.replace(dir.to_str().unwrap(), "DIR")
        }
    }
}

/// The refusals of several files, each beneath its name.
fn refusals(dir: &Path, files: &[&str]) -> String {
    let of_file = |file: &&str| {
        let said = refusal(dir, &format!("--plugin ./{file}"));
        assert!(
            said.contains(&format!("./{file} can't be loaded")),
            "{said}"
        );
        assert!(
            said.contains("expected") && said.contains("found"),
            "{said}"
        );
        said
    };
    files.iter().map(of_file).collect::<Vec<_>>().concat()
}

/// The digest of the one loaded plugin.
fn digest(running: &Running) -> String {
    let plugins: Value = serde_json::from_str(&running.ask("GET", "/plugins", "").1).unwrap();
    let mut plugins = plugins["plugins"].as_array().unwrap().iter();
    let digest = plugins
        .find_map(|plugin| plugin["digest"].as_str())
        .unwrap();
    assert_eq!(digest.len(), 64);
    digest.to_owned()
}

/// A pipe by name, at which nobody ever writes.
fn mkfifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// An empty folder, and the bytes of a good library.
fn good() -> (TempDir, Vec<u8>) {
    (
        tempdir().unwrap(),
        fs::read(library("even-harder")).unwrap(),
    )
}

#[test]
fn what_is_no_library() {
    let (dir, _) = good();
    let dir = dir.path();
    write(dir, "text.so", "difficulty = 5\n");
    write(dir, "empty.so", "");
    write(dir, "image.so", [0x89, b'P', b'N', b'G', 0, 1, 2, 3]);
    fs::create_dir(dir.join("folder.so")).unwrap();
    mkfifo(&dir.join("pipe.so"));
    fs::copy(env!("CARGO_BIN_EXE_node"), dir.join("program.so")).unwrap();
    let files = [
        "text.so",
        "empty.so",
        "image.so",
        "folder.so",
        "pipe.so",
        "program.so",
    ];
    assert_snapshot!(refusals(dir, &files));
}

#[test]
fn what_is_not_there() {
    let dir = tempdir().unwrap();
    let said = [
        refusal(dir.path(), "--plugin ./gone.so"),
        refusal(dir.path(), "--plugin even-harder --plugin-dir ."),
    ];
    assert!(
        said[1].contains("there is no plugin even-harder"),
        "{}",
        said[1]
    );
    assert_snapshot!(said[0]);
}

#[test]
fn the_current_folder_is_not_searched() {
    let (dir, bytes) = good();
    write(dir.path(), "libelsewhere.so", bytes);
    let said = refusal(dir.path(), "--plugin elsewhere");
    assert!(said.contains("there is no plugin elsewhere"), "{said}");
    let said = refusal(dir.path(), "--plugin elsewhere --plugin-dir .");
    assert!(said.contains("in ./libelsewhere.so\nit has"), "{said}");
}

#[test]
fn the_folder_of_the_program_is_searched() {
    let (dir, bytes) = good();
    write(dir.path(), "libeven_harder.so", bytes);
    let program = dir.path().join("node");
    let built = Path::new(env!("CARGO_BIN_EXE_node"));
    // On another file system it has to be a copy.
    if fs::hard_link(built, &program).is_err() {
        fs::copy(built, &program).unwrap();
    }
    let elsewhere = tempdir().unwrap();
    let output = Command::new(&program)
        .args("--port 0 --plugin even-harder --set even-harder.no=1".split(' '))
        .current_dir(&elsewhere)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // It was found, tried and opened: its options are known.
    assert!(said.contains("even-harder has no option no"), "{said}");
}

#[test]
fn a_library_that_was_cut_off() {
    let (dir, bytes) = good();
    for percent in [1, 25, 50, 75, 90] {
        let name = format!("cut{percent}.so");
        write(dir.path(), &name, &bytes[..bytes.len() * percent / 100]);
        let said = refusals(dir.path(), &[&name]);
        assert!(said.contains("expected a whole library, found"), "{said}");
        assert!(said.contains("cut off"), "{said}");
    }
}

#[test]
fn a_library_for_something_else() {
    let (dir, bytes) = good();
    let dir = dir.path();
    // The machine is the header's word at 18; 8 is MIPS.
    let mut machine = bytes.clone();
    machine[18..20].copy_from_slice(&8_u16.to_ne_bytes());
    write(dir, "machine.so", machine);
    write(dir, "entry.so", without_entry(&bytes));
    write(dir, "note.so", without_note(&bytes));
    write(dir, "major.so", with_word(&bytes, 0, 2));
    write(dir, "old.so", with_word(&bytes, 0, 0));
    write(dir, "minor.so", with_word(&bytes, 1, 1));
    write(dir, "abort.so", with_word(&bytes, 2, 0));
    c_library(dir, "bare", "int nothing = 1;\n");
    let said = refusals(
        dir,
        &[
            "machine.so",
            "entry.so",
            "note.so",
            "major.so",
            "old.so",
            "minor.so",
            "abort.so",
            "bare.so",
        ],
    );
    assert_snapshot!(said.replace(std::env::consts::ARCH, "ARCH"));
}

#[test]
fn a_library_whose_panics_end_the_process() {
    let dir = tempdir().unwrap();
    // A package that no other test builds: this is another file in the same place.
    let config = [
        "--config",
        "profile.dev.panic=\"abort\"",
        "--config",
        "profile.release.panic=\"abort\"",
    ];
    let built = in_workspace(["flat-root"], &config);
    write(
        dir.path(),
        "flat.so",
        fs::read(&built["flat-root"]).unwrap(),
    );
    assert_snapshot!(refusals(dir.path(), &["flat.so"]));
}

/// A plugin in C whose functions can be replaced.
const C: &str = r#"
#include <plugcoin_plugin.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
PLUGCOIN_NOTE;
static int32_t tell(const plugcoin_sink *sink, const char *text) {
    return sink->write(sink->context, (const uint8_t *)text, strlen(text));
}
#ifndef ABOUT
#define ABOUT "[{\"name\":\"one\",\"version\":\"1.0.0\",\"rules_version\":1,\"hooks\":[\"reward\"]}]"
#endif
#ifndef CREATE
#define CREATE *instance = (void *)ABOUT; return PLUGCOIN_OK;
#endif
#ifndef SIZE
#define SIZE sizeof(plugcoin_table)
#endif
static int32_t create(const uint8_t *setup, size_t setup_len, void **instance,
                      const plugcoin_sink *sink) {
    (void)setup, (void)setup_len, (void)instance, (void)sink, (void)tell;
    CREATE
}
static int32_t call(void *instance, const uint8_t *method, size_t method_len, const uint8_t *input,
                    size_t input_len, const plugcoin_sink *sink) {
    (void)instance, (void)input, (void)input_len;
    if (method_len == 13 && !memcmp(method, "library.about", 13)) tell(sink, ABOUT);
    else if (method_len == 13 && !memcmp(method, "reward.reward", 13)) tell(sink, "\"1\"");
    else if (method_len == 15 && !memcmp(method, "library.resolve", 15)) tell(sink, "{}");
    else return PLUGCOIN_UNKNOWN;
    return PLUGCOIN_OK;
}
static void destroy(void *instance) { (void)instance; }
static const plugcoin_table table = {SIZE, 1, 0, 0, create, call, destroy};
#ifndef ENTER
#define ENTER return &table;
#endif
const plugcoin_table *plugcoin_plugin(const plugcoin_host *host) { (void)host, (void)table; ENTER }
"#;

/// Makes a plugin in C with these definitions before its text.
fn c_plugin(dir: &Path, name: &str, definitions: &str) -> String {
    c_library(dir, name, &format!("{definitions}\n{C}"))
}

#[test]
fn a_library_that_ends_the_process_that_opens_it_ends_only_the_trial() {
    let dir = tempdir().unwrap();
    let dir = dir.path();
    let at_opening = |what: &str| {
        format!(
            "#include <stdlib.h>\n#include <unistd.h>\n#include <stdio.h>\n\
             __attribute__((constructor)) static void at_opening(void) {{ {what} }}"
        )
    };
    c_plugin(dir, "aborts", &at_opening("abort();"));
    c_plugin(dir, "exits", &at_opening("_exit(0);"));
    c_plugin(
        dir,
        "complains",
        &at_opening("fputs(\"no licence\\n\", stderr); exit(7);"),
    );
    c_plugin(
        dir,
        "crashes",
        "#define ENTER *(volatile int *)8 = 1; return &table;",
    );
    assert_snapshot!(refusals(
        dir,
        &["aborts.so", "exits.so", "complains.so", "crashes.so"]
    ));
}

#[test]
fn a_library_that_never_comes_to_an_end_is_given_up() {
    let dir = tempdir().unwrap();
    let hangs = [
        ("waits", "for (;;) pause();"),
        // Whoever closes its output has not ended.
        ("closes", "close(1); close(2); for (;;) pause();"),
        ("talks", "for (;;) puts(\"still here\");"),
        // What it left behind holds the output.
        ("leaves", "if (fork()) _exit(0); sleep(20); _exit(0);"),
    ];
    for (name, what) in hangs {
        let file = c_plugin(
            dir.path(),
            name,
            &format!(
                "#include <unistd.h>\n#include <stdio.h>\n\
                 __attribute__((constructor)) static void at_opening(void) {{ {what} }}"
            ),
        );
        let loader = Loader {
            dir: None,
            program: env!("CARGO_BIN_EXE_node").into(),
            pins: Vec::new(),
            trial: Duration::from_millis(500),
        };
        let started = Instant::now();
        let Err(error) = loader.look(&dir.path().join(file)) else {
            panic!("{name} fits");
        };
        let error = error.to_string();
        match name {
            "leaves" => assert!(error.contains("ended with 0 and no answer"), "{error}"),
            _ => assert!(
                error.contains("found that it takes more than 0.5 s"),
                "{error}"
            ),
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{name}");
    }
}

#[test]
fn a_library_that_does_not_do_what_the_abi_says() {
    let dir = tempdir().unwrap();
    let dir = dir.path();
    let about = |text: &str| format!("#define ABOUT \"{}\"", text.replace('"', "\\\""));
    let named = |name: &str| {
        format!(r#"{{"name":"{name}","version":"1","rules_version":1,"hooks":["reward"]}}"#)
    };
    for (name, definitions) in [
        ("no_table", "#define ENTER return 0;".to_owned()),
        ("short", "#define SIZE 16".to_owned()),
        (
            "nothing_made",
            "#define CREATE return PLUGCOIN_OK;".to_owned(),
        ),
        (
            "no_create",
            "#define CREATE *instance = (void *)ABOUT; return PLUGCOIN_UNKNOWN;".to_owned(),
        ),
        ("odd_code", "#define CREATE return 77;".to_owned()),
        ("mute", "#define CREATE return PLUGCOIN_FAULT;".to_owned()),
        ("no_json", about("Rewards!")),
        ("no_plugins", about("[]")),
        ("odd_name", about(&format!("[{}]", named("../x")))),
        (
            "twins",
            about(&format!("[{},{}]", named("twin"), named("twin"))),
        ),
        (
            "no_hooks",
            about(&format!("[{}]", named("idle").replace("\"reward\"", ""))),
        ),
        (
            "odd_hook",
            about(&format!(
                "[{}]",
                named("odd").replace("\"reward\"", "\"weather\"")
            )),
        ),
    ] {
        c_plugin(dir, name, &definitions);
    }
    let files = [
        "no_table",
        "short",
        "nothing_made",
        "no_create",
        "odd_code",
        "mute",
        "no_json",
        "no_plugins",
        "odd_name",
        "twins",
        "no_hooks",
        "odd_hook",
    ];
    let said = files.map(|file| refusal(dir, &format!("--plugin ./{file}.so")));
    assert_snapshot!(said.concat());
}

#[test]
fn a_plugin_that_is_not_made() {
    let dir = tempdir().unwrap();
    let dir = dir.path();
    fs::copy(library("several"), dir.join("several.so")).unwrap();
    let said = ["refuses", "panics", "half"].map(|start| {
        let args = format!("--plugin ./several.so --set two-rules.start={start}");
        refusal(dir, &args)
    });
    let options = [
        "--set two-rules.coins=many",
        "--set two-rules.beginning=well",
    ];
    let options = options.map(|set| refusal(dir, &format!("--plugin ./several.so {set}")));
    let other = refusal(dir, "--plugin ./several.so:three-rules");
    assert_snapshot!(said.concat() + &options.concat() + &other);
}

#[test]
fn a_plugin_that_is_not_wanted_need_not_start() {
    let dir = tempdir().unwrap();
    let about = ["one", "needy"].map(|name| {
        let about = r#"{"name":"NAME","version":"1","rules_version":1,"hooks":["reward"]}"#;
        about.replace("NAME", name).replace('"', "\\\"")
    });
    // A set-up begins with the plugin's name.
    let definitions = format!(
        "#define ABOUT \"[{}]\"\n#define CREATE *instance = (void *)ABOUT; \\\n\
         return memcmp(setup + 11, \"needy\", 5) ? PLUGCOIN_OK : PLUGCOIN_FAULT;",
        about.join(",")
    );
    let file = c_plugin(dir.path(), "two", &definitions);
    Running::start(dir.path(), &format!("--port 0 --plugin ./{file}:one"));
    let said = refusal(dir.path(), &format!("--plugin ./{file}:needy"));
    assert!(
        said.contains("the plugin needy of ./two.so can't start"),
        "{said}"
    );
    let loader = Loader {
        dir: None,
        program: env!("CARGO_BIN_EXE_node").into(),
        pins: Vec::new(),
        trial: Loader::TRIAL,
    };
    assert_eq!(loader.look(&dir.path().join(file)).unwrap().len(), 2);
}

#[test]
fn two_libraries_of_one_plugin() {
    let (dir, bytes) = good();
    write(dir.path(), "one.so", &bytes);
    // Behind the sections nobody looks.
    write(dir.path(), "other.so", [&*bytes, &b"other"[..]].concat());
    let said = refusal(dir.path(), "--plugin ./one.so --plugin ./other.so");
    assert_snapshot!(said);
}

#[test]
fn one_library_under_two_names() {
    let (dir, bytes) = good();
    write(dir.path(), "one.so", &bytes);
    write(dir.path(), "other.so", &bytes);
    let said = refusal(dir.path(), "--plugin ./one.so --plugin ./other.so");
    assert!(
        said.contains("./one.so and ./other.so are the same library"),
        "{said}"
    );
    // A link is another name of one file, and not another file.
    symlink("one.so", dir.path().join("link.so")).unwrap();
    let both = "--port 0 --plugin ./one.so:even-harder@7 --plugin ./link.so:even-harder";
    let running = Running::start(dir.path(), both);
    assert_eq!(digest(&running).len(), 64);
}

#[test]
fn whose_it_is() {
    let (dir, bytes) = good();
    let dir = dir.path();
    write(dir, "even.so", &bytes);
    if std::os::unix::fs::chown(dir.join("even.so"), Some(12_345), None).is_err() {
        eprintln!("only root can give a file away: not tested");
        return;
    }
    let log = Running::start(dir, "--port 0 --plugin ./even.so").log();
    let words = "./even.so belongs to another user (uid 12345)";
    assert!(log.contains(words), "{log}");
}

#[test]
fn who_may_write_it() {
    let (dir, bytes) = good();
    let dir = dir.path();
    write(dir, "even.so", &bytes);
    mode(dir, "even.so", 0o757);
    assert_snapshot!(refusals(dir, &["even.so"]));
    mode(dir, "even.so", 0o775);
    let running = Running::start(dir, "--port 0 --plugin ./even.so");
    let log = running.log();
    assert!(log.contains("./even.so is writable by its group"), "{log}");
    mode(dir, "even.so", 0o755);
    let log = Running::start(dir, "--port 0 --plugin ./even.so").log();
    assert!(!log.contains("writable"), "{log}");
}

#[test]
fn a_digest_pins_a_file() {
    let (dir, bytes) = good();
    let dir = dir.path();
    write(dir, "libeven_harder.so", &bytes);
    let digest = digest(&Running::start(
        dir,
        "--port 0 --plugin ./libeven_harder.so",
    ));
    let wrong = "0".repeat(64);
    for name in ["even-harder", "./libeven_harder.so"] {
        let plugin = format!("--plugin-dir . --plugin {name}");
        Running::start(
            dir,
            &format!("--port 0 {plugin} --plugin-digest {name}={digest}"),
        );
        let said = refusal(dir, &format!("{plugin} --plugin-digest {name}={wrong}"));
        assert!(said.contains(&digest) && said.contains(&wrong), "{said}");
        assert!(
            said.contains("libeven_harder.so can't be loaded: expected"),
            "{said}"
        );
    }
    let twice = format!("--plugin-digest even-harder={digest} --plugin-digest even-harder={wrong}");
    let twice = refusal(dir, &format!("--plugin ./libeven_harder.so {twice}"));
    assert!(
        twice.contains("two digests are given for even-harder"),
        "{twice}"
    );
    // The plugin's name, where the file is called otherwise, and the file's.
    write(dir, "x.so", &bytes);
    for good in [
        format!("--plugin ./x.so:even-harder --plugin-digest even-harder={digest}"),
        format!("--plugin ./x.so:even-harder --plugin-digest ./x.so={digest}"),
    ] {
        Running::start(dir, &format!("--port 0 {good}"));
    }
    let other = format!("--plugin ./x.so:even-harder --plugin-digest even-harder={wrong}");
    let spoiled = refusal(dir, &other);
    assert!(spoiled.contains("pinned to"), "{spoiled}");
    // All of a file, of which nobody knows yet what it holds.
    let late = format!("--plugin ./x.so --plugin-digest even-harder={digest}");
    assert_snapshot!("digest_of_a_name_unknown", refusal(dir, &late));
    let idle = refusal(dir, &format!("--plugin-digest even-harder={digest}"));
    let compiled_in = refusal(
        dir,
        &format!("--plugin ghost --plugin-digest ghost={digest}"),
    );
    assert_snapshot!(idle + &compiled_in);
}

#[test]
fn a_file_that_changes_while_the_node_runs() {
    let (dir, bytes) = good();
    let dir = dir.path();
    write(dir, "even.so", &bytes);
    let running = Running::start(dir, "--port 0 --plugin ./even.so --mine --mine-interval 0s");
    let before = digest(&running);
    // In place: whoever had it mapped would be ended by a signal. Then another file of that name.
    fs::write(dir.join("even.so"), "gone").unwrap();
    write(dir, "new.so", "new");
    fs::rename(dir.join("new.so"), dir.join("even.so")).unwrap();
    let height = running.status()["height"].as_u64().unwrap();
    running.wait("further blocks", |status| {
        status["height"].as_u64().unwrap() > height + 2
    });
    assert_eq!(digest(&running), before);
}

#[test]
fn thirty_damaged_files_end_no_node() {
    let (dir, bytes) = good();
    let mut loaded = 0;
    for seed in 0..30 {
        // Every other time among what the system reads to load it.
        let within = [bytes.len(), 64 << 10][usize::try_from(seed).unwrap() % 2];
        let changes = 1 << (seed / 2 % 10);
        let file = write(dir.path(), "x.so", damaged(&bytes, seed, changes, within));
        match Running::try_start(dir.path(), &format!("--port 0 --plugin ./{file}")) {
            Ok(_) => loaded += 1,
            Err((code, log)) => {
                // What is damaged too little to be refused may still fail when it is used.
                let clean = [ExitCode::Configuration, ExitCode::Plugin].map(|code| code as i32);
                assert!(clean.contains(&code), "seed {seed}, exit {code}: {log}");
                assert!(log.starts_with("error: "), "seed {seed}: {log}");
            }
        }
    }
    assert!((1..30).contains(&loaded), "{loaded} of them were loaded");
}
