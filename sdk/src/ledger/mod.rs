//! The ledger's things: hashes, amounts, timestamps, transactions, blocks, and their exact texts.
//!
//! Hashes and signatures are taken over text, so a value of these types always carries, or can
//! give back byte for byte, the text that it came from.

mod address;
mod amount;
mod block;
mod drawn;
mod from_text;
mod genesis;
mod hash;
mod json;
pub mod merkle;
pub(crate) mod serde_texts;
mod slots;
mod table;
mod target;
mod text;
mod timestamp;
mod transaction;

pub use address::{Address, Scope};
pub use amount::{Amount, SUM_MAX, Sum};
pub use block::{BLOCK_TEXT_BYTES_MAX, Block, Draft, Header, Seed};
pub use drawn::{ByHash, Drawn, DrawnText, Key};
pub use genesis::genesis;
pub use hash::Hash;
pub use table::{Positions, Rows, Table};
pub use target::{Target, U256, Work};
pub use text::{FIELD_CHARACTERS_MAX, NONCE_CHARACTERS_MAX, SYSTEM, check_field};
pub use timestamp::{TWO_HOURS_US, Timestamp};
pub use transaction::{Payment, TRANSACTION_TEXT_BYTES_MAX, Transaction};
