//! What a call of a hook costs: directly, through a trait object, through the node's guard, and
//! through the border of a library.
//!
//! * The border is crossed within one process: the same code, the same messages and the same table
//!   of functions as those of a library that was opened.
//! * docs/benchmarks.md has the figures as ratios.

#![allow(unsafe_code, reason = "the border's entry function")]
#![allow(clippy::expect_used, reason = "a bench")]
#![allow(missing_docs, reason = "what criterion's macros make")]

use std::ffi::c_void;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use plugcoin_host::{PluginRequest, resolve};
use plugcoin_sdk::abi::Library;
use plugcoin_sdk::hooks::{Consensus, Difficulty};
use plugcoin_sdk::ledger::Target;
use plugcoin_sdk::plugin::{Hooks, Provided, Setup};
use plugcoin_testkit::fixtures;
use proof_of_work::ProofOfWork;
use zeros::Zeros;

#[path = "../tests/plugins/mod.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod plugins;

use plugins::DEFAULTS;

unsafe extern "C" {
    fn plugcoin_plugin(host: *const c_void) -> *const c_void;
}

/// A plugin on the other side of the border.
fn loaded(name: &str) -> Provided {
    let entry = plugcoin_plugin as unsafe extern "C" fn(*const c_void) -> *const c_void;
    // SAFETY: it is the entry function of this very program, built with the same SDK.
    let library = unsafe { Library::enter(entry as *const c_void) };
    let library = library.expect("the library can be entered");
    let setup = Setup {
        plugin: name.to_owned(),
        ..Setup::default()
    };
    let about = library.about().expect("the library tells of its plugins");
    let about = about.iter().find(|about| about.name == name);
    library
        .create(&setup, about.expect("the plugin is there"))
        .expect("the plugin can be made")
}

/// The hooks as a node has them.
fn guarded() -> Hooks {
    let request = PluginRequest {
        plugins: ["proof-of-work", "zeros"]
            .map(|name| name.parse().expect("a name"))
            .to_vec(),
        ..PluginRequest::default()
    };
    resolve(&request, &DEFAULTS)
        .expect("the defaults fit")
        .hooks
}

/// The verdict on a header's seal.
fn check_seal(c: &mut Criterion) {
    let block = &fixtures::chain(1)[0];
    let target = Target::MAX;
    let ask = |consensus: &dyn Consensus| {
        // Without the parent, which proof-of-work does not look at and is not given.
        consensus.check_seal(black_box(block.header()), black_box(None), &target)
    };
    let mut group = c.benchmark_group("check_seal");
    let direct = ProofOfWork::default();
    group.bench_function("direct", |b| {
        b.iter(|| direct.check_seal(black_box(block.header()), black_box(None), &target));
    });
    let object: Box<dyn Consensus> = black_box(Box::new(ProofOfWork::default()));
    group.bench_function("trait object", |b| b.iter(|| ask(&*object)));
    let guarded = guarded().consensus.at(1).hook.clone();
    group.bench_function("guarded", |b| b.iter(|| ask(&*guarded)));
    let loaded = loaded("proof-of-work").consensus.expect("a consensus");
    group.bench_function("loaded", |b| b.iter(|| ask(&*loaded)));
    group.finish();
}

/// The target of the next block, which needs no ancestors here.
fn target(c: &mut Criterion) {
    let mut group = c.benchmark_group("target");
    let direct = Zeros::new(4);
    group.bench_function("direct", |b| b.iter(|| direct.target(black_box(7), &[])));
    let object: Box<dyn Difficulty> = black_box(Box::new(Zeros::new(4)));
    group.bench_function("trait object", |b| {
        b.iter(|| object.target(black_box(7), &[]));
    });
    let guarded = guarded().difficulty.at(1).hook.clone();
    group.bench_function("guarded", |b| {
        b.iter(|| guarded.target(black_box(7), &[]));
    });
    let loaded = loaded("zeros").difficulty.expect("a difficulty");
    group.bench_function("loaded", |b| {
        b.iter(|| loaded.target(black_box(7), &[]));
    });
    group.finish();
}

criterion_group!(hooks, check_seal, target);
criterion_main!(hooks);
