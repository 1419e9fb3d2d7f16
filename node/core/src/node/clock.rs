//! A clock that jumps: what the node waits for keeps its distance.

use super::Node;
use crate::limits::LATE_US;

impl Node {
    /// Follows the clock to this moment.
    ///
    /// * If it was set back, or comes far too late for what the node waited for (it was set forward, or the
    ///   machine slept), everything that was to be so long after something else is moved along: set back by
    ///   hours, a node would be silent for hours; set forward by a day, it would drop all its peers.
    /// * The moments of payments that expire stay what their plugin said.
    pub(super) fn follow_clock(&mut self, now_us: i64) {
        let Some(last_us) = self.last_us.replace(now_us) else {
            return;
        };
        let due_us = self.wake_us.map(|wake_us| wake_us.max(last_us));
        let by_us = match due_us {
            _ if now_us < last_us => now_us.saturating_sub(last_us),
            Some(due_us) if now_us > due_us.saturating_add(LATE_US) => now_us - due_us,
            _ => return,
        };
        self.network.peers.move_by(by_us);
        if let Some(dialled_us) = &mut self.network.last_dial_us {
            *dialled_us = dialled_us.saturating_add(by_us);
        }
        if let Some(sync) = &mut self.sync {
            sync.progress_us = sync.progress_us.saturating_add(by_us);
        }
        self.mining.move_by(by_us);
        self.pool.move_by(by_us);
    }
}
