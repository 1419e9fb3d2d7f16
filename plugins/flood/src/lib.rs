//! Gossip: tell and ask every peer.
