//! A node that is killed at any moment, under load: all that it acknowledged is there afterwards.
//!
//! * `KILLS` is how often it is killed, `KILL_SEED` draws the moments; `scripts/kill-test` sets both.
//! * What happens between two moments is up to the machine, so a seed repeats the moments alone.

#![allow(clippy::unwrap_used, reason = "a test")]

mod program;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, SystemTime};

use plugcoin_sdk::ledger::{Block, Transaction, genesis};
use plugcoin_testkit::fixtures;
use program::node;
use program::running::{Running, ask_at, until};
use program::world::{alice, block, bob, pay, sealed, write_journal, write_wallet};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::tempdir;

/// How often a node is killed if nobody says otherwise.
const KILLS: u64 = 20;

/// How many acknowledgements a node gives before the moment is drawn.
const WARM: u64 = 3;

/// Within which time it is killed then, and within which one that starts.
const MOMENT_US_MAX: u64 = 60_000;

/// How many coins alice has at the start: so many that no reorganisation leaves her without.
const COINS: i64 = 20;

const RULES: &str = "--set zeros.zeros=1 --set fifo.n_transactions=3 --plugin events-jsonl";

/// Numbers from a seed (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap())
}

/// What a node acknowledged: each id with what it is.
#[derive(Default)]
struct Acknowledged {
    ids: Mutex<HashMap<String, &'static str>>,
    count: AtomicU64,
}

impl Acknowledged {
    fn add(&self, id: &str, what: &'static str) {
        self.ids.lock().unwrap().insert(id.to_owned(), what);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self) -> HashMap<String, &'static str> {
        std::mem::take(&mut self.ids.lock().unwrap())
    }
}

/// Whoever asks a node until it is gone.
struct Client<'a> {
    address: &'a str,
    acknowledged: &'a Acknowledged,
}

impl Client<'_> {
    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        ask_at(self.address, method, path, body.as_bytes())
    }

    /// Posts something, and notes what is acknowledged; none if the node has gone.
    fn post(&self, path: &str, body: &str, what: &'static str) -> Option<()> {
        let (status, text) = self.ask("POST", path, body)?;
        if status == 200 {
            let answer: Value = serde_json::from_str(&text).ok()?;
            self.acknowledged.add(answer["accepted"].as_str()?, what);
        }
        Some(())
    }

    /// The wallet's owner pays.
    fn ask_for_money(&self) -> Option<()> {
        loop {
            self.post("/money", "{\"to\": \"carol\",\"sum\": 0.0001}", "payment")?;
        }
    }

    /// Bob pays by payments that he signed, each at another time.
    fn post_transactions(&self, numbers: &AtomicU64) -> Option<()> {
        let bob = bob();
        loop {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let paid = pay(&bob, "dave", "0.00001", i64::try_from(number).unwrap());
            self.post("/inv", paid.text(), "transaction")?;
        }
    }

    /// A peer makes blocks on the tip. What it is told of, the node's own blocks too, it keeps.
    fn post_blocks(&self) -> Option<()> {
        loop {
            let status: Value = serde_json::from_str(&self.ask("GET", "/status", "")?.1).ok()?;
            let tip = status["tip"].as_str()?;
            let text = self.ask("GET", &format!("/getdata?id={tip}"), "")?.1;
            self.acknowledged.add(tip, "block");
            let parent = Block::parse(&text).unwrap();
            // Later than its parent, and not ahead of the clock.
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let now_us = i64::try_from(now.unwrap().as_micros()).unwrap();
            let next = fixtures::draft(&parent, "peer", Vec::new(), now_us);
            self.post("/block", sealed(&next).text(), "block")?;
        }
    }
}

/// The node's world, and what has become of it so far.
struct Siege<'a> {
    dir: &'a Path,
    args: String,
    draw: Draw,
    acknowledged: HashMap<String, &'static str>,
    torn: u64,
    /// The number of bob's next payment.
    numbers: AtomicU64,
}

impl Siege<'_> {
    /// Starts the node, as soon as nobody else has its port.
    fn start(&mut self) -> Running {
        let running = until("the port", || {
            match Running::try_start(self.dir, &self.args) {
                Ok(running) => Some(running),
                Err((4, _)) => None,
                Err((code, log)) => panic!("it ended with {code}: {log}"),
            }
        });
        self.torn += u64::from(running.log().contains("torn by a crash"));
        running
    }

    /// Loads a node and kills it; what it acknowledged comes back.
    fn kill_under_load(&mut self) -> HashMap<String, &'static str> {
        let running = self.start();
        let acknowledged = Acknowledged::default();
        let address = running.address.clone();
        let moment = Duration::from_micros(self.draw.below(MOMENT_US_MAX));
        let numbers = &self.numbers;
        std::thread::scope(|scope| {
            let (gone, all_gone) = mpsc::channel::<()>();
            for task in 0..5 {
                let client = Client {
                    address: &address,
                    acknowledged: &acknowledged,
                };
                let gone = gone.clone();
                scope.spawn(move || {
                    let _until_here = gone;
                    match task {
                        0 => client.post_blocks(),
                        1 | 2 => client.ask_for_money(),
                        _ => client.post_transactions(numbers),
                    }
                });
            }
            drop(gone);
            until("the first acknowledgements", || {
                (acknowledged.count.load(Ordering::Relaxed) >= WARM).then_some(())
            });
            // Not for luck: the moment is what is tried.
            let _ = all_gone.recv_timeout(moment);
            assert_eq!(running.stop(Signal::KILL).0, -1);
        });
        acknowledged.take()
    }

    /// Kills a node while it starts, or just after.
    fn kill_at_start(&mut self) {
        let mut starting = program::spawn(self.dir, &self.args);
        std::thread::sleep(Duration::from_micros(self.draw.below(MOMENT_US_MAX)));
        starting.kill().unwrap();
        starting.wait().unwrap();
    }

    /// Starts the node, and looks for all of these.
    fn check(&mut self, acknowledged: &HashMap<String, &'static str>) {
        let running = self.start();
        for (id, what) in acknowledged {
            let found = match *what {
                "block" => {
                    let (status, text) = running.ask("GET", &format!("/getdata?id={id}"), "");
                    status == 200 && Block::parse(&text).unwrap().hash().to_string() == *id
                }
                _ => is_kept(&running, id) || self.was_dropped(id),
            };
            assert!(found, "{what} {id} is lost");
        }
        assert_eq!(running.stop(Signal::TERM).0, 0);
    }

    /// Whether the node told of a payment that it no longer holds, with the reason.
    fn was_dropped(&self, id: &str) -> bool {
        let mut files = std::fs::read_dir(self.dir).unwrap();
        let events = files.find_map(|file| {
            let path = file.unwrap().path();
            (path.extension()? == "jsonl").then(|| std::fs::read_to_string(path).unwrap())
        });
        events.unwrap().lines().any(|line| {
            line.contains("\"transaction-dropped\"") && line.contains(id) && line.contains("reason")
        })
    }
}

/// Whether a payment is on the best chain or waits.
fn is_kept(running: &Running, id: &str) -> bool {
    let (status, text) = running.ask("GET", &format!("/explain?id={id}"), "");
    if status != 200 {
        return false;
    }
    let told: Value = serde_json::from_str(&text).unwrap();
    told["verdict"] == "on-best-chain" || told["verdict"] == "waiting"
}

/// A chain that gives alice her coins, and bob one of them.
fn chain() -> Vec<Block> {
    let (alice, bob) = (alice(), bob());
    let mut chain = vec![genesis()];
    for nr in 1..=COINS {
        let paid: Vec<Transaction> = match nr == COINS {
            true => vec![pay(&alice, &bob.public, "1", nr)],
            false => Vec::new(),
        };
        chain.push(block(chain.last().unwrap(), &alice.public, paid, nr));
    }
    chain
}

#[test]
fn what_was_acknowledged_outlives_a_kill_at_any_moment() {
    let (kills, seed) = (
        number("KILLS").unwrap_or(KILLS),
        number("KILL_SEED").unwrap_or(1),
    );
    let dir = tempdir().unwrap();
    let chain = chain();
    let first = Running::start_with(dir.path(), RULES, |dir, port| {
        let texts: Vec<&str> = chain.iter().map(Block::text).collect();
        write_journal(dir, port, &texts);
        write_wallet(dir, port, "ed25519", &alice());
    });
    let args = format!("--port {} {RULES}", first.port());
    let file = format!("blocks-{}.json", first.port());
    assert_eq!(first.stop(Signal::KILL).0, -1);
    let mut siege = Siege {
        dir: dir.path(),
        args,
        draw: Draw(seed),
        acknowledged: HashMap::new(),
        torn: 0,
        numbers: AtomicU64::new(COINS.unsigned_abs() + 1),
    };
    for kill in 1..=kills {
        let acknowledged = siege.kill_under_load();
        if kill % 4 == 0 {
            siege.kill_at_start();
        }
        siege.check(&acknowledged);
        siege.acknowledged.extend(acknowledged);
    }
    let all = std::mem::take(&mut siege.acknowledged);
    siege.check(&all);
    let verified = node(dir.path(), &format!("chain verify {file} {RULES}"));
    assert_eq!(verified.code, 0, "{}", verified.err);
    let count = |wanted: &str| all.values().filter(|what| **what == wanted).count();
    let figures = format!(
        "seed {seed}, {kills} kills: {} blocks, {} payments by /money and {} by /inv acknowledged, \
         none lost; the journal's end was torn {} times",
        count("block"),
        count("payment"),
        count("transaction"),
        siege.torn
    );
    if number("KILLS").is_some() {
        // Past the test's own capture: whoever asks for so many wants to see it.
        let mut terminal = std::io::stdout();
        writeln!(terminal, "{figures}").unwrap();
    }
    for what in ["block", "payment", "transaction"] {
        assert!(count(what) > 0, "{figures}");
    }
}
