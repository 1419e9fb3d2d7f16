//! Storage: the chain in one append-only JSON file that people can read.
