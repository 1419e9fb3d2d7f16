//! The chain: the tree of blocks, which branch is best, and what everybody has.

mod branches;
mod by_text;
mod chunks;
mod frozen;
mod served;
mod state;
mod tree;
mod view;

pub(crate) use by_text::{ByText, entry};
pub(crate) use chunks::Chunks;
pub(crate) use frozen::{Frozen, Stored};
pub use served::{Place, Served, Walk};
pub(crate) use state::Balances;
pub use state::State;
pub use tree::{Change, Index, Tree};
pub use view::View;
