//! The chain: the tree of blocks, which branch is best, and what everybody has.

mod state;
mod tree;
mod view;

pub use state::State;
pub use tree::{Change, Index, Tree};
pub use view::View;
