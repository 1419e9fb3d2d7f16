//! [`Settings`]: what the program decides about the server.

use plugcoin_sdk::ledger::Address;

use crate::limits;
use crate::money::Money;

/// What the program decides about the server; the default of every bound is in [`limits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address that this node wants to be known by; its host may stand in `Host`.
    pub advertise: Option<Address>,
    /// Who may make the node pay.
    pub money: Money,
    /// See [`limits::HEADER_MS`].
    pub header_ms: u64,
    /// See [`limits::REQUEST_MS`].
    pub request_ms: u64,
    /// See [`limits::STALL_MS`].
    pub stall_ms: u64,
    /// See [`limits::STREAMS_MAX`].
    pub streams_max: usize,
    /// See [`limits::SHUTDOWN_MS`].
    pub shutdown_ms: u64,
    /// See [`limits::CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// See [`limits::CONNECTIONS_PER_SOURCE_MAX`].
    pub connections_per_source_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            advertise: None,
            money: Money::default(),
            header_ms: limits::HEADER_MS,
            request_ms: limits::REQUEST_MS,
            stall_ms: limits::STALL_MS,
            streams_max: limits::STREAMS_MAX,
            shutdown_ms: limits::SHUTDOWN_MS,
            connections_max: limits::CONNECTIONS_MAX,
            connections_per_source_max: limits::CONNECTIONS_PER_SOURCE_MAX,
        }
    }
}
