//! Peers: who calls, whom to ask and to tell, and what came of it.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use plugcoin_sdk::hooks::{Contact, Event, Origin, PeerId, PeerRequest, Record};
use plugcoin_sdk::ledger::{Address, Hash};
use plugcoin_sdk::{Error, Invalid};
use serde::Serialize;

use super::{Node, OtherRules};
use crate::limits::{DIAL_EVERY_US, DIFFERING_PEERS_MAX, OTHER_RULES_PAUSE_US, SUGGESTIONS_MAX};
use crate::peers::Peers;
use crate::rules::Halt;
use crate::step::{Answer, Answered, Call, CallFailure, Output, Step};

/// What the node keeps of its surroundings.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) peers: Peers,
    pending: HashMap<u64, Pending>,
    next_call: u64,
    pub(super) last_dial_us: Option<i64>,
    /// Blocks that orphans lack and somebody is asked for, with those who were asked.
    pub(super) fetching: HashMap<Hash, Vec<PeerId>>,
    /// Own blocks that gossip wants nobody to know of; shared with what is served.
    pub(super) withheld: Arc<HashSet<Hash>>,
    /// What was accepted in this step, to be spread at its end.
    pub(super) news: Vec<(Record, Origin)>,
    /// What orphans of this step lack.
    pub(super) lacking: Vec<(Hash, Origin)>,
    pub(super) draws: u64,
}

#[derive(Debug)]
struct Pending {
    peer: PeerId,
    address: Address,
    why: Why,
}

/// Why a call was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Ask,
    Dial,
    Fetch(Hash),
    Seek(u64),
    Stage(u64),
    Compare(Hash),
    Page(u64),
    Tell(Hash),
}

/// The number of a peer that is no peer yet.
const NOBODY: PeerId = PeerId(u32::MAX);

/// A peer of other rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// Where it listens.
    pub address: Address,
    /// Its fingerprint.
    pub rules: Hash,
    /// The differences in words; empty while they are not known.
    pub differences: Vec<String>,
}

impl Node {
    /// Who a caller is: the peer of the address that it says is its own, or a mere client.
    pub fn origin(&self, ip: IpAddr, contact: &Contact) -> Origin {
        let address = caller_address(ip, contact);
        let peer = address.and_then(|address| self.network.peers.find(&address));
        peer.map_or(Origin::Client, Origin::Peer)
    }

    pub(super) fn introduced(
        &mut self,
        now_us: i64,
        ip: IpAddr,
        contact: &Contact,
        step: &mut Step,
    ) {
        let Some(address) = caller_address(ip, contact) else {
            return;
        };
        // A caller that says it is this node is not added, and no more: anybody may say so of any
        // address. That an address is this node's own, only an answer from there shows.
        if contact.node.is_some() && contact.node == self.config.me.node {
            return;
        }
        // An address that somebody claims is believed only when it has answered itself.
        if contact.address.is_some() && self.network.peers.find(&address).is_none() {
            let caller = Address::new(ip, 0);
            self.network.peers.suggest(address, &caller);
            return;
        }
        let known = self.network.peers.find(&address).is_some();
        if let Some(id) = self.network.peers.add(&address, false, now_us) {
            if !known {
                step.outputs
                    .push(Output::Tell(Event::PeerAdded { address }));
            }
            self.network.peers.contacted(id, false, now_us);
            self.heard(now_us, id, self.network.next_call, contact, step);
        }
    }

    /// What a peer says of itself, in its answer to this call or after those before it.
    fn heard(&mut self, now_us: i64, id: PeerId, call: u64, contact: &Contact, step: &mut Step) {
        let Some(peer) = self.network.peers.get_mut(id) else {
            return;
        };
        // Answers overtake each other, and the tip in an old one is no news.
        if let Some(tip) = contact.tip
            && call >= peer.tip_call
        {
            // Anybody may claim the address: that must silence no answer that is on its way.
            if contact.address.is_none() {
                peer.tip_call = call;
            }
            if peer.tip != Some(tip) {
                peer.tip_heard_us = now_us;
            }
            peer.tip = Some(tip);
            peer.note(tip.hash);
        }
        if contact.rules.is_some() && contact.rules != peer.rules {
            peer.rules = contact.rules;
            peer.differences.clear();
            let other = contact
                .rules
                .filter(|rules| Some(*rules) != self.config.me.rules);
            peer.shunned = other.is_some() && self.config.other_rules == OtherRules::Refuse;
            if let Some(rules) = other
                && self.config.me.rules.is_some()
                && self.config.other_rules != OtherRules::Allow
            {
                self.call(id, PeerRequest::Plugins, Why::Compare(rules), step);
            }
        }
    }

    pub(super) fn call(&mut self, id: PeerId, request: PeerRequest, why: Why, step: &mut Step) {
        if let Some(peer) = self.network.peers.get(id) {
            let address = peer.address.clone();
            self.call_address(id, address, request, why, step);
        }
    }

    fn call_address(
        &mut self,
        peer: PeerId,
        address: Address,
        request: PeerRequest,
        why: Why,
        step: &mut Step,
    ) {
        let id = self.network.next_call;
        self.network.next_call += 1;
        let judged = matches!(why, Why::Page(_));
        self.network.pending.insert(
            id,
            Pending {
                peer,
                address: address.clone(),
                why,
            },
        );
        step.outputs.push(Output::Call(Call {
            id,
            peer,
            address,
            request,
            judged,
        }));
    }

    pub(super) fn call_ended(
        &mut self,
        now_us: i64,
        call: u64,
        result: Result<Answered, CallFailure>,
        step: &mut Step,
    ) -> Result<(), Halt> {
        let Some(Pending {
            mut peer,
            address,
            why,
        }) = self.network.pending.remove(&call)
        else {
            return Ok(());
        };
        let reply = match result {
            Ok(reply) => reply,
            Err(failure) => {
                // A call that was never made says nothing about the peer.
                if failure != CallFailure::NotMade {
                    self.network.peers.failed(peer, now_us);
                }
                self.call_failed(peer, &why, step);
                return Ok(());
            }
        };
        if reply.contact.node.is_some() && reply.contact.node == self.config.me.node {
            self.network.peers.is_self(&address);
            self.call_failed(peer, &why, step);
            return Ok(());
        }
        if why == Why::Dial {
            let Some(id) = self.network.peers.add(&address, false, now_us) else {
                return Ok(());
            };
            step.outputs.push(Output::Tell(Event::PeerAdded {
                address: address.clone(),
            }));
            peer = id;
        }
        self.network.peers.contacted(peer, true, now_us);
        self.heard(now_us, peer, call, &reply.contact, step);
        match (why, reply.answer) {
            (Why::Ask | Why::Dial, Answer::Peers(peers)) => {
                for text in peers.iter().take(SUGGESTIONS_MAX) {
                    if let Ok(suggested) = text.parse() {
                        self.network.peers.suggest(suggested, &address);
                    }
                }
                // What it says now is news that no block will follow.
                if let Some(peer) = self.network.peers.get_mut(peer) {
                    peer.tip_heard_us = i64::MIN;
                    peer.tip_given_up = None;
                }
                self.resend(now_us, peer, step);
                Ok(())
            }
            (Why::Fetch(hash), Answer::Blocks(blocks)) => match blocks.into_iter().next() {
                Some(block) => self.fetched(now_us, peer, hash, block, step),
                None => {
                    self.fetch_again(now_us, hash, step);
                    Ok(())
                }
            },
            (Why::Seek(nr), Answer::Blocks(blocks)) => self.sought(now_us, peer, nr, blocks, step),
            (Why::Stage(nr), Answer::Blocks(blocks)) => {
                self.staged_came(now_us, peer, nr, blocks, step)
            }
            (Why::Page(nr), Answer::Blocks(blocks)) => {
                self.page_came(now_us, peer, nr, blocks, step)
            }
            (Why::Compare(rules), Answer::Plugins(theirs)) => {
                step.outputs.push(Output::Compare {
                    address,
                    rules,
                    theirs,
                });
                Ok(())
            }
            (Why::Tell(_), _) => Ok(()),
            (why, _) => {
                self.call_failed(peer, &why, step);
                Ok(())
            }
        }
    }

    /// It is known in words how a peer's rules differ.
    pub(super) fn compared(
        &mut self,
        address: &Address,
        rules: Hash,
        differences: Vec<String>,
        step: &mut Step,
    ) {
        let peer = self.network.peers.find(address);
        let peer = peer.and_then(|id| self.network.peers.get_mut(id));
        let Some(peer) = peer.filter(|peer| peer.rules == Some(rules)) else {
            return;
        };
        peer.differences.clone_from(&differences);
        step.outputs.push(Output::Tell(Event::PeerDiffers {
            address: address.clone(),
            rules,
            differences,
        }));
    }

    /// The peers of other rules, with the differences in words; so many at most.
    pub fn differing_peers(&self) -> Vec<Differing> {
        let peers = self.network.peers.iter();
        peers
            .filter_map(|(_, peer)| {
                let rules = peer
                    .rules
                    .filter(|rules| Some(*rules) != self.config.me.rules)?;
                Some(Differing {
                    address: peer.address.clone(),
                    rules,
                    differences: peer.differences.clone(),
                })
            })
            .take(DIFFERING_PEERS_MAX)
            .collect()
    }

    /// Whether a peer runs other rules than this node.
    fn differs(&self, id: PeerId) -> bool {
        let rules = self.network.peers.get(id).and_then(|peer| peer.rules);
        rules.is_some() && self.config.me.rules.is_some() && rules != self.config.me.rules
    }

    fn call_failed(&mut self, peer: PeerId, why: &Why, step: &mut Step) {
        match why {
            Why::Ask | Why::Dial => {}
            Why::Compare(rules) => {
                if let Some(peer) = self.network.peers.get(peer) {
                    let (address, rules) = (peer.address.clone(), *rules);
                    let differences = vec!["it does not say which".to_owned()];
                    self.compared(&address, rules, differences, step);
                }
            }
            Why::Tell(item) => {
                let place = self.pool.arrival(item);
                if let Some(peer) = self.network.peers.get_mut(peer) {
                    peer.forget(item);
                    if let Some(place) = place {
                        peer.pool_told_to = peer.pool_told_to.min(place);
                    }
                }
            }
            Why::Fetch(hash) => self.network.lacking.push((*hash, Origin::Client)),
            Why::Seek(_) | Why::Stage(_) => self.source_failed(peer, None, step),
            Why::Page(nr) => self.source_failed(peer, Some(*nr), step),
        }
    }

    /// Counts a fault against a peer.
    ///
    /// * What a plugin of this node says counts against those of the same rules alone: others keep
    ///   their own, and their chain is not sought again for a while.
    pub(super) fn blame(&mut self, now_us: i64, id: PeerId, reason: Invalid, step: &mut Step) {
        if !reason.plugin.is_empty() && self.differs(id) {
            if let Some(peer) = self.network.peers.get_mut(id) {
                peer.unsought_until_us = now_us.saturating_add(OTHER_RULES_PAUSE_US);
            }
            return;
        }
        let Some(until_us) = self.network.peers.blame(id, reason.penalty, now_us) else {
            return;
        };
        if let Some(peer) = self.network.peers.get(id) {
            let address = peer.address.clone();
            step.outputs.push(Output::Tell(Event::PeerBanned {
                address,
                until_us,
                reason,
            }));
        }
    }

    /// The end of a step: what is new is spread, what is missing is asked for, and it may be time
    /// to ask around. Says when to look again.
    pub(super) fn follow_with_network(
        &mut self,
        now_us: i64,
        step: &mut Step,
    ) -> Result<Option<i64>, Error> {
        for (record, origin) in std::mem::take(&mut self.network.news) {
            self.spread(now_us, record, &origin, step)?;
        }
        for (hash, origin) in std::mem::take(&mut self.network.lacking) {
            self.fetch(now_us, hash, &origin, step);
        }
        for (address, reason) in self.network.peers.take_dropped(now_us) {
            let reason = reason.to_owned();
            step.outputs
                .push(Output::Tell(Event::PeerDropped { address, reason }));
        }
        self.ask_around(now_us, step)?;
        let dial_us = self.dial(now_us, step);
        let sync_us = self.follow_with_sync(now_us, step);
        if !self.mining.first_sync_ended
            && self.sync.is_none()
            && sync_us.is_none()
            && !self
                .network
                .pending
                .values()
                .any(|pending| pending.why == Why::Ask)
        {
            self.mining.first_sync_ended = true;
        }
        if self.network.peers.take_changed() {
            step.outputs
                .push(Output::SavePeers(self.network.peers.all_addresses()));
        }
        let ask_us = self.network.peers.next_ask_us();
        Ok([ask_us, dial_us, sync_us].into_iter().flatten().min())
    }

    fn ask_around(&mut self, now_us: i64, step: &mut Step) -> Result<(), Error> {
        let due = self.network.peers.due(now_us);
        if due.is_empty() {
            return Ok(());
        }
        for peer in &due {
            self.network.peers.asked(peer.id, now_us);
        }
        for id in self.rules.hooks.gossip.hook.ask(&due, now_us)? {
            self.call(id, PeerRequest::Peers, Why::Ask, step);
        }
        Ok(())
    }

    /// Tries one address that others named, if it is time; says when the next one may be.
    fn dial(&mut self, now_us: i64, step: &mut Step) -> Option<i64> {
        if !self.network.peers.has_candidates() {
            return None;
        }
        let next_us = self
            .network
            .last_dial_us
            .map_or(now_us, |us| us + DIAL_EVERY_US);
        if now_us < next_us {
            return Some(next_us);
        }
        if let Some(address) = self.network.peers.next_candidate() {
            self.network.last_dial_us = Some(now_us);
            self.call_address(NOBODY, address, PeerRequest::Peers, Why::Dial, step);
        }
        self.network
            .peers
            .has_candidates()
            .then_some(now_us + DIAL_EVERY_US)
    }
}

fn caller_address(ip: IpAddr, contact: &Contact) -> Option<Address> {
    match (&contact.address, contact.port) {
        (Some(address), _) => Some(address.clone()),
        (None, Some(port)) => Some(Address::new(ip, port)),
        (None, None) => None,
    }
}
