//! Nodes that lie: each kind is a [`Strategy`] in a file of its own, in front of a real core.
//!
//! * The core behind a strategy follows the chain and mines like any other, so that what it lies
//!   about is as near to the truth as a lie can be.

mod cheap_items;
mod double_spender;
mod eclipse;
mod equivocator;
mod false_blocks;
mod false_chain;
mod false_payments;
mod false_tip;
mod impostor;
mod repeater;
mod sight;
mod silent;
mod withholder;

use plugcoin_sdk::hooks::{Contact, PeerReply, PeerRequest};

use crate::Draw;

pub use sight::Sight;

/// What a Byzantine node does instead of what its core wants.
pub trait Strategy {
    /// What it says of itself.
    fn contact(&mut self, _at: &Sight<'_>, honest: Contact) -> Contact {
        honest
    }

    /// Whether it lets its core make a call.
    fn sends(&mut self, _at: &Sight<'_>, _request: &PeerRequest, _draw: &mut Draw) -> bool {
        true
    }

    /// What it answers to a question; nothing, if none.
    fn answer(
        &mut self,
        _at: &Sight<'_>,
        _question: &PeerRequest,
        honest: PeerReply,
        _draw: &mut Draw,
    ) -> Option<PeerReply> {
        Some(honest)
    }

    /// What it sends of its own accord, about once a second.
    fn act(&mut self, _at: &Sight<'_>, _draw: &mut Draw) -> Vec<Push> {
        Vec::new()
    }
}

/// Something that a Byzantine node sends.
#[derive(Debug)]
pub struct Push {
    /// To which node.
    pub to: usize,
    /// Whom it says it is.
    pub contact: Contact,
    /// What it sends or asks.
    pub request: PeerRequest,
}

/// A kind of Byzantine node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It floods others with orphans, side branches, old blocks and payments without funds.
    CheapItems,
    /// It pays the same coins twice.
    DoubleSpender,
    /// It names addresses at which nobody lives, and calls from many.
    Eclipse,
    /// It tells every half of the network of another block.
    Equivocator,
    /// It sends blocks that break one rule each.
    FalseBlocks,
    /// It has a long chain that does not hold.
    FalseChain,
    /// It sends payments that are forged, replayed, overspent or spelt otherwise.
    FalsePayments,
    /// It says that it has a tip that nobody has.
    FalseTip,
    /// It says that it is another node.
    Impostor,
    /// It says everything again and again.
    Repeater,
    /// It does not answer, or answers what was not asked.
    Silent,
    /// It mines in secret, and tells late, all at once and in disorder.
    Withholder,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::CheapItems,
        Self::DoubleSpender,
        Self::Eclipse,
        Self::Equivocator,
        Self::FalseBlocks,
        Self::FalseChain,
        Self::FalsePayments,
        Self::FalseTip,
        Self::Impostor,
        Self::Repeater,
        Self::Silent,
        Self::Withholder,
    ];

    /// A strategy of this kind.
    pub fn strategy(self) -> Box<dyn Strategy> {
        match self {
            Self::CheapItems => Box::new(cheap_items::CheapItems),
            Self::DoubleSpender => Box::new(double_spender::DoubleSpender),
            Self::Eclipse => Box::new(eclipse::Eclipse),
            Self::Equivocator => Box::new(equivocator::Equivocator),
            Self::FalseBlocks => Box::<false_blocks::FalseBlocks>::default(),
            Self::FalseChain => Box::<false_chain::FalseChain>::default(),
            Self::FalsePayments => Box::new(false_payments::FalsePayments),
            Self::FalseTip => Box::<false_tip::FalseTip>::default(),
            Self::Impostor => Box::new(impostor::Impostor),
            Self::Repeater => Box::new(repeater::Repeater),
            Self::Silent => Box::new(silent::Silent),
            Self::Withholder => Box::new(withholder::Withholder),
        }
    }
}
