//! Measures of mining: nonces tried a second by the kernels, and by two threads.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use plugcoin_sdk::hooks::{Consensus as _, Seal, Slice};
use plugcoin_sdk::ledger::{Draft, Target, U256, genesis};
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::fixtures::{START_US, draft};
use proof_of_work::{Kernel, ProofOfWork};
use sha2::{Digest as _, Sha256};

use crate::chain::Chain;
use crate::measure::Outcome;
use crate::rounds::{paired, rate};
use crate::workbench::Workbench;

/// A target that no hash meets, so that every try of a slice is made.
const NEVER: Target = Target(U256::ZERO);

/// The tries of a slice; what a call costs besides must not be seen in them.
const ATTEMPTS: u64 = 2_048;

pub(crate) fn t1_avx512(bench: &Workbench) -> Result<Outcome, Error> {
    with_avx512(bench, 1)
}

pub(crate) fn t3_avx512(bench: &Workbench) -> Result<Outcome, Error> {
    with_avx512(bench, 3)
}

pub(crate) fn t100_avx512(bench: &Workbench) -> Result<Outcome, Error> {
    with_avx512(bench, 100)
}

pub(crate) fn t3_sha_ni(bench: &Workbench) -> Result<Outcome, Error> {
    kernel(bench, Kernel::ShaNi, 3, &MIDSTATE)
}

/// One thread of the fastest kernel against two: each does as much as the one.
pub(crate) fn threads2(bench: &Workbench) -> Result<Outcome, Error> {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Ok(Outcome::NotHere("it has one core".to_owned()));
    }
    let (consensus, draft) = (ProofOfWork::default(), block(3)?);
    let least = 2 * bench.effort.least;
    let rounds = paired(
        bench.effort,
        || at_once(1, least, &consensus, &draft),
        || at_once(2, least, &consensus, &draft),
    )?;
    let figures = format!(
        "{} M/s by two, {} M/s by one",
        millions(rounds.ours),
        millions(rounds.baseline)
    );
    Ok(rounds.told(figures))
}

/// What a kernel is compared with.
struct Baseline {
    name: &'static str,
    tries: fn(&Draft, u64),
}

/// The text is written and hashed for every try.
const NAIVE: Baseline = Baseline {
    name: "naive",
    tries: |draft, attempts| {
        for n in 0..attempts {
            let text = format!("{}{n:020}{}", draft.before(), draft.after());
            judge(Sha256::digest(text).into());
        }
    },
};

/// What precedes the nonce is hashed once.
const MIDSTATE: Baseline = Baseline {
    name: "midstate",
    tries: |draft, attempts| {
        let before = Sha256::new_with_prefix(draft.before());
        for n in 0..attempts {
            // The counter's bytes will do: which they are costs nothing here.
            let mut nonce = [b'0'; 20];
            nonce[..8].copy_from_slice(&n.to_be_bytes());
            let hash = before
                .clone()
                .chain_update(nonce)
                .chain_update(draft.after());
            judge(hash.finalize().into());
        }
    },
};

fn judge(hash: [u8; 32]) {
    black_box(hash <= black_box(NEVER).0.to_be_bytes::<32>());
}

/// The kernel that is the fastest here, on a machine that has AVX-512; the figures name it.
fn with_avx512(bench: &Workbench, transactions: u64) -> Result<Outcome, Error> {
    if !Kernel::Avx512.is_available() {
        return Ok(Outcome::NotHere("its processor has no AVX-512".to_owned()));
    }
    kernel(bench, Kernel::fastest(), transactions, &NAIVE)
}

fn kernel(
    bench: &Workbench,
    kernel: Kernel,
    transactions: u64,
    baseline: &Baseline,
) -> Result<Outcome, Error> {
    if !kernel.is_available() {
        return Ok(Outcome::NotHere(format!(
            "its processor can't run {kernel}"
        )));
    }
    let (consensus, draft) = (ProofOfWork::with_kernel(kernel)?, block(transactions)?);
    let least = bench.effort.least;
    let rounds = paired(
        bench.effort,
        || {
            rate(least, || {
                // About a millisecond, whatever the block's length.
                let attempts = (2_000_000 / draft.block_text_bytes(20) as u64).max(1);
                (baseline.tries)(&draft, attempts);
                Ok(attempts)
            })
        },
        || rate(least, || tries(&consensus, &draft)),
    )?;
    let figures = format!(
        "{kernel} {} M/s, {} {} M/s",
        millions(rounds.ours),
        baseline.name,
        millions(rounds.baseline)
    );
    Ok(rounds.told(figures))
}

/// One slice of tries.
fn tries(consensus: &ProofOfWork, draft: &Draft) -> Result<u64, Error> {
    let slice = Slice {
        start: 0,
        attempts: ATTEMPTS,
        now_us: 0,
    };
    match consensus.seal(draft, genesis().header(), &NEVER, slice)? {
        Seal::Exhausted => Ok(ATTEMPTS),
        other => {
            let message = format!("a target that no hash meets was met: {other:?}");
            Err(Error::new(ErrorKind::Plugin, message))
        }
    }
}

/// The tries a second of so many threads together.
fn at_once(
    threads: usize,
    least: Duration,
    consensus: &ProofOfWork,
    draft: &Draft,
) -> Result<f64, Error> {
    let begin = Barrier::new(threads);
    thread::scope(|scope| {
        let mine = || {
            begin.wait();
            rate(least, || tries(consensus, draft))
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(mine)).collect();
        let rates = workers.into_iter().map(|worker| {
            let joined = worker.join();
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        rates.sum()
    })
}

/// A block of so many transactions that lacks its nonce.
fn block(transactions: u64) -> Result<Draft, Error> {
    let payment = |n| Chain::payment(n, &Chain::key(n + 1), "0.5", n);
    let payments = (1..transactions).map(payment).collect::<Result<_, _>>()?;
    Ok(draft(&genesis(), &Chain::key(0), payments, START_US))
}

fn millions(per_second: f64) -> String {
    format!("{:.3}", per_second / 1e6)
}
