//! Consensus: a nonce whose block hash meets the target.
