//! [`Link`] and [`Network`]: what becomes of a message on its way.

use std::collections::{HashMap, HashSet};

use plugcoin_sdk::hooks::{PeerAnswer, PeerReply, PeerRequest};

use crate::Draw;

/// What a message has besides its body, in bytes: a line and some headers.
const FRAME_BYTES: usize = 300;

/// How the network treats messages.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The least time that a message is under way, in microseconds.
    pub delay_min_us: i64,
    /// The greatest.
    pub delay_max_us: i64,
    /// How many of a thousand messages are lost.
    pub lost_per_mille: u64,
    /// How many of a thousand messages arrive twice.
    pub doubled_per_mille: u64,
    /// How many of a thousand messages are held back, so that later ones overtake them.
    pub late_per_mille: u64,
    /// How long those are held back at most, in microseconds.
    pub late_max_us: u64,
    /// How many bytes a node can send in a second; no bound, if none.
    pub bytes_per_s: Option<u64>,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            delay_min_us: 1_000,
            delay_max_us: 50_000,
            lost_per_mille: 0,
            doubled_per_mille: 0,
            late_per_mille: 0,
            late_max_us: 0,
            bytes_per_s: None,
        }
    }
}

/// The ways between nodes.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) link: Link,
    /// From whom to whom nothing comes through.
    cut: HashSet<(usize, usize)>,
    /// The part of the network that a node is in; 0 for those that are not named.
    parts: HashMap<usize, usize>,
    /// When a node has sent all that it was to send.
    free_us: HashMap<usize, i64>,
}

impl Network {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            link,
            cut: HashSet::new(),
            parts: HashMap::new(),
            free_us: HashMap::new(),
        }
    }

    /// Cuts or joins the way from one node to another, and not the way back.
    pub(crate) fn cut(&mut self, from: usize, to: usize, cut: bool) {
        if cut {
            self.cut.insert((from, to));
        } else {
            self.cut.remove(&(from, to));
        }
    }

    /// Puts a node into a part of the network; nothing comes through from another part.
    pub(crate) fn part(&mut self, node: usize, part: usize) {
        self.parts.insert(node, part);
    }

    /// Joins everything.
    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        self.parts.clear();
    }

    fn joins(&self, from: usize, to: usize) -> bool {
        !self.cut.contains(&(from, to)) && self.parts.get(&from) == self.parts.get(&to)
    }

    /// When the copies of a message arrive; none if it is lost.
    pub(crate) fn arrivals(
        &mut self,
        now_us: i64,
        (from, to): (usize, usize),
        bytes: impl FnOnce() -> usize,
        draw: &mut Draw,
    ) -> [Option<i64>; 2] {
        let sent_us = self.sent_us(now_us, from, bytes);
        let lost = !self.joins(from, to) || draw.happens(self.link.lost_per_mille);
        if lost {
            return [None, None];
        }
        let first_us = sent_us + self.delay_us(draw);
        let doubled = draw.happens(self.link.doubled_per_mille);
        let second_us = doubled.then(|| sent_us + self.delay_us(draw));
        [Some(first_us), second_us]
    }

    /// When the last byte is on its way.
    fn sent_us(&mut self, now_us: i64, from: usize, bytes: impl FnOnce() -> usize) -> i64 {
        let Some(bytes_per_s) = self.link.bytes_per_s else {
            return now_us;
        };
        let lasts_us = bytes() as u64 * 1_000_000 / bytes_per_s.max(1);
        let free_us = self.free_us.entry(from).or_default();
        *free_us = now_us.max(*free_us) + lasts_us as i64;
        *free_us
    }

    fn delay_us(&self, draw: &mut Draw) -> i64 {
        let link = &self.link;
        let span_us = (link.delay_max_us - link.delay_min_us).max(0) as u64;
        let mut delay_us = link.delay_min_us + draw.below(span_us + 1) as i64;
        if draw.happens(link.late_per_mille) {
            delay_us += draw.below(link.late_max_us) as i64;
        }
        delay_us
    }
}

/// How long a request is.
pub(crate) fn request_bytes(request: &PeerRequest) -> usize {
    let body = match request {
        PeerRequest::PostBlock(block) => block.text().len(),
        PeerRequest::PostTransaction(transaction) => transaction.text().len(),
        _ => 0,
    };
    FRAME_BYTES + body
}

/// How long an answer is.
pub(crate) fn reply_bytes(reply: &PeerReply) -> usize {
    let body = match &reply.answer {
        PeerAnswer::Peers(texts) | PeerAnswer::Blocks(texts) => texts.iter().map(String::len).sum(),
        _ => 0,
    };
    FRAME_BYTES + body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(network: &mut Network, from: usize, to: usize) -> [Option<i64>; 2] {
        network.arrivals(1_000, (from, to), || 500, &mut Draw::new(1))
    }

    #[test]
    fn a_cut_goes_one_way_and_parts_go_both() {
        let mut network = Network::new(Link::default());
        network.cut(0, 1, true);
        assert_eq!(arrivals(&mut network, 0, 1), [None, None]);
        assert!(arrivals(&mut network, 1, 0)[0].is_some());
        network.part(0, 1);
        assert_eq!(arrivals(&mut network, 1, 0), [None, None]);
        assert!(arrivals(&mut network, 1, 2)[0].is_some());
        network.heal();
        assert!(arrivals(&mut network, 0, 1)[0].is_some());
    }

    #[test]
    fn messages_are_lost_doubled_held_back_and_take_their_time() {
        let link = Link {
            delay_min_us: 10,
            delay_max_us: 10,
            ..Link::default()
        };
        let with = |link: Link| arrivals(&mut Network::new(link), 0, 1);
        let lost_per_mille = 1_000;
        assert_eq!(
            with(Link {
                lost_per_mille,
                ..link
            }),
            [None, None]
        );
        let doubled_per_mille = 1_000;
        let doubled = with(Link {
            doubled_per_mille,
            ..link
        });
        assert_eq!(doubled, [Some(1_010), Some(1_010)]);
        let late = with(Link {
            late_per_mille: 1_000,
            late_max_us: 1_000_000,
            ..link
        });
        assert!(late[0] > Some(1_010), "{late:?}");
        let mut narrow = Network::new(Link {
            bytes_per_s: Some(1_000_000),
            ..link
        });
        assert_eq!(arrivals(&mut narrow, 0, 1)[0], Some(1_510));
        assert_eq!(
            arrivals(&mut narrow, 0, 2)[0],
            Some(2_010),
            "one after the other"
        );
    }
}
