//! Plugins' libraries: built by the tests themselves, and spoiled.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use plugcoin_sdk::abi::{ENTRY, NOTE_NAME};
use serde_json::Value;

/// What is built for the tests; together, so that the crates beneath are built once.
const PACKAGES: [&str; 9] = [
    "brittle",
    "even-harder",
    "halving",
    "memory",
    "offline",
    "plugcoin-redb",
    "random-subset",
    "several",
    "zeros",
];

/// One of these libraries, by the name of its plugin's folder, in the profile of the tests.
pub(crate) fn library(folder: &str) -> &'static Path {
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    &BUILT.get_or_init(build)[folder]
}

fn build() -> BTreeMap<String, PathBuf> {
    in_workspace(PACKAGES, &[])
}

/// The libraries of packages of this workspace, in the profile of the tests, with further arguments of
/// cargo's.
///
/// In a folder of their own: what cargo builds for them beneath other features would overwrite what the
/// tests are linked with, and everything above it would be built anew each time.
pub(crate) fn in_workspace(
    packages: impl IntoIterator<Item = impl AsRef<str>>,
    more: &[&str],
) -> BTreeMap<String, PathBuf> {
    let node = Path::new(env!("CARGO_BIN_EXE_node"));
    let folder = node.parent().unwrap();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        profile => profile,
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--lib", "--locked", "--offline"])
        .args(["--profile", profile])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("libraries"))
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for package in packages {
        cargo.args(["-p", package.as_ref()]);
    }
    built(&mut cargo)
}

/// The root of this workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Where crates are built that are no part of this workspace: each thing beneath them once.
pub(crate) fn outside_target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside")
}

/// What cargo is told where crates are built that are no part of this workspace: to be quick, and to
/// take what this one was made of.
pub(crate) const OUTSIDE: [(&str, &str); 3] = [
    ("CARGO_NET_OFFLINE", "true"),
    ("CARGO_PROFILE_DEV_DEBUG", "0"),
    ("CARGO_INCREMENTAL", "0"),
];

/// Cargo in a folder that is no part of this workspace, with the same versions beneath.
pub(crate) fn outside(dir: &Path, command: &str) -> Command {
    std::fs::copy(workspace().join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .arg(command)
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", outside_target_dir())
        .envs(OUTSIDE);
    cargo
}

/// Has cargo build libraries, without any warning; their paths by the names of their plugins.
pub(crate) fn built(cargo: &mut Command) -> BTreeMap<String, PathBuf> {
    let output = cargo.arg("--message-format=json").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let messages = String::from_utf8(output.stdout).unwrap();
    let of_message = |message: &str| {
        let message: Value = serde_json::from_str(message).ok()?;
        assert_ne!(message["message"]["level"], "warning", "{message}");
        let files = message["filenames"].as_array()?;
        let file = files.iter().filter_map(Value::as_str).map(PathBuf::from);
        let library = { file }.find(|file| file.extension().is_some_and(|end| end == "so"))?;
        let kinds = message["target"]["crate_types"].as_array()?;
        let package = message["target"]["name"].as_str()?.replace('_', "-");
        kinds
            .contains(&"cdylib".into())
            .then_some((package, library))
    };
    messages.lines().filter_map(of_message).collect()
}

/// A library made from C in this folder: its file's name.
pub(crate) fn c_library(dir: &Path, name: &str, source: &str) -> String {
    let file = dir.join(format!("{name}.c"));
    std::fs::write(&file, source).unwrap();
    compile(&file, &dir.join(format!("{name}.so")));
    format!("{name}.so")
}

/// Compiles a C file into a library.
pub(crate) fn compile(source: &Path, library: &Path) {
    let output = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1"])
        .args(["-shared", "-fPIC", "-fvisibility=hidden", "-I"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/include"))
        .arg("-o")
        .args([library, source])
        .output()
        .unwrap_or_else(|error| {
            panic!("this test needs a C compiler, `cc` (gcc will do): {error}")
        });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// Writes a file that only its owner may write; its name.
pub(crate) fn write(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    std::fs::write(dir.join(name), bytes).unwrap();
    mode(dir, name, 0o755);
    name.to_owned()
}

/// Says who may do what with a file.
pub(crate) fn mode(dir: &Path, name: &str, mode: u32) {
    std::fs::set_permissions(dir.join(name), Permissions::from_mode(mode)).unwrap();
}

/// Puts other bytes in the place of these, wherever they are.
pub(crate) fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    let mut found = 0;
    let mut at = 0;
    while let Some(further) = find(&bytes[at..], old) {
        at += further;
        bytes[at..at + new.len()].copy_from_slice(new);
        found += 1;
    }
    assert_ne!(found, 0, "it is there to be replaced");
    bytes
}

/// The library with the entry function under another name.
pub(crate) fn without_entry(bytes: &[u8]) -> Vec<u8> {
    let named = |name: &str| format!("\0{name}\0").into_bytes();
    replaced(
        bytes,
        &named(ENTRY),
        &named(&ENTRY.replace("plugin", "nothin")),
    )
}

/// The library with another owner of the note.
pub(crate) fn without_note(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    // The name is padded with zeros to a multiple of four.
    let at = note(&bytes) - 12;
    bytes[at] = b'X';
    bytes
}

/// The library with other words in its note: 0 major, 1 minor, 2 flags.
pub(crate) fn with_word(bytes: &[u8], word: usize, value: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = note(&bytes) + 4 * word;
    bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    bytes
}

/// Where the note's descriptor begins.
fn note(bytes: &[u8]) -> usize {
    let name_bytes = u32::try_from(NOTE_NAME.len() + 1).unwrap();
    let mut head: Vec<u8> = [name_bytes, 16, 1]
        .iter()
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    head.extend(NOTE_NAME.as_bytes());
    head.resize(24, 0);
    find(bytes, &head).unwrap() + head.len()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(wanted.len());
    windows.position(|window| window == wanted)
}

/// The library with so many of its first bytes changed, by a seed.
pub(crate) fn damaged(bytes: &[u8], seed: u64, changes: usize, within: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut state = seed;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 1).unwrap()
    };
    let within = within.min(bytes.len());
    for _ in 0..changes {
        let at = next() % within;
        let change = next() % 255 + 1;
        bytes[at] ^= change.to_le_bytes()[0];
    }
    bytes
}
