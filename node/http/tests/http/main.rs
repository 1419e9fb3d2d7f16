//! The HTTP side from outside: every answer byte for byte, the connections, and the client.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod chain;
mod client;
mod client_faults;
mod compression;
mod connection;
mod contact;
mod gate;
mod money;
mod routes;
mod shutdown;
mod support;
