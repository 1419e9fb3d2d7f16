//! [`Peers`]: the other nodes that are known, and how they behaved.

mod candidates;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

use plugcoin_sdk::hooks::{PeerId, PeerView, Tip};
use plugcoin_sdk::ledger::{Address, Drawn, Hash};

use crate::limits::{
    ASK_EVERY_US, BACK_OFF_DOUBLINGS_MAX, BAN_US, FORGET_US, PEERS_MAX, SCORE_US, TOLD_ITEMS_MAX,
};

use candidates::Candidates;

/// One known peer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: Address,
    /// Whether the user named it; such a peer is never dropped.
    pub(crate) pinned: bool,
    pub(crate) tip: Option<Tip>,
    /// When it last said what its tip is.
    pub(crate) tip_heard_us: i64,
    /// The call in whose answer it was heard, or the first after it.
    pub(crate) tip_call: u64,
    /// A tip of its that could not be fetched from it.
    pub(crate) tip_given_up: Option<Hash>,
    pub(crate) rules: Option<Hash>,
    /// How its rules differ from this node's, in words; none if they don't, or it is not known yet.
    pub(crate) differences: Vec<String>,
    /// Whether its rules are others, and this node keeps to its own kind.
    pub(crate) shunned: bool,
    /// Up to where, in the order of arrival, what waits was sent to it.
    pub(crate) pool_told_to: u64,
    /// Until when its chain is not sought again, since it broke this node's rules.
    pub(crate) unsought_until_us: i64,
    score: u32,
    /// When the last point was counted against it.
    blamed_us: i64,
    banned_until_us: Option<i64>,
    answered_us: Option<i64>,
    added_us: i64,
    failures: u32,
    ask_us: i64,
    told: Told,
}

/// The items that a peer has, as far as is remembered.
#[derive(Debug, Default)]
struct Told {
    items: HashSet<Hash, Drawn>,
    order: VecDeque<Hash>,
}

impl Peer {
    pub(crate) fn is_banned(&self, now_us: i64) -> bool {
        self.banned_until_us
            .is_some_and(|until_us| now_us < until_us)
    }

    /// Whether it may be told and asked things now.
    pub(crate) fn is_usable(&self, now_us: i64) -> bool {
        self.failures == 0 && !self.shunned && !self.is_banned(now_us)
    }

    /// The points against it that are not forgotten.
    fn score(&self, now_us: i64) -> u32 {
        match now_us.saturating_sub(self.blamed_us) > SCORE_US {
            true => 0,
            false => self.score,
        }
    }

    /// Notes that it has an item; false if that was known.
    pub(crate) fn note(&mut self, item: Hash) -> bool {
        if !self.told.items.insert(item) {
            return false;
        }
        self.told.order.push_back(item);
        if self.told.order.len() > TOLD_ITEMS_MAX
            && let Some(oldest) = self.told.order.pop_front()
        {
            self.told.items.remove(&oldest);
        }
        true
    }

    /// Whether it is known to have an item.
    pub(crate) fn has(&self, item: &Hash) -> bool {
        self.told.items.contains(item)
    }

    /// Forgets that it was told of an item, since the telling failed.
    pub(crate) fn forget(&mut self, item: &Hash) {
        if self.told.items.remove(item) {
            self.told.order.retain(|told| told != item);
        }
    }
}

/// All known peers, and the addresses that others named and nobody has tried yet.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// Whether a peer is shunned until its rules are known.
    pub(crate) shun_strangers: bool,
    by_id: BTreeMap<PeerId, Peer>,
    by_address: HashMap<Address, PeerId>,
    candidates: Candidates,
    /// Addresses under which this node met itself.
    selves: HashSet<Address>,
    /// Those that had to make room, until somebody is told.
    gave_way: Vec<Address>,
    next: u32,
    changed: bool,
}

impl Peers {
    pub(crate) fn get(&self, id: PeerId) -> Option<&Peer> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: PeerId) -> Option<&mut Peer> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn find(&self, address: &Address) -> Option<PeerId> {
        self.by_address.get(address).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PeerId, &Peer)> {
        self.by_id.iter().map(|(id, peer)| (*id, peer))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The addresses to give to those who ask.
    pub(crate) fn addresses(&self, now_us: i64) -> Vec<Address> {
        let known = self.by_id.values().filter(|peer| !peer.is_banned(now_us));
        known.map(|peer| peer.address.clone()).collect()
    }

    /// The addresses to write down: those of banned peers too, since a ban ends.
    pub(crate) fn all_addresses(&self) -> Vec<Address> {
        let all = self.by_id.values();
        all.map(|peer| peer.address.clone()).collect()
    }

    /// Whether the addresses changed since this was last asked.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Adds a peer, unless there are too many or it is this node itself.
    ///
    /// * With too many, one that never answered gives way, or the last of the address that has most: whoever
    ///   has one address can name all its ports, or answer on them, and must not keep others out by that.
    pub(crate) fn add(&mut self, address: &Address, pinned: bool, now_us: i64) -> Option<PeerId> {
        if let Some(id) = self.find(address) {
            return Some(id);
        }
        if self.selves.contains(address) {
            return None;
        }
        if !pinned && self.by_id.len() >= PEERS_MAX {
            let id = self.to_give_way(source_of(address))?;
            let gone = self.remove(id)?;
            self.gave_way.push(gone.address);
        }
        let id = PeerId(self.next);
        self.next += 1;
        self.by_address.insert(address.clone(), id);
        self.candidates.remove(address);
        let peer = Peer {
            address: address.clone(),
            pinned,
            tip: None,
            tip_heard_us: 0,
            tip_call: 0,
            tip_given_up: None,
            rules: None,
            differences: Vec::new(),
            shunned: self.shun_strangers,
            pool_told_to: 0,
            unsought_until_us: i64::MIN,
            score: 0,
            blamed_us: i64::MIN,
            banned_until_us: None,
            answered_us: None,
            added_us: now_us,
            failures: 0,
            ask_us: now_us,
            told: Told::default(),
        };
        self.by_id.insert(id, peer);
        self.changed = true;
        Some(id)
    }

    /// Who makes room for a newcomer from there: a peer that never answered, or the last of the source
    /// that has most, if that is more than the newcomer's own would have.
    fn to_give_way(&self, newcomer: Source) -> Option<PeerId> {
        let mut of_source: HashMap<Source, (usize, PeerId)> = HashMap::new();
        for (id, peer) in self.iter().filter(|(_, peer)| !peer.pinned) {
            if peer.answered_us.is_none() && peer.failures > 0 {
                return Some(id);
            }
            let (count, last) = of_source.entry(source_of(&peer.address)).or_insert((0, id));
            (*count, *last) = (*count + 1, id);
        }
        let own = of_source.get(&newcomer).map_or(0, |(count, _)| *count);
        // Ids rise, so that nothing depends on the order of a table.
        let (most, last) = of_source.into_values().max()?;
        (most > own + 1).then_some(last)
    }

    fn remove(&mut self, id: PeerId) -> Option<Peer> {
        let peer = self.by_id.remove(&id)?;
        self.by_address.remove(&peer.address);
        self.changed = true;
        Some(peer)
    }

    /// This address is this node itself.
    pub(crate) fn is_self(&mut self, address: &Address) {
        if let Some(id) = self.find(address) {
            self.remove(id);
        }
        self.selves.insert(address.clone());
    }

    /// An address that a peer named: it is tried before it is believed.
    ///
    /// * It must be an IP address of its introducer's scope or wider.
    pub(crate) fn suggest(&mut self, address: Address, introducer: &Address) {
        let known = self.by_address.contains_key(&address) || self.selves.contains(&address);
        let fits = address.ip().is_some() && address.scope() >= introducer.scope();
        if fits && !known {
            self.candidates.add(address, source_of(introducer));
        }
    }

    /// The next address to try.
    pub(crate) fn next_candidate(&mut self) -> Option<Address> {
        self.candidates.next()
    }

    pub(crate) fn has_candidates(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// Any contact with a peer: the back-off begins anew.
    pub(crate) fn contacted(&mut self, id: PeerId, answered: bool, now_us: i64) {
        if let Some(peer) = self.by_id.get_mut(&id) {
            if peer.failures > 0 {
                peer.ask_us = now_us;
            }
            peer.failures = 0;
            if answered {
                peer.answered_us = Some(now_us);
            }
        }
    }

    /// A peer did not answer: it is asked again later, and later still.
    pub(crate) fn failed(&mut self, id: PeerId, now_us: i64) {
        if let Some(peer) = self.by_id.get_mut(&id) {
            let doublings = peer.failures.min(BACK_OFF_DOUBLINGS_MAX);
            peer.ask_us = now_us + (ASK_EVERY_US << doublings);
            peer.failures = peer.failures.saturating_add(1);
        }
    }

    /// Counts points against a peer; when it is banned thereby, until when.
    pub(crate) fn blame(&mut self, id: PeerId, points: u32, now_us: i64) -> Option<i64> {
        let peer = self.by_id.get_mut(&id)?;
        peer.score = peer.score(now_us).saturating_add(points);
        peer.blamed_us = now_us;
        if peer.score < plugcoin_sdk::invalid::PENALTY_BAN || peer.is_banned(now_us) {
            return None;
        }
        peer.score = 0;
        let until_us = now_us + BAN_US;
        peer.banned_until_us = Some(until_us);
        peer.ask_us = until_us;
        Some(until_us)
    }

    /// Drops the peers that have not answered for a day; they and those that gave way, with why.
    pub(crate) fn take_dropped(&mut self, now_us: i64) -> Vec<(Address, &'static str)> {
        let silent: Vec<PeerId> = self
            .iter()
            .filter(|(_, peer)| {
                let last_us = peer.answered_us.unwrap_or(peer.added_us);
                !peer.pinned && now_us - last_us > FORGET_US
            })
            .map(|(id, _)| id)
            .collect();
        let silent: Vec<Address> = silent
            .into_iter()
            .filter_map(|id| self.remove(id))
            .map(|peer| peer.address)
            .collect();
        let because = |why| move |address| (address, why);
        let gave_way = std::mem::take(&mut self.gave_way).into_iter();
        gave_way
            .map(because("it never answered, and another peer came"))
            .chain(
                silent
                    .into_iter()
                    .map(because("it has not answered for a day")),
            )
            .collect()
    }

    /// The clock jumped by this.
    pub(crate) fn move_by(&mut self, by_us: i64) {
        for peer in self.by_id.values_mut() {
            let moments = [
                &mut peer.tip_heard_us,
                &mut peer.unsought_until_us,
                &mut peer.blamed_us,
                &mut peer.added_us,
                &mut peer.ask_us,
            ];
            let perhaps = [&mut peer.banned_until_us, &mut peer.answered_us];
            let perhaps = perhaps.into_iter().filter_map(Option::as_mut);
            for us in moments.into_iter().chain(perhaps) {
                *us = us.saturating_add(by_us);
            }
        }
    }

    /// The peers whose turn it is to be asked.
    pub(crate) fn due(&self, now_us: i64) -> Vec<PeerView> {
        self.views(now_us, |peer| {
            peer.ask_us <= now_us && !peer.is_banned(now_us)
        })
    }

    /// The peers that could be told something now.
    pub(crate) fn usable(&self, now_us: i64) -> Vec<PeerView> {
        self.views(now_us, |peer| peer.is_usable(now_us))
    }

    /// The next turn of a peer that was just asked.
    pub(crate) fn asked(&mut self, id: PeerId, now_us: i64) {
        if let Some(peer) = self.by_id.get_mut(&id) {
            peer.ask_us = now_us + ASK_EVERY_US;
        }
    }

    /// The earliest moment at which a peer is to be asked; one that is banned is not before the end.
    pub(crate) fn next_ask_us(&self) -> Option<i64> {
        let due_us = |peer: &Peer| peer.ask_us.max(peer.banned_until_us.unwrap_or(i64::MIN));
        self.by_id.values().map(due_us).min()
    }

    fn views(&self, now_us: i64, which: impl Fn(&Peer) -> bool) -> Vec<PeerView> {
        self.iter()
            .filter(|(_, peer)| which(peer))
            .map(|(id, peer)| PeerView {
                id,
                address: peer.address.clone(),
                tip_nr: peer.tip.map(|tip| tip.nr),
                score: peer.score(now_us),
                answered_us: peer.answered_us,
            })
            .collect()
    }
}

/// What one user has: an IPv4 address, the first 64 bits of an IPv6 address; none for names.
type Source = Option<IpAddr>;

fn source_of(address: &Address) -> Source {
    address.ip().map(|ip| match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        ip => ip,
    })
}
