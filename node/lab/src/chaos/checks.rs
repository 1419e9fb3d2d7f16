//! What must hold.

use std::collections::{BTreeMap, HashSet};

use plugcoin_core::{Levels, Node, limits};
use plugcoin_sdk::hooks::{Event, ItemKind};
use plugcoin_sdk::ledger::{Address, Amount, Hash, SYSTEM};

use super::Run;
use crate::World;

/// What the genesis block gives.
const FIRST_COINS: u64 = 50;

impl Run {
    /// What holds at any moment, and is cheap to look at.
    pub(super) fn check_bounds(&self) -> Result<(), String> {
        for (number, node) in self.honest() {
            let within = |what: &str, count: usize, bound: usize| match count <= bound {
                true => Ok(()),
                false => Err(format!(
                    "node {number} has {count} {what}, and may have {bound}"
                )),
            };
            within("orphans", node.orphans(), limits::ORPHANS_MAX)?;
            within("peers", node.peer_count(), limits::PEERS_MAX)?;
            let waiting_max = self.scenario.rules.waiting_max as usize;
            within("waiting payments", node.waiting(), waiting_max)?;
            let coins = Amount::from_coins(node.tip().nr + FIRST_COINS);
            if node.total() != coins {
                let total = node.total();
                return Err(format!("node {number} counts {total} coins, not {coins}"));
            }
        }
        Ok(())
    }

    /// What holds when everything is well again.
    pub(super) fn check(&mut self) -> Result<(), String> {
        self.check_bounds()?;
        self.check_balances()?;
        self.check_bans()?;
        self.check_acknowledged()?;
        let report = &mut self.report;
        report.height = self.world.node(0).map_or(0, |node| node.tip().nr);
        self.report.reorganisations = self.told(|event| matches!(event, Event::Reorganised { .. }));
        self.report.bans = self.told(|event| matches!(event, Event::PeerBanned { .. }));
        self.report.refused = self.told(|event| {
            matches!(
                event,
                Event::BlockRefused { .. } | Event::TransactionRefused { .. }
            )
        });
        Ok(())
    }

    /// What everybody has is what the best chain's blocks say, added up without the node.
    fn check_balances(&self) -> Result<(), String> {
        for (number, node) in self.honest() {
            let added = self.added_up(number, node)?;
            let counted = node.balances();
            if added != counted {
                let differs = |key: &&String| added.get(*key) != counted.get(*key);
                let key = added.keys().chain(counted.keys()).find(differs);
                return Err(format!(
                    "node {number} counts other balances than its chain gives, first for {key:?}"
                ));
            }
        }
        Ok(())
    }

    fn added_up(&self, number: usize, node: &Node) -> Result<BTreeMap<String, Amount>, String> {
        let mut balances: BTreeMap<String, Amount> = BTreeMap::new();
        let mut ids: HashSet<Hash> = HashSet::new();
        let storage = self.world.storage(number);
        let chain = node.levels(Levels::Best(0, u64::MAX)).unwrap_or_default();
        for hash in chain.concat() {
            let block = storage.block(&hash).map_err(|error| error.to_string())?;
            let block = block.ok_or_else(|| format!("node {number} has lost block {hash}"))?;
            for transaction in block.transactions() {
                let id = transaction.id();
                if !ids.insert(id) {
                    return Err(format!("node {number} has transaction {id} twice"));
                }
                let (from, amount) = (transaction.from(), transaction.amount());
                if from != SYSTEM {
                    let has = balances.entry(from.to_owned()).or_default();
                    *has = has
                        .checked_sub(amount)
                        .ok_or_else(|| format!("{from} overspends in {id}"))?;
                }
                let has = balances.entry(transaction.to().to_owned()).or_default();
                *has = has.checked_add(amount).ok_or("more coins than can be")?;
            }
        }
        balances.retain(|_, has| *has != Amount::ZERO);
        Ok(balances)
    }

    /// No honest node was banned by an honest one.
    fn check_bans(&self) -> Result<(), String> {
        let honest: Vec<Address> = (0..self.scenario.honest).map(World::address).collect();
        for number in 0..self.scenario.honest {
            for event in self.world.events(number) {
                if let Event::PeerBanned {
                    address, reason, ..
                } = event
                    && honest.contains(address)
                {
                    return Err(format!(
                        "node {number} banned {address}, an honest one: {reason}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// What was acknowledged is there, or its loss was told with a reason.
    fn check_acknowledged(&mut self) -> Result<(), String> {
        let (mut acknowledged, mut gone) = (0, 0);
        for (number, node) in self.honest() {
            let dropped: HashSet<Hash> = self
                .world
                .events(number)
                .iter()
                .filter_map(|event| match event {
                    Event::TransactionDropped { id, .. } => Some(*id),
                    _ => None,
                })
                .collect();
            for item in self.world.accepted(number) {
                let (kind, hash) = (item.kind, item.hash);
                let here = match kind {
                    ItemKind::Block => node.has_block(&hash),
                    ItemKind::Transaction => {
                        node.transaction_nr(&hash).is_some() || node.is_waiting(&hash)
                    }
                };
                acknowledged += 1;
                if !here && !dropped.contains(&hash) {
                    return Err(format!(
                        "node {number} acknowledged {kind:?} {hash}, and it is nowhere"
                    ));
                }
                gone += u64::from(!here);
            }
        }
        self.report.acknowledged = acknowledged;
        self.report.dropped = gone;
        Ok(())
    }

    fn honest(&self) -> impl Iterator<Item = (usize, &Node)> {
        let numbers = 0..self.scenario.honest;
        numbers.filter_map(|number| Some((number, self.world.node(number)?)))
    }
}
