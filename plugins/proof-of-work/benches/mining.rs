//! Nonces tried a second: each kernel of the machine beside a naive loop, which formats the text and
//! hashes it for every try, and beside sha2 with what precedes the nonce hashed once.
//!
//! * The table of ratios comes first: all measured in turn in one run, medians of many rounds, so that
//!   a noisy machine bears on all alike. Criterion's figures follow.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use plugcoin_sdk::hooks::{Consensus, Seal, Slice};
use plugcoin_sdk::ledger::{
    Amount, Draft, Hash, Payment, Seed, Sum, Target, Timestamp, Transaction, U256, genesis,
};
use proof_of_work::{Kernel, ProofOfWork};
use sha2::{Digest, Sha256};

/// A target that no hash meets, so that every try of a slice is made.
const NEVER: Target = Target(U256::ZERO);

/// The tries of a slice.
const ATTEMPTS: u64 = 4_096;

const ROUNDS: usize = 25;

/// A way to make so many tries.
type Way = (String, Box<dyn Fn(&Draft, u64)>);

/// A block of so many transactions, the reward with them, with keys and signatures of usual length.
fn draft(transactions: usize) -> Draft {
    let key = |n: usize| format!("{n:064x}");
    let timestamp = |n: usize| Timestamp::from_us(1_589_447_950_338_111 + n as i64);
    let pay = |n: usize| {
        let sum = Sum::parse("0.5").expect("a sum");
        let payment = Payment::new(&key(n), &key(n + 1), sum, timestamp(n)).expect("a payment");
        payment.signed(&format!("{n:0128x}")).expect("a signature")
    };
    let mut all: Vec<Transaction> = (1..transactions).map(pay).collect();
    let reward = Transaction::reward(&key(0), Amount::from_coins(1), timestamp(0));
    all.push(reward.expect("a reward"));
    let seed = Seed {
        nr: 1_000,
        previous_hash: Some(genesis().hash()),
        timestamp: timestamp(0),
        creator: key(0),
        merkle_root: Hash::default(),
    };
    Draft::new(seed, all).expect("a draft")
}

fn naive(draft: &Draft, attempts: u64) {
    let target = NEVER.0.to_be_bytes::<32>();
    for n in 0..attempts {
        let text = format!("{}{n:020}{}", draft.before(), draft.after());
        let hash: [u8; 32] = Sha256::digest(text).into();
        assert!(black_box(hash) > target);
    }
}

fn midstate(draft: &Draft, attempts: u64) {
    let target = NEVER.0.to_be_bytes::<32>();
    let before = Sha256::new_with_prefix(draft.before());
    let mut nonce = [b'0'; 20];
    for n in 0..attempts {
        // The counter's bytes will do: what they are costs nothing here.
        nonce[..8].copy_from_slice(&n.to_be_bytes());
        let mut hasher = before.clone();
        hasher.update(nonce);
        hasher.update(draft.after());
        let hash: [u8; 32] = hasher.finalize().into();
        assert!(black_box(hash) > target);
    }
}

/// The ways that this machine has, the two to compare with first.
fn ways() -> Vec<Way> {
    let mut ways: Vec<Way> = vec![
        ("naive".into(), Box::new(naive)),
        ("midstate".into(), Box::new(midstate)),
    ];
    for kernel in Kernel::ALL {
        let Ok(consensus) = ProofOfWork::with_kernel(kernel) else {
            println!("skipped: this machine has no kernel {kernel}");
            continue;
        };
        let seal = move |draft: &Draft, attempts| {
            let slice = Slice {
                start: 0,
                attempts,
                now_us: 0,
            };
            let sealed = consensus.seal(draft, genesis().header(), &NEVER, slice);
            assert_eq!(sealed.expect("it seals"), Seal::Exhausted);
        };
        ways.push((kernel.to_string(), Box::new(seal)));
    }
    ways
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratios(ways: &[Way], transactions: usize) {
    let draft = draft(transactions);
    // Some milliseconds each, so that no round is one interruption of the machine.
    let least = Duration::from_millis(8);
    let attempts = if transactions < 10 {
        ATTEMPTS
    } else {
        ATTEMPTS / 8
    };
    let rate = |(_, way): &Way| {
        let (begin, mut tries) = (Instant::now(), 0);
        while begin.elapsed() < least {
            way(&draft, attempts);
            tries += attempts;
        }
        tries as f64 / begin.elapsed().as_secs_f64()
    };
    let rounds: Vec<Vec<f64>> = (0..ROUNDS)
        .map(|_| ways.iter().map(rate).collect())
        .collect();
    for (n, (name, _)) in ways.iter().enumerate() {
        let over =
            |base: usize| median(rounds.iter().map(|rates| rates[n] / rates[base]).collect());
        println!(
            "T = {transactions:3}  {name:13} {:8.0} k/s  {:5.2} x naive  {:5.2} x midstate",
            median(rounds.iter().map(|rates| rates[n]).collect()) / 1e3,
            over(0),
            over(1),
        );
    }
}

fn main() {
    let begin = Instant::now();
    let fastest = Kernel::fastest();
    println!(
        "auto takes {fastest}, by a measurement of {:?}",
        begin.elapsed()
    );
    let ways = ways();
    for transactions in [1, 3, 100] {
        ratios(&ways, transactions);
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for transactions in [1, 3, 100] {
        let draft = draft(transactions);
        let mut group = criterion.benchmark_group(format!("mining/{transactions}"));
        group.throughput(Throughput::Elements(ATTEMPTS));
        for (name, way) in &ways {
            group.bench_function(name, |b| b.iter(|| way(&draft, ATTEMPTS)));
        }
        group.finish();
    }
    criterion.final_summary();
}
