//! What goes wrong, one after another; between two troubles the clients pay so many times.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

use super::bad;
use super::nodes::Member;
use super::pauses::until;
use super::run::{Plan, World};

/// How many connections slow clients hold at once.
const SLOW: usize = 200;

/// What happened so often.
#[derive(Clone, Copy, Default)]
pub(crate) struct Troubles {
    pub(crate) killed: usize,
    pub(crate) stopped: usize,
    pub(crate) frozen: usize,
    pub(crate) slow: usize,
    pub(crate) bad: usize,
}

/// Makes trouble as long as planned. The first node is never started again, so that its memory tells
/// of the whole run.
pub(crate) fn make(world: &World, plan: &Plan) -> Troubles {
    let mut troubles = Troubles::default();
    let mut round = 0;
    while plan.goes_on(round, world.begun) {
        let one = &world.members[round % 3];
        let (ends, other) = (&world.members[1 + round % 2], &world.members[2 - round % 2]);
        let beat = || beat(world, plan.payments_a_beat);
        beat();
        ends.killed(beat);
        troubles.killed += 1;
        beat();
        one.frozen(beat);
        troubles.frozen += 1;
        beat();
        for member in &world.members {
            troubles.bad += send_bad(world, member);
        }
        beat();
        let slow: Vec<_> = (0..SLOW).filter_map(|n| slow(&one.address, n)).collect();
        troubles.slow += slow.len();
        beat();
        drop(slow);
        other.stopped(beat);
        troubles.stopped += 1;
        round += 1;
    }
    troubles
}

/// Sends one node everything that is bad; how much that was.
fn send_bad(world: &World, member: &Member) -> usize {
    let begun = Instant::now();
    let (sent, taken) = bad::send(member);
    // A stop of everything breaks off what is under way.
    if !taken.is_empty() && !world.pauses.touch(begun, Instant::now()) {
        taken
            .into_iter()
            .for_each(|words| world.account.fault(words));
    }
    sent
}

/// Waits until the clients have paid so many times more.
fn beat(world: &World, payments: usize) {
    let before = world.account.payments();
    until("more payments", || {
        (world.account.payments() >= before + payments).then_some(())
    });
}

/// A client that never ends its head, its body, or takes nothing of its answer.
fn slow(address: &str, number: usize) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    let begin: &[u8] = match number % 3 {
        0 => b"GET /status HTTP/1.1\r\nHost: local",
        1 => b"POST /inv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
        _ => b"GET /getblocks HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    stream.write_all(begin).ok()?;
    Some(stream)
}
