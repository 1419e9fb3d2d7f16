//! Difficulty: a fixed number of leading zeros.
