//! Reward: the same amount for every block.
