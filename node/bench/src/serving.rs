//! Measures of serving: a node in a process of its own, beside axum with bytes that lie ready.
//!
//! * What counts is the server's CPU time, and not the clock's: clients and servers share the cores
//!   here, and what a request costs the server is what bounds how many it can answer.

mod client;
mod cpu;
mod node;
mod ready;
mod status;

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;

use plugcoin_sdk::ledger::Transaction;
use plugcoin_sdk::{Error, ErrorKind};
use plugcoin_testkit::doubles::MemoryStorage;
use rustix::time::{ClockId, clock_gettime};

use crate::chain::Chain;
use crate::measure::Outcome;
use crate::rounds::{Paired, Spread, paired};
use crate::workbench::Workbench;
use client::{Client, ask_all, get, latency, post};
use node::Node;
use ready::Ready;

pub(crate) use status::status;

/// How many clients ask at once.
const CLIENTS: usize = 16;

/// How many levels a page has: enough for what precedes and follows the blocks to be nothing.
const PAGE_LEVELS: usize = 256;

/// How many clients bring transactions at once, and so how many share a write to the disk at most.
const SENDERS: usize = 64;

/// So few blocks that all of them lie ready after the first round, or nearly.
pub(crate) fn getdata(bench: &Workbench) -> Result<Outcome, Error> {
    blocks(bench, 1_000)
}

/// So many blocks that none is asked for twice within as many as are kept in mind.
pub(crate) fn getdata_read(bench: &Workbench) -> Result<Outcome, Error> {
    blocks(bench, bench.effort.size(40_000, 20_000))
}

fn blocks(bench: &Workbench, count: u64) -> Result<Outcome, Error> {
    if let Some(why) = cpu::not_counted() {
        return Ok(Outcome::NotHere(why));
    }
    let node = Node::start(bench, chain(count))?;
    // The first block has a reward alone, since nobody has coins yet; the next is like all others.
    let ready = Ready::start(node.texts[1].clone().into_bytes())?;
    let requests: Vec<_> = (0..node.hashes.len()).map(|n| block(&node, n)).collect();
    let asked = bench.effort.size(10_000, 3_000);
    let rounds = beside(bench, &ready, &node, asked, |n| {
        &requests[n % requests.len()]
    })?;
    Ok(rounds.told(figures(&rounds)))
}

pub(crate) fn getblocks(bench: &Workbench) -> Result<Outcome, Error> {
    if let Some(why) = cpu::not_counted() {
        return Ok(Outcome::NotHere(why));
    }
    // Longer than what lies ready, if there is time for it.
    let node = Node::start(bench, chain(bench.effort.size(20_000, 1_000)))?;
    let page = node.texts[..PAGE_LEVELS].join("],[");
    let ready = Ready::start(format!("{{\"chain\": [[{page}]]}}").into_bytes())?;
    let path = |nr: usize| get(&format!("/getblocks?nr={nr}&limit={PAGE_LEVELS}"));
    let same = path(1);
    let count = bench.effort.size(400, 150);
    let rounds = beside(bench, &ready, &node, count, |_| &same)?;
    let all: Vec<_> = (1..node.hashes.len() - PAGE_LEVELS)
        .step_by(PAGE_LEVELS)
        .map(path)
        .collect();
    let passing = beside(bench, &ready, &node, count, |n| &all[n % all.len()])?;
    let waits = download(&node)?;
    Ok(rounds.told(format!(
        "{}; each page another {:.2} x; a block beside a download of all {waits:.2} x as long",
        figures(&rounds),
        passing.ratio.median
    )))
}

pub(crate) fn inv(bench: &Workbench) -> Result<Outcome, Error> {
    if let Some(why) = cpu::not_counted() {
        return Ok(Outcome::NotHere(why));
    }
    let signers = 64;
    let node = Node::start(
        bench,
        Chain {
            blocks: 10 * signers,
            transactions: 1,
            signers,
        },
    )?;
    let count = bench.effort.size(2_000, 500);
    let sign = |number: usize| {
        let number = number as u64;
        Chain::payment(number % signers, "somebody", "0.00000001", number)
    };
    let payments = (0..count * (bench.effort.rounds + 1)).map(sign);
    let payments = payments.collect::<Result<Vec<Transaction>, Error>>()?;
    let requests: Vec<_> = payments.iter().map(|p| post("/inv", p.text())).collect();
    let accepted = format!("{{\"accepted\": \"{}\"}}", payments[0].id());
    let ready = Ready::start(accepted.into_bytes())?;
    let (mut senders, mut posters) = (node.clients(SENDERS)?, ready.clients(SENDERS)?);
    let (mut parts, mut sent) = (Vec::new(), 0);
    let rounds = paired(
        bench.effort,
        || {
            let verify = verifying(&payments[..count])?;
            let commit = committing(bench, &payments[..count])?;
            let request = |n: usize| requests[n].clone();
            let axum = cpu_each(&mut posters, 0..count, request, || ready.cpu_ns())?;
            parts.push([verify, commit, axum]);
            Ok(verify + commit + axum)
        },
        || {
            let numbers = sent..sent + count;
            sent += count;
            cpu_each(
                &mut senders,
                numbers,
                |n| requests[n].clone(),
                || node.cpu_ns(),
            )
        },
    )?;
    parts.sort_by(|a: &[f64; 3], b| a.iter().sum::<f64>().total_cmp(&b.iter().sum()));
    let [verify, commit, axum] = parts[parts.len() / 2].map(|ns| ns / 1e3);
    Ok(rounds.told(format!(
        "{:.0} µs of the server; verification {verify:.0}, commit {commit:.1}, axum {axum:.0} µs",
        rounds.ours / 1e3
    )))
}

/// What a block by its hash costs the server of this chain, each another as long as there are any, in
/// nanoseconds of CPU time, and the memory that it has then, in bytes; each none if the system doesn't say.
pub(crate) fn alone(bench: &Workbench, chain: Chain) -> Result<(Option<f64>, Option<u64>), Error> {
    let node = Node::start(bench, chain)?;
    let mut clients = node.clients(CLIENTS)?;
    if cpu::not_counted().is_some() {
        return Ok((None, node.memory_bytes()));
    }
    let count = bench.effort.size(10_000, 3_000);
    let mut costs = Vec::new();
    for round in 0..=bench.effort.rounds {
        let numbers = round * count..(round + 1) * count;
        let ns = cpu_each(&mut clients, numbers, |n| block(&node, n), || node.cpu_ns())?;
        // The first one warms up.
        if round > 0 {
            costs.push(ns);
        }
    }
    Ok((Some(Spread::of(costs).median), node.memory_bytes()))
}

fn chain(blocks: u64) -> Chain {
    Chain {
        blocks,
        transactions: 3,
        signers: 64,
    }
}

/// The request for some block: for each in turn, so that neighbours lie far apart.
fn block(node: &Node, n: usize) -> Vec<u8> {
    // Any prime number that divides no length here.
    let nr = n * 7_919 % node.hashes.len();
    get(&format!("/getdata?id={}", node.hashes[nr]))
}

fn figures(rounds: &Paired) -> String {
    let thousands = |per_second: f64| per_second / 1e3;
    format!(
        "{:.1} k/s of the server's CPU, {:.1} k/s ready",
        thousands(rounds.ours),
        thousands(rounds.baseline)
    )
}

/// Requests a second of CPU time: the same of both.
fn beside<'a>(
    bench: &Workbench,
    ready: &Ready,
    node: &Node,
    count: usize,
    request: impl Fn(usize) -> &'a Vec<u8> + Sync,
) -> Result<Paired, Error> {
    let (mut askers, mut others) = (node.clients(CLIENTS)?, ready.clients(CLIENTS)?);
    let request = |n| request(n).clone();
    let mut asked = 0;
    paired(
        bench.effort,
        || cpu_each(&mut others, 0..count, request, || ready.cpu_ns()).map(|ns| 1e9 / ns),
        || {
            let numbers = asked..asked + count;
            asked += count;
            cpu_each(&mut askers, numbers, request, || node.cpu_ns()).map(|ns| 1e9 / ns)
        },
    )
}

/// The server's CPU time for each of these requests, in nanoseconds.
fn cpu_each(
    clients: &mut [Client],
    numbers: std::ops::Range<usize>,
    request: impl Fn(usize) -> Vec<u8> + Sync,
    cpu_ns: impl Fn() -> Result<u64, Error>,
) -> Result<f64, Error> {
    let (count, before) = (numbers.len(), cpu_ns()?);
    ask_all(clients, numbers, request)?;
    Ok((cpu_ns()?.saturating_sub(before)) as f64 / count as f64)
}

/// How much longer one block takes while another client downloads the whole chain.
fn download(node: &Node) -> Result<f64, Error> {
    let mut clients = node.clients(2)?;
    let [asker, loader] = clients.as_mut_slice() else {
        return Err(Error::new(ErrorKind::Io, "no clients"));
    };
    let request = get(&format!("/getdata?id={}", node.hashes[1]));
    let alone = latency(asker, &request, 2_000, None)?;
    let all = get("/getblocks");
    let mut load = || (0..3).try_for_each(|_| loader.ask(&all).map(drop));
    let beside = latency(asker, &request, 0, Some(&mut load))?;
    Ok(beside.as_secs_f64() / alone.as_secs_f64())
}

/// The time to verify one payment alone, in nanoseconds.
fn verifying(payments: &[Transaction]) -> Result<f64, Error> {
    let signer = crate::hooks(Arc::new(MemoryStorage::new()))?.signer;
    let signer = &signer.at(1).hook;
    let begin = own_cpu_ns();
    for payment in payments {
        let signed = (payment.from(), payment.unsigned_text(), payment.signature());
        black_box(signer.verify(signed.0, signed.1, signed.2)?);
    }
    Ok((own_cpu_ns() - begin) / payments.len() as f64)
}

/// A payment's share of the CPU time to write down a group of them, in nanoseconds.
fn committing(bench: &Workbench, payments: &[Transaction]) -> Result<f64, Error> {
    let path = bench.dir.join("group");
    let failed =
        |error| Error::new(ErrorKind::Io, "a file to measure with can't be written").because(error);
    let mut file = File::create(&path).map_err(failed)?;
    let begin = own_cpu_ns();
    for group in payments.chunks(SENDERS) {
        let texts: Vec<&str> = group.iter().map(Transaction::text).collect();
        file.write_all(texts.join(",\n").as_bytes())
            .map_err(failed)?;
        file.sync_data().map_err(failed)?;
    }
    Ok((own_cpu_ns() - begin) / payments.len() as f64)
}

/// The CPU time of this thread so far, in nanoseconds.
fn own_cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
