//! A run from its start to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::account::{Account, Outcome};
use super::load;
use super::nodes::{self, Member};
use super::pauses::Pauses;
use super::samples::{Samples, WINDOW};
use super::trouble::{self, Troubles};
use crate::program;

/// How long a run takes.
pub(crate) struct Plan {
    rounds: usize,
    lasting: Duration,
    /// How many payments lie between two troubles.
    pub(crate) payments_a_beat: usize,
}

impl Plan {
    /// So many rounds of every trouble, however long they take.
    pub(crate) fn rounds(rounds: usize) -> Self {
        Self {
            rounds,
            lasting: Duration::ZERO,
            payments_a_beat: 10,
        }
    }

    /// Rounds of every trouble until this time is over.
    pub(crate) fn lasting(lasting: Duration) -> Self {
        Self {
            rounds: 0,
            lasting,
            payments_a_beat: 50,
        }
    }

    /// Whether there is another round.
    pub(crate) fn goes_on(&self, round: usize, begun: Instant) -> bool {
        round < self.rounds || begun.elapsed() < self.lasting
    }
}

/// What everybody in a run sees.
pub(crate) struct World {
    pub(crate) members: Vec<Member>,
    pub(crate) account: Account,
    pub(crate) samples: Samples,
    pub(crate) pauses: Pauses,
    pub(crate) begun: Instant,
    is_over: AtomicBool,
}

impl World {
    /// Whether clients and measurements end now.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn measure(&self) {
        println!("{}", Samples::heading());
        while !self.is_over() {
            let begun = Instant::now();
            while !self.is_over() && begun.elapsed() < WINDOW {
                std::thread::sleep(Duration::from_millis(100));
            }
            self.samples.end_window(self);
        }
    }
}

/// Ends a run also when a part of it fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) account: Account,
    pub(crate) samples: Samples,
    troubles: Troubles,
    pauses: Pauses,
    took: Duration,
}

/// Runs it.
pub(crate) fn run(plan: &Plan) -> Ran {
    let world = World {
        members: nodes::start(),
        account: Account::default(),
        samples: Samples::default(),
        pauses: Pauses::default(),
        begun: Instant::now(),
        is_over: AtomicBool::new(false),
    };
    load::give_coins(&world);
    let troubles = std::thread::scope(|scope| {
        let world = &world;
        let ends = Ends(&world.is_over);
        scope.spawn(|| world.pauses.watch(|| world.is_over()));
        scope.spawn(|| world.measure());
        for client in 0..load::CLIENTS {
            scope.spawn(move || load::client(world, client));
        }
        let troubles = trouble::make(world, plan);
        drop(ends);
        troubles
    });
    let took = world.begun.elapsed();
    let last = nodes::agree(&world.members);
    world.account.settle(&world.members, &last["tip"]);
    for member in &world.members {
        member.end();
        let args = format!("chain verify --port {} --set zeros.zeros=1", member.port());
        let verified = program::node(member.dir(), &args);
        if verified.code != 0 {
            world.account.fault(verified.text());
        }
    }
    Ran {
        account: world.account,
        samples: world.samples,
        troubles,
        pauses: world.pauses,
        took,
    }
}

impl Ran {
    /// Says what there was.
    pub(crate) fn print(&self) {
        self.samples.print();
        let (answered, refused) = self.samples.counts();
        let (stops, stopped) = self.pauses.total();
        let Outcome {
            height,
            blocks,
            on_chain,
            waiting,
            dropped,
        } = self.account.outcome();
        let Troubles {
            killed,
            stopped: ended,
            frozen,
            slow,
            bad,
        } = self.troubles;
        println!(
            "\nran {} s; stopped from outside {stops} times, {} s together\n\
             requests answered: {answered}, payments refused for lack of funds: {refused}\n\
             payments acknowledged: {}, on the chain {on_chain}, waiting {waiting}, dropped {dropped}\n\
             height {height}, blocks {blocks}\n\
             nodes killed {killed}, stopped {ended}, frozen {frozen}; slow clients {slow}; bad inputs {bad}",
            self.took.as_secs(),
            stopped.as_secs(),
            self.account.payments(),
        );
    }
}
