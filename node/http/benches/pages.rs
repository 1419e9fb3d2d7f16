//! What a page of the chain costs the routes: made of texts that are given at once, and lying ready.

#![allow(clippy::expect_used, reason = "a bench")]
#![allow(missing_docs, reason = "what criterion's macros make")]

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use plugcoin_http::{Settings, router};
use plugcoin_sdk::ledger::Hash;
use support::{Double, answer, get};
use tokio::runtime::{Builder, Runtime};

#[path = "../tests/http/support.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "the tests use all of it"
)]
mod support;

/// How many levels a page has.
const LEVELS: usize = 256;

/// The bytes of a block of three transactions.
const BLOCK_BYTES: usize = 1_345;

fn double() -> Arc<Double> {
    let hashes: Vec<Hash> = (0..LEVELS).map(|n| Hash::of(&n.to_string())).collect();
    let text = format!("\"{}\"", "x".repeat(BLOCK_BYTES - 2)).into_bytes();
    Arc::new(Double {
        levels: Ok(Some(hashes.iter().map(|&hash| vec![hash]).collect())),
        texts: hashes
            .into_iter()
            .map(|hash| (hash, Ok(text.clone())))
            .collect(),
        ..Double::default()
    })
}

fn ask(runtime: &Runtime, routes: &Router, path: &str) -> usize {
    runtime.block_on(async {
        let answered = answer(routes, get(path)).await.into_body();
        to_bytes(answered, usize::MAX).await.expect("a page").len()
    })
}

fn pages(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let (double, page) = (double(), format!("/getblocks?nr=0&limit={LEVELS}"));
    let routes = || router(double.clone(), Settings::default());
    let mut group = criterion.benchmark_group(format!("a page of {LEVELS} levels"));
    group.throughput(Throughput::Bytes((LEVELS * BLOCK_BYTES) as u64));
    group.bench_function("read", |bench| {
        bench.iter_batched(
            routes,
            |routes| ask(&runtime, &routes, &page),
            BatchSize::PerIteration,
        );
    });
    let routes = routes();
    // Its runs lie ready after the first time, and all of it after the second.
    let asked = [(); 3].map(|()| ask(&runtime, &routes, &page));
    assert!(asked.iter().all(|bytes| *bytes == asked[0]));
    group.bench_function("lying ready", |bench| {
        bench.iter(|| ask(&runtime, &routes, &page));
    });
    group.finish();
}

criterion_group!(benches, pages);
criterion_main!(benches);
