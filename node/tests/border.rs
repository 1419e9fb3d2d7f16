//! Every plugin of the program keeps the laws of its hooks beyond the border, too: the program is
//! entered as a library is, by its C functions.

#![allow(clippy::unwrap_used, unsafe_code, reason = "a test, of the border")]

use std::ffi::c_void;

use plugcoin_node as _;
use plugcoin_sdk::abi::Library;
use plugcoin_sdk::hooks::HookKind;
use plugcoin_sdk::log;
use plugcoin_sdk::plugin::{About, Provided, Setup, compiled_in};
use plugcoin_testkit::suite;
use serde_json::json;
use tempfile::TempDir;

unsafe extern "C" {
    /// The entry that the SDK exports.
    fn plugcoin_plugin(host: *const c_void) -> *const c_void;
}

fn library() -> Library {
    // Here both sides are one program: without a sink of its own a line would go round in a circle.
    log::set_sink(|_, _, _| {});
    let hook = std::panic::take_hook();
    let entry = plugcoin_plugin as unsafe extern "C" fn(_) -> _;
    // SAFETY: it is the entry function of this version, and a program is never closed.
    let library = unsafe { Library::enter(entry as *const c_void) }.unwrap();
    std::panic::set_hook(hook);
    library
}

fn setup(about: &About, dir: &TempDir) -> Setup {
    // It has no default: somebody has to make the blocks.
    let keys = ("keys".to_owned(), json!(plugcoin_testkit::fixtures::MINER));
    Setup {
        values: { [keys].into_iter() }
            .filter(|_| about.name == "authority")
            .collect(),
        plugin: about.name.clone(),
        data_dir: Some(dir.path().to_owned()),
        port: 1,
    }
}

/// Those plugins of the program that provide this hook, beyond the border.
fn all(kind: HookKind, dir: &TempDir) -> Vec<(String, Provided)> {
    let library = library();
    let plugins = library.about().unwrap().into_iter();
    let of_kind: Vec<_> = plugins
        .filter(|about| about.hooks.contains(&kind))
        .map(|about| {
            let provided = library.create(&setup(&about, dir), &about).unwrap();
            (about.name, provided)
        })
        .collect();
    assert!(!of_kind.is_empty(), "no plugin for {kind}");
    of_kind
}

#[test]
fn it_is_said_of_them_what_they_say_themselves() {
    let here: Vec<About> = compiled_in().iter().map(|plugin| plugin.about()).collect();
    let (library, dir) = (library(), TempDir::new().unwrap());
    assert_eq!(library.about().unwrap(), here);
    for (about, registration) in here.iter().zip(compiled_in()) {
        let setup = setup(about, &dir);
        let resolved = library.resolve(&setup).unwrap();
        assert_eq!(resolved, (registration.resolve)(&setup).unwrap());
        // One after the other: a file may be locked.
        let made = library.create(&setup, about).unwrap().kinds();
        assert_eq!(made, (registration.create)(&setup).unwrap().kinds());
    }
}

/// The suite of one hook, over all plugins of it.
macro_rules! kept {
    ($($hook:ident $kind:ident),+ $(,)?) => {
        $(#[test]
        fn $hook() {
            let dir = TempDir::new().unwrap();
            for (name, provided) in all(HookKind::$kind, &dir) {
                // Shown if it fails.
                println!("{name}");
                suite::$hook::check(&*provided.$hook.unwrap());
            }
        })+
    };
}

kept! {
    consensus Consensus,
    signer Signer,
    gossip Gossip,
    difficulty Difficulty,
    fork_choice ForkChoice,
    reward Reward,
    merkle Merkle,
    mempool Mempool,
    validity Validity,
    observer Observer,
}

#[test]
fn storage() {
    suite::storage::check(&|| {
        let (library, dir) = (library(), TempDir::new().unwrap());
        let about = library.about().unwrap();
        let journal = { about.into_iter() }.find(|about| about.name == "journal");
        let journal = journal.unwrap();
        Box::new(move || {
            let made = library.create(&setup(&journal, &dir), &journal);
            made.unwrap().storage.unwrap()
        })
    });
}
