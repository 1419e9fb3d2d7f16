//! [`Scenario`]: what a seed means.

use crate::byzantine::Kind;
use crate::{Draw, Link};

/// A world and its troubles, drawn from a seed.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed.
    pub seed: u64,
    /// How many honest nodes there are; they have the lowest numbers.
    pub honest: usize,
    /// The others.
    pub byzantine: Vec<Kind>,
    /// Whether the others go on when everything else is well again.
    pub byzantine_go_on: bool,
    /// How bad the network is.
    pub link: Link,
    /// How long a disk takes to write at most, in microseconds.
    pub write_max_us: u64,
    /// Whether honest nodes have the storage of real ones.
    pub is_on_real_disks: bool,
    /// The rules that vary.
    pub rules: Rules,
    /// How many troubles there are.
    pub troubles: u64,
}

/// The rules that vary from world to world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// By which scheme payments are signed.
    pub scheme: Scheme,
    /// How many zeros a block's hash begins with.
    pub zeros: u32,
    /// How many payments wait until a block is due.
    pub due_at: u64,
    /// How many payments may wait.
    pub waiting_max: u64,
}

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// One that costs nothing.
    Plain,
    /// One that costs nothing and takes a signature in more than one spelling.
    Lax,
    /// The default plugin's.
    Default,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw::new(seed ^ 0x5ce4_a210);
        let draw = &mut draw;
        let byzantine = (0..draw.below(4))
            .filter_map(|_| draw.one_of(&Kind::ALL).copied())
            .collect();
        let scheme = match draw.below(10) {
            0 => Scheme::Default,
            1..4 => Scheme::Lax,
            _ => Scheme::Plain,
        };
        Self {
            seed,
            honest: 3 + draw.below(4) as usize,
            byzantine,
            byzantine_go_on: draw.happens(500),
            link: weather(draw),
            write_max_us: draw.below(3) * 20_000,
            is_on_real_disks: draw.happens(250),
            rules: Rules {
                scheme,
                zeros: u32::from(draw.happens(300)),
                due_at: 1 + draw.below(3),
                waiting_max: if draw.happens(200) { 5 } else { 1_000 },
            },
            troubles: 20 + draw.below(60),
        }
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.honest + self.byzantine.len()
    }

    /// Which nodes a node knows from the beginning: the next honest one, so that all are joined, and
    /// some others.
    pub(super) fn known_to(&self, number: usize, draw: &mut Draw) -> Vec<usize> {
        let next = (number + 1) % self.honest;
        let others = (0..self.nodes()).filter(|&other| other != number && other != next);
        let mut known: Vec<usize> = others.filter(|_| draw.happens(300)).collect();
        if next != number {
            known.push(next);
        }
        known
    }
}

/// How bad the network is: good, or with some of all that can happen to a message.
pub(super) fn weather(draw: &mut Draw) -> Link {
    let mut some = |per_mille: u64, bound: u64| {
        let happens = draw.happens(per_mille);
        if happens { draw.below(bound) } else { 0 }
    };
    Link {
        delay_min_us: 1_000,
        delay_max_us: 1_000 + some(900, 400_000) as i64,
        lost_per_mille: some(600, 250),
        doubled_per_mille: some(500, 300),
        late_per_mille: some(400, 200),
        late_max_us: 1 + some(800, 20_000_000),
        bytes_per_s: Some(some(300, 200_000)).filter(|bytes| *bytes > 20_000),
    }
}
