//! The HTTP dialect of the protocol: the server's routes and the client that is the default transport.
//!
//! * [`router`] makes the routes over a [`Backend`]; [`serve`] carries them on a listener.
//! * [`HttpTransport`] is the other side, registered as the transport `http`.
//! * What stands on the wire (texts, headers, error forms) is in one module, `dialect`; the routes
//!   say what to answer, and it says how that is written.

pub mod backend;
mod blocks;
pub mod client;
mod compression;
mod connection;
mod dialect;
mod gate;
pub mod limits;
mod money;
mod places;
mod query;
mod routes;
mod runs;
mod server;
mod settings;

pub use backend::{Backend, BlockLevels, Caller, Levels, Submitted, Texts, Unavailable, Wanted};
pub use client::{HttpOptions, HttpTransport};
pub use money::{Money, Token};
pub use routes::{behind_layers, router};
pub use server::serve;
pub use settings::Settings;
