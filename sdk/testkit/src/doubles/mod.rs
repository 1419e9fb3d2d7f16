//! Stand-ins for the hooks: cheap ones, failing ones, ones that record.

mod gossip;
mod signer;
mod storage;

pub use gossip::{GossipCall, RecordingGossip};
pub use signer::{LaxSigner, PlainSigner};
pub use storage::{FailingStorage, MemoryStorage};
