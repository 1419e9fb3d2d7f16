//! Mempool: first come, first mined.
