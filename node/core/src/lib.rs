//! The node as a function: [`Node::handle`] takes the time and an input and gives a step.
//!
//! * No clock, thread, socket, file or random source: time and seeds are arguments, and what runs
//!   live is what is simulated, tested and replayed.
//! * No policy: whatever may be decided otherwise is asked of a hook.
//! * A step's records must be durable before anything else of the step is told to anybody.

pub mod chain;
mod explain;
mod judging;
mod latest;
pub mod limits;
mod mining;
mod node;
mod orphans;
mod peers;
mod pool;
mod rules;
mod slab;
mod step;
mod sync;
mod validate;
mod verifier;

pub use explain::{Asked, Explanation, Outcome};
pub use judging::{Judging, batches, draft_on};
pub use node::{Config, Differing, JOURNAL_FAULT, Journal, Levels, Node, OtherRules, Snapshot};
pub use step::{Answer, Answered, Call, CallFailure, Input, Job, Output, Reply, Step};
pub use verifier::{Stand, Verifier};
