//! Merkle: a binary tree over hex texts.
