//! Snapshots of what a node answers: what a rule changes can be seen as a diff.
//!
//! * [`TestNode`] is a node in this process, with fixed clock, keys and seeds.
//! * `assert_endpoint_snapshots!`, with the feature `insta`, records every endpoint's answers beside
//!   a test.
//! * [`Recording`] does the same in a folder, for the command line: `node snapshot record DIR`.
//!
//! A plugin's test, with `plugcoin-snapshot` (its feature `insta`) among the dev-dependencies:
//!
//! ```
//! use plugcoin_snapshot::TestNode;
//! # use zeros as _; // Stands for the author's own plugin.
//!
//! let node = TestNode::with_plugin("zeros").unwrap();
//! // plugcoin_snapshot::assert_endpoint_snapshots!(node);
//! ```

mod asked;
mod backend;
mod builder;
mod diff;
mod driver;
mod exchange;
mod keys;
mod layout;
mod node;
mod recording;
mod script;
mod world;

// The defaults: a crate that is not named is not linked.
use ed25519 as _;
use fifo as _;
use fixed_reward as _;
use flood as _;
use memory as _;
use merkle_tree as _;
use most_work as _;
use proof_of_work as _;
use time as _;
use zeros as _;

pub use asked::Asked;
pub use builder::Builder;
pub use exchange::{Answer, Exchange, Request};
pub use node::TestNode;
pub use recording::{Changed, Recording};

/// Asserts that every endpoint of a [`TestNode`] answers as in the snapshots beside this test.
///
/// * There is one snapshot for each endpoint, named by the plugins and the endpoint, as
///   `halving-getblocks`. `cargo insta review` shows what changed.
/// * It takes the node, since its requests change it.
///
/// # Panics
/// If an answer is another than in its snapshot, or a request fails.
#[cfg(feature = "insta")]
#[macro_export]
macro_rules! assert_endpoint_snapshots {
    ($node:expr) => {{
        let node: $crate::TestNode = $node;
        let recording = match $crate::Recording::of(node) {
            Ok(recording) => recording,
            Err(error) => panic!("the node can't be asked: {error}"),
        };
        let name = recording.asked().name();
        let mut settings = $crate::insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.bind(|| {
            for (endpoint, answers) in recording.files() {
                $crate::insta::assert_snapshot!(format!("{name}-{endpoint}"), answers);
            }
        });
    }};
}

#[cfg(feature = "insta")]
#[doc(hidden)]
pub use insta;
