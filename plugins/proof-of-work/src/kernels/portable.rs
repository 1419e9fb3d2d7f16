//! One nonce after the other, on any machine.

use sha2::block_api::compress256;

use super::Search;
use crate::nonce::{CHARACTERS, Nonce};

/// Runs the search.
pub(super) fn run(search: &Search) -> Option<Nonce> {
    let (of_nonce, constant) = search.blocks();
    let mut head = [[0; 64]; 2];
    let head = &mut head[..of_nonce.len()];
    head.copy_from_slice(of_nonce);

    let mut nonce = search.first;
    for _ in 0..search.attempts {
        head.as_flattened_mut()[search.nonce_at..][..CHARACTERS].copy_from_slice(nonce.as_bytes());
        let mut state = search.midstate;
        compress256(&mut state, head);
        compress256(&mut state, constant);
        if state <= search.target {
            return Some(nonce);
        }
        nonce.advance();
    }
    None
}
