//! Whole scenarios, each drawn from one number: everything that can go wrong at once, and then
//! nothing any more; what must hold nevertheless is checked.

mod checks;
mod scenario;
mod trouble;

use std::fmt;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use plugcoin_core::Config;
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Contact, Event, KeyPair, Storage};
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::plugin::Hooks;

use crate::{Disk, Draw, Link, MemoryDisk, Watch, World};

pub use scenario::{Rules, Scenario, Scheme};

/// One second, in microseconds.
const SECOND_US: i64 = 1_000_000;

/// When a scenario begins: 2020-05-26, in microseconds since 1970.
const START_US: i64 = 1_590_447_950_000_000;

/// How long the nodes have to agree when nothing goes wrong any more, in seconds: more than the
/// greatest back-off, and a stalled sync besides.
const AGREE_S: u64 = 3_000;

/// The plugins that a scenario's nodes run, which the lab does not know.
pub trait Kit {
    /// The plugins of one node over its storage.
    fn hooks(&self, rules: &Rules, storage: Arc<dyn Storage>) -> Hooks;

    /// A disk with the storage that real nodes have.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    fn disk(&self) -> Result<Box<dyn Disk>, Error>;
}

/// What happened in a scenario that went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The height at the end.
    pub height: u64,
    /// How many items were acknowledged: blocks, payments.
    pub acknowledged: u64,
    /// How many acknowledged payments were dropped, with a reason.
    pub dropped: u64,
    /// How often a node went over to another branch.
    pub reorganisations: u64,
    /// How often a node was stopped, lost power or had a fault of its disk.
    pub stops: u64,
    /// How many bans of Byzantine nodes there were.
    pub bans: u64,
    /// How many blocks and payments were refused.
    pub refused: u64,
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.height += other.height;
        self.acknowledged += other.acknowledged;
        self.dropped += other.dropped;
        self.reorganisations += other.reorganisations;
        self.stops += other.stops;
        self.bans += other.bans;
        self.refused += other.refused;
    }
}

/// What did not hold, and where.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed that shows it again.
    pub seed: u64,
    /// What did not hold.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

impl std::error::Error for Failure {}

/// A scenario while it runs.
struct Run {
    scenario: Scenario,
    world: World,
    draw: Draw,
    report: Report,
}

/// Runs the scenario of a seed; `watch` is told every input and every step, if it is there.
///
/// * The same seed and kit, the same run.
///
/// # Errors
/// [`Failure`] with the first thing that does not hold; a node's panic is one.
pub fn run(seed: u64, kit: &dyn Kit, watch: Option<Watch>) -> Result<Report, Failure> {
    let scenario = Scenario::of(seed);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::begin(scenario, kit, watch)?;
        run.trouble()?;
        run.heal()?;
        run.agree()?;
        run.check()?;
        run.restart_all()?;
        Ok(run.report)
    }));
    result
        .unwrap_or_else(|panic| Err(format!("a node panicked: {}", words(&*panic))))
        .map_err(|what| Failure { seed, what })
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a word")
}

/// A fault that no node should have.
fn fault(error: Error) -> String {
    format!("a node stopped by a fault of its own: {error}")
}

impl Run {
    fn begin(scenario: Scenario, kit: &dyn Kit, watch: Option<Watch>) -> Result<Self, String> {
        let mut world = World::new(scenario.seed, START_US, scenario.link);
        if let Some(watch) = watch {
            world.watch(watch);
        }
        world.write_max_us(scenario.write_max_us);
        let mut run = Self {
            draw: Draw::new(!scenario.seed),
            scenario,
            world,
            report: Report::default(),
        };
        for number in 0..run.scenario.nodes() {
            run.add(number, kit).map_err(fault)?;
        }
        Ok(run)
    }

    fn add(&mut self, number: usize, kit: &dyn Kit) -> Result<(), Error> {
        let scenario = &self.scenario;
        let is_byzantine = number >= scenario.honest;
        let config = Config {
            mine: is_byzantine || self.draw.happens(600),
            mine_interval_us: (2 + self.draw.below(4)) as i64 * SECOND_US,
            me: Contact {
                rules: Some(Hash::of("the rules of this world")),
                ..Contact::default()
            },
            ..Config::default()
        };
        let disk: Box<dyn Disk> = match scenario.is_on_real_disks && !is_byzantine {
            true => kit.disk()?,
            false => Box::<MemoryDisk>::default(),
        };
        let knows = scenario.known_to(number, &mut self.draw);
        let rules = scenario.rules;
        let hooks = |storage| kit.hooks(&rules, storage);
        let wallet = self.wallet(number, kit)?;
        self.world
            .add_on(disk, hooks, Some(wallet), config, &knows)?;
        if let Some(kind) = self
            .scenario
            .byzantine
            .get(number.wrapping_sub(self.scenario.honest))
        {
            self.world.corrupt(number, Some(kind.strategy()));
        }
        Ok(())
    }

    /// The keys of a node.
    fn wallet(&self, number: usize, kit: &dyn Kit) -> Result<KeyPair, Error> {
        let storage: Arc<dyn Storage> = Arc::new(crate::disk::Drive::default());
        let hooks = kit.hooks(&self.scenario.rules, storage);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
        hooks.signer.at(0).hook.generate(&seed)
    }

    /// Nothing goes wrong any more; the Byzantine nodes go on in half of the worlds.
    fn heal(&mut self) -> Result<(), String> {
        let world = &mut self.world;
        world.heal();
        world.link(Link::default());
        world.write_max_us(0);
        for number in 0..world.len() {
            world.set_clock(number, 0);
            world.fail(number, None);
            if number >= self.scenario.honest && !self.scenario.byzantine_go_on {
                world.stop(number);
            } else if world.node(number).is_none() {
                world.start(number).map_err(fault)?;
            }
        }
        Ok(())
    }

    /// Lets time pass until all honest nodes agree.
    fn agree(&mut self) -> Result<(), String> {
        for _ in 0..AGREE_S {
            self.world.run_us(SECOND_US).map_err(fault)?;
            if self.agrees() {
                return Ok(());
            }
        }
        let tips = (0..self.scenario.honest).map(|number| {
            let tip = self.world.node(number).map(plugcoin_core::Node::tip);
            tip.map_or("none".into(), |tip| {
                format!("{} {}", tip.nr, tip.hash.short())
            })
        });
        let tips: Vec<String> = tips.collect();
        Err(format!(
            "the nodes don't agree after {AGREE_S} s: {}",
            tips.join(", ")
        ))
    }

    fn agrees(&self) -> bool {
        let tip = |number| self.world.node(number).map(plugcoin_core::Node::tip);
        (1..self.scenario.honest).all(|number| tip(number) == tip(0))
    }

    /// Starts all honest nodes anew: they are as they were.
    fn restart_all(&mut self) -> Result<(), String> {
        for number in 0..self.scenario.honest {
            let before = self
                .world
                .node(number)
                .map(|node| (node.tip(), node.balances()));
            self.world.stop(number);
            self.world.start(number).map_err(fault)?;
            let after = self
                .world
                .node(number)
                .map(|node| (node.tip(), node.balances()));
            if before != after {
                return Err(format!("node {number} is another after a restart"));
            }
        }
        self.check()
    }

    fn count(&mut self, what: fn(&mut Report) -> &mut u64) {
        *what(&mut self.report) += 1;
    }

    /// How many events of a kind all honest nodes told.
    fn told(&self, which: fn(&Event) -> bool) -> u64 {
        let honest = 0..self.scenario.honest;
        let events = honest.flat_map(|number| self.world.events(number));
        events.filter(|event| which(event)).count() as u64
    }
}
