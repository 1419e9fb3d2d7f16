//! What goes wrong, one thing after another.

use plugcoin_core::Input;
use plugcoin_sdk::ledger::Sum;

use super::scenario::weather;
use super::{Run, SECOND_US, fault};
use crate::DiskFault;

/// How far a clock jumps at most, in microseconds: beyond what a block may be ahead.
const JUMP_MAX_US: u64 = (2 * 3_600 + 120) * SECOND_US as u64;

impl Run {
    /// Lets everything go wrong.
    pub(super) fn trouble(&mut self) -> Result<(), String> {
        for _ in 0..self.scenario.troubles {
            let pause_us = self.draw.below(4 * SECOND_US as u64) as i64;
            self.world.run_us(pause_us).map_err(fault)?;
            self.one_trouble()?;
            self.check_bounds()?;
        }
        Ok(())
    }

    fn one_trouble(&mut self) -> Result<(), String> {
        let nodes = self.scenario.nodes() as u64;
        let a = self.draw.below(self.scenario.honest as u64) as usize;
        let b = self.draw.below(nodes) as usize;
        match self.draw.below(20) {
            0..8 => {
                for _ in 0..=self.draw.below(3) {
                    self.pay(a, b)?;
                }
            }
            8 | 9 if a != b => {
                let cut = self.draw.happens(600);
                self.world.cut(a, b, cut);
            }
            10 if a != b => self.world.cut_one_way(a, b, true),
            11 => self.partition(),
            12 => self.world.heal(),
            13 => {
                let link = weather(&mut self.draw);
                self.world.link(link);
            }
            14 => self.jump(a),
            15 => {
                let faults = [DiskFault::Append, DiskFault::Read];
                let fault = faults[self.draw.below(2) as usize];
                self.world.fail(a, Some(fault));
                self.count(|report| &mut report.stops);
            }
            16 => self.go_down(a)?,
            _ => self.start_one()?,
        }
        Ok(())
    }

    /// A client asks a node to pay another.
    fn pay(&mut self, from: usize, to: usize) -> Result<(), String> {
        let sums = ["0.1", "0.25", "1", "1.50", "0.00000001", "3"];
        let sum = self.draw.one_of(&sums).copied().unwrap_or("1");
        let sum = Sum::parse(sum).map_err(|invalid| invalid.to_string())?;
        let to = self.world.wallet(to);
        let payment = Input::PaymentRequested { to, sum };
        self.world.ask(from, payment).map_err(fault)
    }

    /// The network falls into two parts, or three.
    fn partition(&mut self) {
        let parts = 2 + self.draw.below(2);
        for node in 0..self.world.len() {
            let part = self.draw.below(parts) as usize;
            self.world.part(node, part);
        }
    }

    /// A node's clock goes wrong, by seconds or by hours, or is set right.
    fn jump(&mut self, node: usize) {
        let bound_us = match self.draw.below(3) {
            0 => 1,
            1 => 10 * SECOND_US as u64,
            _ => JUMP_MAX_US,
        };
        let ahead_us = self.draw.below(2 * bound_us) as i64 - bound_us as i64;
        self.world.set_clock(node, ahead_us);
    }

    fn go_down(&mut self, node: usize) -> Result<(), String> {
        if self.world.node(node).is_some() {
            self.count(|report| &mut report.stops);
        }
        if self.draw.happens(300) {
            self.world.stop(node);
            return Ok(());
        }
        self.world.crash(node).map_err(fault)
    }

    /// Starts one of those that are down.
    fn start_one(&mut self) -> Result<(), String> {
        let down = (0..self.world.len()).filter(|&node| self.world.node(node).is_none());
        let down: Vec<usize> = down.collect();
        match self.draw.one_of(&down) {
            Some(&node) => self.world.start(node).map_err(fault),
            None => Ok(()),
        }
    }
}
