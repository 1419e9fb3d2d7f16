//! `node plugins new`: what it writes for every hook builds, keeps the laws, and loads.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use insta::assert_snapshot;
use plugcoin_sdk::hooks::HookKind;
use program::{libraries, node};
use tempfile::tempdir;

/// All files beneath a folder, sorted, as paths from there.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(dir).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_hooks_crate_builds_and_keeps_the_laws_and_loads() {
    let dir = tempdir().unwrap();
    let mut members = Vec::new();
    for hook in HookKind::ALL {
        // The hardest name there is for a hook: its own.
        let made = node(dir.path(), &format!("plugins new {hook} --hook {hook}"));
        assert_eq!(made.code, 0, "{}", made.text());
        // One workspace for all of them builds the SDK once.
        let manifest = dir.path().join(hook.name()).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(manifest, text.replace("\n[workspace]\n", "")).unwrap();
        members.push(hook.name());
    }
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
    fs::write(dir.path().join("Cargo.toml"), workspace).unwrap();
    let mut format = libraries::outside(dir.path(), "fmt");
    let format = format.args(["--all", "--check"]).output().unwrap();
    let differs = String::from_utf8_lossy(&format.stdout);
    assert!(format.status.success(), "{differs}");
    let built = libraries::built(libraries::outside(dir.path(), "build").arg("--workspace"));
    assert_eq!(built.len(), HookKind::ALL.len());
    let mut tests = libraries::outside(dir.path(), "test");
    let tests = tests.arg("--workspace").output().unwrap();
    let printed = String::from_utf8_lossy(&tests.stdout);
    assert!(tests.status.success(), "{printed}");
    let kept = printed
        .matches("it_keeps_the_laws_of_its_hook ... ok")
        .count();
    assert_eq!(kept, HookKind::ALL.len(), "{printed}");
    for (name, library) in built {
        let plugin = library.display();
        let listed = node(dir.path(), &format!("plugins list --plugin {plugin}"));
        assert!(
            listed.out.contains(&format!("\n{name} ")),
            "{}",
            listed.text()
        );
    }
}

#[test]
fn it_writes_a_crate() {
    let dir = tempdir().unwrap();
    let made = node(
        dir.path(),
        "plugins new my-rule --hook difficulty --sdk 0.1.0",
    );
    assert_snapshot!("new", made.text());
    let of_crate = dir.path().join("my-rule");
    let mut all = String::new();
    for file in files(dir.path()) {
        let text = fs::read_to_string(dir.path().join(&file)).unwrap();
        all += &format!("=== {file}\n{text}\n");
    }
    assert_snapshot!("new_files", all);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
    let usual = dir.path().join("usual");
    fs::create_dir(&usual).unwrap();
    assert_eq!(mode(&of_crate), mode(&usual));
}

#[test]
fn what_it_refuses_leaves_nothing_behind() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("taken"), "").unwrap();
    for (name, args) in [
        ("new_no_name", "My_Rule --hook reward"),
        ("new_keyword", "fn --hook reward"),
        ("new_compiled_in", "zeros --hook difficulty"),
        ("new_no_hook", "my-rule --hook dificulty"),
        ("new_without_hook", "my-rule"),
        ("new_there", "taken --hook reward"),
        ("new_no_folder", "my-rule --hook reward --dir gone"),
        ("new_no_sdk", "my-rule --hook reward --sdk gone"),
    ] {
        let refused = node(dir.path(), &format!("plugins new {args}"));
        assert_snapshot!(name, refused.text());
        assert_eq!(files(dir.path()), ["taken"], "{name}");
    }
}

#[test]
fn where_nothing_can_be_written_nothing_is() {
    let dir = tempdir().unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    // Whoever may write everywhere can't be refused.
    if fs::write(closed.join("x"), "").is_ok() {
        return;
    }
    let refused = node(dir.path(), "plugins new my-rule --hook reward --dir closed");
    assert_eq!(refused.code, 1, "{}", refused.text());
    assert!(refused.err.contains("can't be written"), "{}", refused.err);
}
