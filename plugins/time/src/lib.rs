//! Validity: a block is later than its parent and not far ahead of the clock.
