//! [`Search`]: a slice of tries, with all that is the same for each laid out once.

use plugcoin_sdk::ledger::Target;
use sha2::block_api::compress256;

use crate::nonce::{CHARACTERS, Nonce};

/// The state that SHA-256 begins with.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A slice of tries: whole blocks before the nonce are hashed already, the rest is padded.
///
/// * It is made anew for every slice, which costs less than a try of each nonce in a batch, and
///   leaves nothing to keep between two calls.
pub(crate) struct Search {
    /// The state after the blocks before the nonce.
    pub(super) midstate: [u32; 8],
    /// The blocks from the nonce's first on, to the end of the padding.
    blocks: Vec<[u8; 64]>,
    /// Where in these blocks the nonce begins: within the first.
    pub(super) nonce_at: usize,
    /// As eight words, the most significant first: hashes compare like the numbers that they are.
    pub(super) target: [u32; 8],
    /// The nonce of the first try.
    pub(super) first: Nonce,
    /// How many tries to make.
    pub(super) attempts: u64,
}

impl Search {
    /// Lays out the search for a nonce between these two parts of a text.
    pub(crate) fn new(
        before: &str,
        after: &str,
        target: &Target,
        first: Nonce,
        attempts: u64,
    ) -> Self {
        let (whole, rest) = before.as_bytes().as_chunks::<64>();
        let mut midstate = INITIAL;
        compress256(&mut midstate, whole);

        let text_bytes = rest.len() + CHARACTERS + after.len();
        // A one bit, zeros, and the length of all in bits.
        let mut blocks = vec![[0; 64]; (text_bytes + 1 + 8).div_ceil(64)];
        let bytes = blocks.as_flattened_mut();
        bytes[..rest.len()].copy_from_slice(rest);
        bytes[rest.len() + CHARACTERS..text_bytes].copy_from_slice(after.as_bytes());
        bytes[text_bytes] = 0x80;
        let bits = 8 * (64 * whole.len() + text_bytes) as u64;
        if let Some(length) = bytes.last_chunk_mut() {
            *length = bits.to_be_bytes();
        }

        Self {
            midstate,
            nonce_at: rest.len(),
            blocks,
            target: words(&target.0.to_be_bytes::<32>()),
            first,
            attempts,
        }
    }

    /// The blocks that the nonce lies in, one or two, and those after them.
    pub(super) fn blocks(&self) -> (&[[u8; 64]], &[[u8; 64]]) {
        let of_nonce = (self.nonce_at + CHARACTERS).div_ceil(64);
        self.blocks.split_at(of_nonce)
    }
}

/// Big-endian bytes as words.
pub(super) fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    const { assert!(BYTES == 4 * WORDS) };
    let (chunks, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|n| u32::from_be_bytes(chunks[n]))
}
