//! [`Sight`]: what a strategy sees, and the lies that can be made of it.

use plugcoin_core::{Levels, Node};
use plugcoin_sdk::hooks::{Contact, KeyPair, PeerRequest, Storage};
use plugcoin_sdk::ledger::{
    Amount, Block, Draft, Hash, Payment, Seed, Sum, Timestamp, Transaction, genesis,
};
use plugcoin_sdk::plugin::Hooks;

use super::Push;
use crate::{Draw, World};

/// How many nonces are tried for one block.
const NONCES_MAX: u64 = 4_096;

/// What a strategy sees of its own node and of the world.
pub struct Sight<'a> {
    /// The core behind it.
    pub node: &'a Node,
    /// That core's storage.
    pub storage: &'a dyn Storage,
    /// That core's rules.
    pub hooks: &'a Hooks,
    /// That core's keys.
    pub wallet: Option<&'a KeyPair>,
    /// Its clock.
    pub now_us: i64,
    /// Its number.
    pub me: usize,
    /// How many nodes there are.
    pub nodes: usize,
}

impl Sight<'_> {
    /// The block of the best chain at a height.
    pub fn block_at(&self, nr: u64) -> Option<Block> {
        let hash = self.node.levels(Levels::Best(nr, 1))?.concat().pop()?;
        self.storage.block(&hash).ok()?
    }

    /// The block at the tip.
    pub fn tip(&self) -> Block {
        let tip = self.node.tip();
        let block = self.storage.block(&tip.hash).ok().flatten();
        block.unwrap_or_else(genesis)
    }

    /// To whom its rewards go.
    pub fn creator(&self) -> String {
        let own = self.wallet.map(|wallet| wallet.public.clone());
        own.unwrap_or_else(|| format!("node {}", self.me))
    }

    /// A block on a parent: these transactions, and the reward that the rules give.
    pub fn block_on(
        &self,
        parent: &Block,
        transactions: Vec<Transaction>,
        nonce: u64,
    ) -> Option<Block> {
        let time_us = self.now_us.max(parent.header().timestamp.us() + 1);
        let nr = parent.nr() + 1;
        let amount = self.hooks.reward.at(nr).hook.reward(nr).ok()?;
        self.block_of(parent, transactions, amount, time_us, nonce)
    }

    /// A block on a parent with a reward and a time of one's own; its seal holds.
    pub fn block_of(
        &self,
        parent: &Block,
        mut transactions: Vec<Transaction>,
        reward: Amount,
        time_us: i64,
        nonce: u64,
    ) -> Option<Block> {
        let (creator, timestamp) = (self.creator(), Timestamp::from_us(time_us));
        transactions.push(Transaction::reward(&creator, reward, timestamp).ok()?);
        self.block_with(parent, transactions, &creator, timestamp, nonce)
    }

    /// A block of exactly these transactions; its root is right and its seal holds.
    pub fn block_with(
        &self,
        parent: &Block,
        transactions: Vec<Transaction>,
        creator: &str,
        timestamp: Timestamp,
        nonce: u64,
    ) -> Option<Block> {
        let nr = parent.nr() + 1;
        let leaves: Vec<Hash> = transactions.iter().map(Transaction::leaf).collect();
        let seed = Seed {
            nr,
            previous_hash: Some(parent.hash()),
            timestamp,
            creator: creator.to_owned(),
            merkle_root: self.hooks.merkle.at(nr).hook.root(&leaves).ok()?,
        };
        let draft = Draft::new(seed, transactions).ok()?;
        let target = self.hooks.difficulty.at(nr).hook.easiest();
        let mut nonces = (nonce..nonce + NONCES_MAX).map(|n| format!("{n:020}"));
        let nonce = nonces.find(|nonce| target.is_met_by(&draft.hash_with(nonce)))?;
        draft.sealed(&nonce).ok()
    }

    /// A block whose text says something else here and there, with a hash and a seal that hold.
    pub fn altered(&self, block: &Block, alter: impl Fn(String) -> String) -> Option<Block> {
        let target = self.hooks.difficulty.at(block.nr()).hook.easiest();
        let header = block.header();
        let altered = alter(block.text().to_owned());
        (0..NONCES_MAX).find_map(|nonce| {
            let text = altered.replacen(&header.nonce, &format!("{nonce:020}"), 1);
            let lying = Block::parse(&text).ok()?;
            let hash = lying.computed_hash();
            let met = target.is_met_by(&hash);
            let text =
                met.then(|| text.replacen(&header.hash.to_string(), &hash.to_string(), 1))?;
            Block::parse(&text).ok()
        })
    }

    /// A payment of its own, signed.
    pub fn pay(&self, to: &str, sum: &str, time_us: i64) -> Option<Transaction> {
        let wallet = self.wallet?;
        let timestamp = Timestamp::from_us(time_us);
        let payment = Payment::new(&wallet.public, to, Sum::parse(sum).ok()?, timestamp).ok()?;
        let signer = &self.hooks.signer.at(self.node.tip().nr + 1).hook;
        let signature = signer.sign(&wallet.secret, payment.text()).ok()?;
        payment.signed(&signature).ok()
    }

    /// Some transaction of its best chain that is no reward, or that waits.
    pub fn some_payment(&self, draw: &mut Draw) -> Option<Transaction> {
        let mut found: Vec<Transaction> = self
            .node
            .waiting_transactions()
            .into_iter()
            .map(|(waiting, _)| waiting)
            .collect();
        let height = self.node.tip().nr;
        for _ in 0..4 {
            let block = self.block_at(height.saturating_sub(draw.below(20)))?;
            found.extend(
                block
                    .transactions()
                    .iter()
                    .filter(|t| !t.is_reward())
                    .cloned(),
            );
        }
        draw.one_of(&found).cloned()
    }

    /// Some other node.
    pub fn other(&self, draw: &mut Draw) -> usize {
        let others = self.nodes.max(2) as u64 - 1;
        (self.me + 1 + draw.below(others) as usize) % self.nodes
    }

    /// What it would say of itself if it were honest.
    pub fn contact(&self) -> Contact {
        self.node.contact()
    }

    /// Sends something in its own name.
    pub fn push(&self, to: usize, request: PeerRequest) -> Push {
        let contact = self.contact();
        Push {
            to,
            contact,
            request,
        }
    }

    /// Sends something to everybody in its own name.
    pub fn push_all<'s>(&'s self, request: &'s PeerRequest) -> impl Iterator<Item = Push> + 's {
        (0..self.nodes).map(|to| self.push(to, request.clone()))
    }

    /// The address of a node.
    pub fn address(&self, node: usize) -> String {
        World::address(node).to_string()
    }
}

/// A hash of nothing that exists.
pub(super) fn made_up(draw: &mut Draw) -> Hash {
    Hash::of(&format!("made up {}", draw.number()))
}
