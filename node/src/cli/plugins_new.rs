//! `node plugins new`: writes the crate of a plugin, which builds, keeps the laws of its hook and
//! loads as it is.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use plugcoin_host::Registry;
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::{Error, ErrorKind};

use super::output;
use super::{ExitCode, Failure};

/// What the templates call the plugin, its crate and its type.
const NAME: &str = "my-rule";
const CRATE: &str = "my_rule";
const TYPE: &str = "MyRule";

/// As long a name as the loader takes.
const NAME_BYTES_MAX: usize = 64;

/// Names that Rust or the plugin's own crate needs for something else.
const TAKEN: [&str; 10] = [
    "alloc",
    "core",
    "plugcoin-sdk",
    "plugcoin-testkit",
    "proc-macro",
    "std",
    "test",
    "build",
    "deps",
    "examples",
];

/// The words of the language, as far as a name can be one.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// What every source file knows without being told, and a type can't be called.
const PRELUDE: [&str; 12] = [
    "Box", "Default", "Err", "None", "Ok", "Option", "Result", "Self", "Send", "Some", "String",
    "Vec",
];

/// A name that a plugin can have: of its crate, its library and on the command line.
#[derive(Clone, Debug)]
pub(crate) struct PluginName(String);

impl FromStr for PluginName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !is_name || text.len() > NAME_BYTES_MAX {
            return Err(format!(
                "a plugin's name begins with a letter and has a-z, 0-9 and - alone, \
                 {NAME_BYTES_MAX} at most; write {NAME}, say"
            ));
        }
        if KEYWORDS.contains(&text) || TAKEN.contains(&text) {
            return Err(format!(
                "Rust needs the name {text} for something else; take another"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl PluginName {
    /// The name of its crate in Rust, and of its library.
    fn of_crate(&self) -> String {
        self.0.replace('-', "_")
    }

    /// The name of its type, which no other word of the source has.
    fn of_type(&self, source: &str) -> String {
        let mut name = String::new();
        for part in self.0.split('-') {
            let mut letters = part.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name.push_str(letters.as_str());
        }
        let words = source.split(|c: char| !c.is_ascii_alphanumeric());
        match PRELUDE.contains(&name.as_str())
            || words.filter(|word| *word != TYPE).any(|word| word == name)
        {
            true => name + "Rule",
            false => name,
        }
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the new crate has its SDK from.
#[derive(Clone, Debug)]
pub(crate) enum Sdk {
    /// The folder of its crate.
    Path(PathBuf),
    /// The one that is published under this version.
    Version(String),
}

impl FromStr for Sdk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_version = text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains('/');
        match is_version {
            true => Ok(Self::Version(text.to_owned())),
            false => Self::in_folder(Path::new(text)).ok_or_else(|| {
                format!(
                    "there is no SDK in {text}; name the folder of plugcoin-sdk, or a checkout of \
                     plugcoin, or a version"
                )
            }),
        }
    }
}

impl Sdk {
    /// The one in the checkout that the program was built from, if that is still there; else the one
    /// of the program's version.
    fn own() -> Self {
        Self::in_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")))
            .unwrap_or_else(|| Self::Version(env!("CARGO_PKG_VERSION").to_owned()))
    }

    /// The one in this folder, or in a checkout that the folder is.
    fn in_folder(folder: &Path) -> Option<Self> {
        let is_sdk = |folder: &PathBuf| {
            let manifest = fs::read_to_string(folder.join("Cargo.toml"));
            manifest.is_ok_and(|text| text.contains("name = \"plugcoin-sdk\""))
        };
        let mut folders = [folder.to_owned(), folder.join("sdk")].into_iter();
        let found = folders.find(is_sdk)?.canonicalize().ok()?;
        // A manifest is a text.
        found.to_str()?;
        Some(Self::Path(found))
    }

    /// Whether a crate in this folder belongs to the SDK's own workspace.
    fn takes_in(&self, folder: &Path) -> bool {
        let Self::Path(sdk) = self else { return false };
        let root = sdk.parent();
        let mut members = ["plugins", "examples"].into_iter();
        root.is_some_and(|root| {
            root.join("Cargo.toml").exists() && members.any(|name| root.join(name) == folder)
        })
    }

    /// The SDK, or what lies in it, as a dependency.
    fn dependency(&self, below: &str) -> String {
        match self {
            Self::Path(path) => {
                let path = path.join(below);
                // What JSON makes of a text is one in TOML too.
                let path = serde_json::Value::from(path.to_string_lossy().trim_end_matches('/'));
                format!("{{ path = {path} }}")
            }
            Self::Version(version) => serde_json::Value::from(version.as_str()).to_string(),
        }
    }
}

/// Writes the crate into a folder of its name, all of it or nothing, and says how to go on.
pub(super) fn new(
    name: &PluginName,
    hook: HookKind,
    dir: Option<&Path>,
    sdk: Option<Sdk>,
) -> Result<(), Failure> {
    let crate_dir = dir.unwrap_or(Path::new("")).join(&name.0);
    let dir = dir.unwrap_or(Path::new("."));
    check_free(name, dir, &crate_dir)?;
    let sdk = sdk.unwrap_or_else(Sdk::own);
    let inside = dir.canonicalize().is_ok_and(|dir| sdk.takes_in(&dir));
    write(dir, &crate_dir, &files(name, hook, &sdk, inside)).map_err(|error| {
        Error::new(ErrorKind::Io, "the plugin's crate can't be written")
            .with("folder", crate_dir.display())
            .because(error)
    })?;
    let (folder, library) = (crate_dir.display(), name.of_crate());
    let target = if inside { "../../target" } else { "./target" };
    output::answer(format!(
        "{folder} is the crate of a {hook} plugin, ready to build.\n\n\
         Next:\n  \
           cd {folder}\n  \
           cargo test       checks the laws of its hook\n  \
           cargo build      makes the library\n  \
           node plugins check {target}/debug/lib{library}.so\n  \
           node --plugin {target}/debug/lib{library}.so\n\n\
         The rule is in src/lib.rs."
    ));
    Ok(())
}

/// Checks that nothing else has the name.
fn check_free(name: &PluginName, dir: &Path, crate_dir: &Path) -> Result<(), Failure> {
    let registry = Registry::compiled_in()?;
    if let Some(other) = registry
        .plugins()
        .iter()
        .find(|other| other.name() == name.0)
    {
        let hooks: Vec<&str> = other.about().hooks.iter().map(|hook| hook.name()).collect();
        return Err(Failure::new(
            ExitCode::Configuration,
            format!(
                "there is a plugin {name} for {} in the program already; take another name",
                hooks.join(", ")
            ),
        ));
    }
    if !dir.is_dir() {
        return Err(Failure::new(
            ExitCode::Configuration,
            format!(
                "{} is no folder; make it first, or name another with --dir",
                dir.display()
            ),
        ));
    }
    match crate_dir.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::new(
            ExitCode::Refused,
            format!(
                "{} is there already, and is left as it is; take another name, or another folder \
                 with --dir",
                crate_dir.display()
            ),
        )),
    }
}

/// Writes the files beside their folder, and moves them there as the last step.
fn write(dir: &Path, crate_dir: &Path, files: &[(&str, String)]) -> std::io::Result<()> {
    let aside = tempfile::Builder::new()
        .prefix(".plugins-new-")
        .tempdir_in(dir)?;
    // The folder aside is for nobody else's eyes; the one inside has the usual permissions.
    let made = aside.path().join("crate");
    for (file, text) in files {
        let path = made.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    fs::rename(made, crate_dir)
}

/// All files of the crate, by their paths in it.
fn files(
    name: &PluginName,
    hook: HookKind,
    sdk: &Sdk,
    inside: bool,
) -> Vec<(&'static str, String)> {
    let template = template(hook);
    let renamed = |text: &str| {
        text.replace(NAME, &name.0)
            .replace(CRATE, &name.of_crate())
            .replace(TYPE, &name.of_type(template))
    };
    let about = template.lines().next().unwrap_or_default();
    let about = about.trim_start_matches("//! ");
    let mut files = vec![
        ("Cargo.toml", manifest(name, hook, about, sdk, inside)),
        ("src/lib.rs", renamed(template)),
        ("tests/kit.rs", renamed(&kit(name, hook))),
        ("README.md", readme(name, about, inside)),
    ];
    if !inside {
        files.push((".gitignore", "/target\n".to_owned()));
    }
    files
}

/// A sensible plugin for each hook.
fn template(hook: HookKind) -> &'static str {
    match hook {
        HookKind::Storage => include_str!("../../templates/storage.rs"),
        HookKind::Consensus => include_str!("../../templates/consensus.rs"),
        HookKind::Signer => include_str!("../../templates/signer.rs"),
        HookKind::Gossip => include_str!("../../templates/gossip.rs"),
        HookKind::Transport => include_str!("../../templates/transport.rs"),
        HookKind::Difficulty => include_str!("../../templates/difficulty.rs"),
        HookKind::ForkChoice => include_str!("../../templates/fork-choice.rs"),
        HookKind::Reward => include_str!("../../templates/reward.rs"),
        HookKind::Merkle => include_str!("../../templates/merkle.rs"),
        HookKind::Mempool => include_str!("../../templates/mempool.rs"),
        HookKind::Validity => include_str!("../../templates/validity.rs"),
        HookKind::Observer => include_str!("../../templates/observer.rs"),
    }
}

/// The test that runs the hook's behaviour suite.
fn kit(name: &PluginName, hook: HookKind) -> String {
    let suite = hook.name().replace('-', "_");
    let (std, checked) = match hook {
        HookKind::Storage => (
            "use std::sync::Arc;\n\n",
            "&|| {
        // Nothing outlives the process, so that a place is one storage.
        let storage = Arc::new(MyRule::default());
        Box::new(move || storage.clone())
    }",
        ),
        HookKind::Observer => ("", "&MyRule::default()"),
        _ => ("", "&MyRule"),
    };
    let of_crate = name.of_crate();
    // As rustfmt sorts them.
    let mut uses = [
        (of_crate.as_str(), format!("use {CRATE}::{TYPE};")),
        (
            "plugcoin_testkit",
            "use plugcoin_testkit::suite;".to_owned(),
        ),
    ];
    uses.sort();
    let uses = uses.map(|(_, line)| line).join("\n");
    format!(
        "//! The laws of the hook: what every plugin for it must keep.

{std}{uses}

#[test]
fn it_keeps_the_laws_of_its_hook() {{
    suite::{suite}::check({checked});
}}
"
    )
}

fn manifest(name: &PluginName, hook: HookKind, about: &str, sdk: &Sdk, inside: bool) -> String {
    let fields = [
        "version",
        "edition",
        "rust-version",
        "license",
        "authors",
        "publish",
    ];
    let package = match inside {
        true => fields
            .map(|field| format!("{field}.workspace = true\n"))
            .concat(),
        false => "version = \"0.1.0\"\nedition = \"2024\"\npublish = false\n".to_owned(),
    };
    let dependency = |name: &str, below: &str| match inside {
        true => format!("{name}.workspace = true\n"),
        false => format!("{name} = {}\n", sdk.dependency(below)),
    };
    let macros = match (hook, inside) {
        (HookKind::Transport, true) => "async-trait.workspace = true\n",
        (HookKind::Transport, false) => "async-trait = \"0.1\"\n",
        _ => "",
    };
    let end = match inside {
        true => "[lints]\nworkspace = true\n",
        false => {
            "# It is built on its own, also in the folder of another workspace.\n[workspace]\n"
        }
    };
    let about = about.trim_end_matches('.');
    format!(
        "[package]\nname = \"{name}\"\ndescription = \"{about}\"\n{package}\n\
         # rlib is for tests and for nodes with the plugin compiled in, cdylib is the library to load.\n\
         [lib]\ncrate-type = [\"rlib\", \"cdylib\"]\n\n\
         [dependencies]\n{macros}{}\n\
         [dev-dependencies]\n{}\n{end}",
        dependency("plugcoin-sdk", ""),
        dependency("plugcoin-testkit", "testkit"),
    )
}

fn readme(name: &PluginName, about: &str, inside: bool) -> String {
    let (hook, what) = about.split_once(": ").unwrap_or(("", about));
    let mut letters = what.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let what: String = first.into_iter().chain(letters).collect();
    let library = format!("debug/lib{}.so", name.of_crate());
    let target = if inside { "../../target" } else { "./target" };
    format!(
        "# {name}\n\n**Hook:** {}. {what}\n\nGood for: say here what it is good for.\n\n    \
         cargo test\n    cargo build\n    node plugins check {target}/{library}\n    \
         node --plugin {target}/{library}\n",
        hook.to_lowercase(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PluginName {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_fits_a_crate_a_library_and_a_type() {
        for (text, of_crate, of_type) in [
            ("my-rule", "my_rule", "MyRule"),
            ("her-rule", "her_rule", "HerRule"),
            ("x", "x", "X"),
            ("a1-2b--c-", "a1_2b__c_", "A12bC"),
            ("difficulty", "difficulty", "DifficultyRule"),
            ("option", "option", "OptionRule"),
        ] {
            let template = template(HookKind::Difficulty);
            assert_eq!(name(text).of_crate(), of_crate);
            assert_eq!(name(text).of_type(template), of_type);
        }
        let long = "a".repeat(65);
        for text in [
            "", "1a", "-a", "A", "a_b", "a.b", "../a", "ä", "fn", "test", &long,
        ] {
            assert!(text.parse::<PluginName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_version_and_a_folder_are_told_apart() {
        assert!(matches!("0.1.0".parse(), Ok(Sdk::Version(version)) if version == "0.1.0"));
        assert!("gone".parse::<Sdk>().is_err());
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for folder in [root.to_owned(), format!("{root}/sdk")] {
            match folder.parse() {
                Ok(Sdk::Path(path)) => assert!(path.ends_with("sdk")),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn in_its_own_workspace_a_crate_is_a_member() {
        let sdk = Sdk::own();
        let Sdk::Path(path) = &sdk else {
            panic!("{sdk:?}")
        };
        let root = path.parent().unwrap();
        assert!(sdk.takes_in(&root.join("plugins")) && sdk.takes_in(&root.join("examples")));
        assert!(!sdk.takes_in(root) && !sdk.takes_in(&root.join("node")));
        let manifest = manifest(&name("a"), HookKind::Transport, "About", &sdk, true);
        assert!(manifest.contains("plugcoin-sdk.workspace = true\n"));
        assert!(!manifest.contains("[workspace]") && !manifest.contains("path"));
    }
}
