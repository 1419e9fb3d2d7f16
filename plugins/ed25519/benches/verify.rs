//! Signatures verified a second on one core: batches of several lengths beside single verification, by
//! this plugin and by ed25519-dalek.
//!
//! * The table of ratios comes first: all measured in turn in one run, medians of many rounds.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use ed25519::Ed25519;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use plugcoin_sdk::hooks::{Signed, Signer};

const ROUNDS: usize = 15;

/// The signatures of a round.
const COUNT: usize = 2_048;

/// A key, a text and a signature.
type Case = [String; 3];

/// Signatures over texts of a transaction's length, by so many signers in turn.
fn cases(signers: usize) -> Vec<Case> {
    let pairs: Vec<_> = (0..signers)
        .map(|n| {
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&(n as u64).to_le_bytes());
            Ed25519.generate(&seed).expect("a pair")
        })
        .collect();
    (0..COUNT)
        .map(|n| {
            let pair = &pairs[n % signers];
            let text = format!("{n:0>230}");
            let signature = Ed25519.sign(&pair.secret, &text).expect("it signs");
            [pair.public.clone(), text, signature]
        })
        .collect()
}

fn signed(cases: &[Case]) -> Vec<Signed<'_>> {
    fn of([key, text, signature]: &Case) -> Signed<'_> {
        Signed {
            key,
            text,
            signature,
        }
    }
    cases.iter().map(of).collect()
}

fn in_batches(signed: &[Signed<'_>], length: usize) {
    for batch in signed.chunks(length) {
        let hold = Ed25519.verify_batch(batch).expect("no fault");
        assert!(black_box(hold).iter().all(|holds| *holds));
    }
}

fn alone(signed: &[Signed<'_>]) {
    for one in signed {
        let holds = Ed25519.verify(one.key, one.text, one.signature);
        assert!(black_box(holds.expect("no fault")));
    }
}

/// What a node would do with the single `verify` of ed25519-dalek.
fn dalek(signed: &[Signed<'_>]) {
    for one in signed {
        let (mut key, mut signature) = ([0; 32], [0; 64]);
        const_hex::decode_to_slice(one.key, &mut key).expect("hex");
        const_hex::decode_to_slice(one.signature, &mut signature).expect("hex");
        let key = VerifyingKey::from_bytes(&key).expect("a key");
        let holds = key.verify(one.text.as_bytes(), &Signature::from_bytes(&signature));
        assert!(black_box(holds).is_ok());
    }
}

type Way = (String, Box<dyn Fn(&[Signed<'_>])>);

fn ways() -> Vec<Way> {
    let mut ways: Vec<Way> = vec![
        ("dalek, one by one".into(), Box::new(dalek)),
        ("one by one".into(), Box::new(alone)),
    ];
    for length in [2, 4, 8, 32, 128, 512, 1_024, 2_048] {
        let way = move |signed: &[Signed<'_>]| in_batches(signed, length);
        ways.push((format!("batches of {length}"), Box::new(way)));
    }
    ways
}

fn time(way: &Way, signed: &[Signed<'_>]) -> Duration {
    let start = Instant::now();
    way.1(signed);
    start.elapsed()
}

fn print_ratios() {
    for signers in [1, 64, COUNT] {
        let cases = cases(signers);
        let signed = signed(&cases);
        let ways = ways();
        let mut times = vec![Vec::new(); ways.len()];
        for round in 0..=ROUNDS {
            for (way, times) in ways.iter().zip(&mut times) {
                let took = time(way, &signed);
                // The first round warms up.
                if round > 0 {
                    times.push(took);
                }
            }
        }
        let medians: Vec<f64> = times
            .iter_mut()
            .map(|times| {
                times.sort_unstable();
                times[ROUNDS / 2].as_secs_f64()
            })
            .collect();
        println!("{signers} signers:");
        for ((name, _), median) in ways.iter().zip(&medians) {
            let (per_s, ratio) = (COUNT as f64 / median, medians[0] / median);
            println!("  {name:20} {per_s:9.0} /s  {ratio:5.2} x dalek");
        }
    }
}

fn main() {
    print_ratios();
    let mut criterion = Criterion::default().configure_from_args();
    let cases = cases(64);
    let signed = signed(&cases);
    let mut group = criterion.benchmark_group("verify, 64 signers");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.sample_size(10);
    for (name, way) in ways() {
        group.bench_function(name, |bencher| bencher.iter(|| way(&signed)));
    }
    group.finish();
    criterion.final_summary();
}
